/** `fusewire verify lookahead | warmup | parity`: that features say what they claim, on recorded data. */
import type { MarketEvent } from "../domain/market-event.ts";
import {
  GRID_SETS,
  createEventFeatures,
  featureSet,
} from "../features/feature-sets.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { MICROSTRUCTURE_SET } from "../features/microstructure-set.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import { PYTHON_ENV } from "../config-keys.ts";
import { INSTALLATION } from "../installation.ts";
import { Random } from "../std/random.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";
import { setsOfBars } from "./bar-sets.ts";
import { barSource, tapeSource } from "./feature-rows.ts";
import type { FeatureSource } from "./feature-rows.ts";
import { barsOfAll, isBarsPath, tapeEvents } from "./recorded-input.ts";
import { simulatedTape } from "./simulated-tape.ts";
import { verifyLookahead, verifyWarmup } from "./verify-features.ts";
import type { LookaheadReport, WarmupReport } from "./verify-features.ts";
import { barsTask } from "./parity-bars.ts";
import { tapeTask } from "./parity-tape.ts";
import { runParity } from "./verify-parity.ts";
import type { ParityReport, ParityTask } from "./verify-parity.ts";
import { verifySignalLookahead } from "./verify-signals.ts";

const help = `usage: fusewire verify lookahead FILE… [--join] [--simulate S] [--set NAME] [--cuts N] [--signals N] [--seed TEXT] [--json]
       fusewire verify warmup FILE… [--join] [--simulate S] [--set NAME] [--starts N] [--seed TEXT] [--json]
       fusewire verify parity FILE… [--join] [--set NAME] [--python PATH] [--json]

FILE is a file of bars (.csv, .csv.gz, .zip, .parquet) for the bar features, or a tape or raw recording for the market features.

lookahead cuts the input at random points: whatever was said before a cut must be the same to the bit without what came after it. With
--signals it also runs the engine itself over that many cut tapes and compares its signals.
warmup begins the input at random points: once a feature has settled, as its set declares, it must not show where the tape began.
parity computes the features of bars and news, or those of a tape, beside training/parity.py, which knows the formulas alone, and compares
them number by number.
Each prints what it found; exit code 1 when it found something.

      --join            the files continue one another, in order of time, and are checked as one
      --cuts N          points to cut at (10)
      --starts N        points to begin at (10)
      --signals N       cuts for the signals (0)
      --set NAME        one set (all bar sets; market for tapes)
      --python PATH     a Python with numpy and pandas (FUSEWIRE_PYTHON, or python3)
      --tolerance X     warmup: parts of a feature's usual size (1e-9 for bars, 1e-4 for tapes)
      --simulate S      also over a market made up of two symbols, of which one leads, for S seconds (at least 5,400 settle all features of
                        microstructure, the default there; each report says how many features were checked)
      --seed TEXT       of the random points
      --json            one JSON object a file, or for all that are joined`;

const FLAGS = {
  json: { type: "boolean" },
  join: { type: "boolean" },
  set: { type: "string" },
  cuts: { type: "string" },
  starts: { type: "string" },
  signals: { type: "string" },
  simulate: { type: "string" },
  seed: { type: "string" },
  python: { type: "string" },
  tolerance: { type: "string" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof FLAGS>>["values"];

/** Prints one finding; true when it is good. */
type Report = (path: string, finding: object, isGood: boolean) => boolean;

const BARS_TOLERANCE = 1e-9;
const TAPE_TOLERANCE = 1e-4;
const SIMULATED_SAMPLE_MS = 1000;
const PARITY_MAX = 1e-9;
/** Near 0 a difference of prices in basis points is the rounding of the prices. */
const TAPE_PARITY_MAX = 1e-5;
const PARITY_FLOAT32_MAX = 1e-5;
const TAPE_SETS = [MARKET_FEATURES, MICROSTRUCTURE_SET];

const setsOf = <S extends DeclaredSet>(
  sets: readonly S[],
  name: string | undefined,
): readonly S[] => {
  if (name === undefined) return sets;
  const set = sets.find((candidate) => candidate.name === name);
  // A set that is not there at all is told as such.
  if (set === undefined)
    throw new UsageError(
      `--set ${featureSet(name).name}: not a set of such a file`,
    );
  return [set];
};

/** What the checks run over. */
interface Subject {
  readonly name: string;
  readonly lookahead: (cuts: number, random: Random) => LookaheadReport;
  readonly warmup: (
    starts: number,
    random: Random,
    tolerance: number,
  ) => WarmupReport;
  readonly tolerance: number;
  /** Of a recorded tape. */
  readonly events?: readonly MarketEvent[];
}

const subjectOf = <E>(
  name: string,
  source: FeatureSource<E>,
  tolerance: number,
): Subject => ({
  name,
  lookahead: (cuts, random) => verifyLookahead(source, cuts, random),
  warmup: (starts, random, chosen) =>
    verifyWarmup(source, starts, random, chosen),
  tolerance,
});

/** Files that continue one another, of one kind. */
type Files = readonly [string, ...string[]];

const areBars = ([first, ...others]: Files): boolean => {
  const isBars = isBarsPath(first);
  const stranger = others.find((path) => isBarsPath(path) !== isBars);
  if (stranger !== undefined)
    throw new UsageError(`--join: ${first} and ${stranger} are of two kinds`);
  return isBars;
};

const nameOf = (files: Files): string => files.join(" + ");

const fileSubject = async (files: Files, { set }: Values): Promise<Subject> => {
  const name = nameOf(files);
  if (areBars(files)) {
    const bars = await barsOfAll(files);
    const sets = setsOfBars(setsOf(GRID_SETS, set), bars);
    const source = barSource(sets, bars);
    return subjectOf(name, source, BARS_TOLERANCE);
  }
  const events = await tapeEvents(files);
  const create = () => createEventFeatures(featureSet(set ?? "market"));
  const source = tapeSource(events, create);
  return { ...subjectOf(name, source, TAPE_TOLERANCE), events };
};

const simulatedSubject = (seconds: number, { set, seed }: Values): Subject => {
  const { leader, events } = simulatedTape(seconds, seed ?? "simulated");
  const source = tapeSource(
    events,
    (leading) =>
      createEventFeatures(
        featureSet(set ?? "microstructure"),
        leading === undefined ? {} : { leading },
      ),
    { leader, sampleMs: SIMULATED_SAMPLE_MS },
  );
  return subjectOf(`${seconds} simulated seconds`, source, TAPE_TOLERANCE);
};

const lookahead = async (
  subject: Subject,
  values: Values,
  report: Report,
): Promise<boolean> => {
  const cuts = numberFlag("cuts", values.cuts, 10, 1);
  const random = new Random(values.seed ?? "lookahead");
  const found = subject.lookahead(cuts, random);
  const { events } = subject;
  const signals =
    events === undefined
      ? undefined
      : await signalsFound(events, values, random);
  return report(
    subject.name,
    { ...found, ...(signals === undefined ? {} : { signals }) },
    found.changedRows === 0 && (signals?.changedSignals ?? 0) === 0,
  );
};

const signalsFound = (
  events: readonly MarketEvent[],
  values: Values,
  random: Random,
) => {
  const cuts = numberFlag("signals", values.signals, 0, 0);
  return cuts === 0
    ? Promise.resolve(undefined)
    : verifySignalLookahead(events, INSTALLATION.modelsDir, cuts, random);
};

const warmup = (
  subject: Subject,
  values: Values,
  report: Report,
): Promise<boolean> => {
  const starts = numberFlag("starts", values.starts, 10, 1);
  const random = new Random(values.seed ?? "warmup");
  const tolerance = numberFlag(
    "tolerance",
    values.tolerance,
    subject.tolerance,
    0,
  );
  const found = subject.warmup(starts, random, tolerance);
  return Promise.resolve(
    report(subject.name, found, found.failedFeatures.length === 0),
  );
};

const parityTask = async (files: Files, set?: string): Promise<ParityTask> =>
  areBars(files)
    ? barsTask(setsOf([...GRID_SETS, NEWS_SET], set), await barsOfAll(files))
    : tapeTask(setsOf(TAPE_SETS, set), await tapeEvents(files));

const parity = async (
  inputs: readonly Files[],
  values: Values,
  report: Report,
): Promise<boolean> => {
  const python = values.python ?? process.env[PYTHON_ENV] ?? "python3";
  const reports: ParityReport[] = [];
  let isGood = true;
  for (const files of inputs) {
    const one = await runParity(await parityTask(files, values.set), python);
    const max = areBars(files) ? PARITY_MAX : TAPE_PARITY_MAX;
    isGood &&=
      one.maxRelError <= max &&
      one.maxRelErrorFloat32 <= PARITY_FLOAT32_MAX &&
      one.nanMismatches === 0;
    reports.push(one);
  }
  return report(`${inputs.flat().length} files`, worstOf(reports), isGood);
};

const worstOf = (reports: readonly ParityReport[]): ParityReport => {
  const worst = reports.reduce((a, b) =>
    b.maxRelError > a.maxRelError ? b : a,
  );
  return {
    features: worst.features,
    rows: reports.reduce((sum, { rows }) => sum + rows, 0),
    maxRelError: worst.maxRelError,
    maxRelErrorFloat32: Math.max(
      ...reports.map(({ maxRelErrorFloat32 }) => maxRelErrorFloat32),
    ),
    nanMismatches: reports.reduce((sum, r) => sum + r.nanMismatches, 0),
    worstFeature: worst.worstFeature,
  };
};

const inputsOf = (
  [first, ...others]: readonly string[],
  { join }: Values,
): readonly Files[] => {
  if (first === undefined) return [];
  if (join === true) return [[first, ...others]];
  return [first, ...others].map((path) => [path]);
};

export const verifyCommand: Command = {
  name: "verify",
  summary: "check the features on recorded data: look-ahead, warm-up, parity",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, FLAGS);
    const [verb, ...paths] = positionals;
    const inputs = inputsOf(paths, values);
    const seconds = numberFlag("simulate", values.simulate, 0, 1);
    const isSimulated = seconds > 0 && verb !== "parity";
    if (paths.length === 0 && !isSimulated)
      throw new UsageError("a file is needed");
    const report: Report = (path, finding, isGood) => {
      console.log(
        values.json === true
          ? JSON.stringify(finding)
          : `${isGood ? "ok" : "FAILED"}  ${path}\n${Object.entries(finding)
              .map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`)
              .join("\n")}`,
      );
      return isGood;
    };
    let isGood = true;
    switch (verb) {
      case "lookahead":
      case "warmup": {
        const check = verb === "lookahead" ? lookahead : warmup;
        for (const files of inputs) {
          const subject = await fileSubject(files, values);
          isGood = (await check(subject, values, report)) && isGood;
        }
        if (!isSimulated) break;
        const subject = simulatedSubject(seconds, values);
        isGood = (await check(subject, values, report)) && isGood;
        break;
      }
      case "parity":
        isGood = await parity(inputs, values, report);
        break;
      default:
        throw new UsageError("verify lookahead, warmup or parity");
    }
    return isGood ? EXIT.ok : EXIT.failed;
  },
};
