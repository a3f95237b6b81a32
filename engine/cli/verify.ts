/** `fusewire verify lookahead | warmup | parity`: that features say what they claim, on recorded data. */
import type { MarketEvent } from "../domain/market-event.ts";
import type { EventFeatures } from "../features/event-features.ts";
import {
  GRID_SETS,
  createEventFeatures,
  featureSet,
} from "../features/feature-sets.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { MICROSTRUCTURE_SET } from "../features/microstructure-set.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import { INSTALLATION } from "../installation.ts";
import { Random } from "../std/random.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";
import { barSource, tapeSource } from "./feature-rows.ts";
import { barsOf, isBarsPath, tapeEvents } from "./recorded-input.ts";
import { verifyLookahead, verifyWarmup } from "./verify-features.ts";
import { barsTask } from "./parity-bars.ts";
import { tapeTask } from "./parity-tape.ts";
import { runParity } from "./verify-parity.ts";
import type { ParityReport, ParityTask } from "./verify-parity.ts";
import { verifySignalLookahead } from "./verify-signals.ts";

const help = `usage: fusewire verify lookahead FILE… [--set NAME] [--cuts N] [--signals N] [--seed TEXT] [--json]
       fusewire verify warmup FILE… [--set NAME] [--starts N] [--seed TEXT] [--json]
       fusewire verify parity FILE… [--set NAME] [--python PATH] [--json]

FILE is a file of bars (.csv, .csv.gz, .zip, .parquet) for the bar features, or a tape or raw recording for the market features.

lookahead cuts the input at random points: whatever was said before a cut must be the same to the bit without what came after it. With
--signals it also runs the engine itself over that many cut tapes and compares its signals.
warmup begins the input at random points: once a feature has settled, as its set declares, it must not show where the tape began.
parity computes the features of bars and news, or those of a tape, beside training/parity.py, which knows the formulas alone, and compares
them number by number.
Each prints what it found; exit code 1 when it found something.

      --cuts N          points to cut at (10)
      --starts N        points to begin at (10)
      --signals N       cuts for the signals (0)
      --set NAME        one set (all bar sets; market for tapes)
      --python PATH     a Python with numpy and pandas (FUSEWIRE_PYTHON, or python3)
      --tolerance X     warmup: parts of a feature's usual size (1e-9 for bars, 1e-4 for tapes)
      --seed TEXT       of the random points
      --json            one JSON object a file`;

const FLAGS = {
  json: { type: "boolean" },
  set: { type: "string" },
  cuts: { type: "string" },
  starts: { type: "string" },
  signals: { type: "string" },
  seed: { type: "string" },
  python: { type: "string" },
  tolerance: { type: "string" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof FLAGS>>["values"];

/** Prints one finding; true when it is good. */
type Report = (path: string, finding: object, isGood: boolean) => boolean;

const BARS_TOLERANCE = 1e-9;
const TAPE_TOLERANCE = 1e-4;
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

/** Makes the followers of one set of event features. */
const followerOf = (name = "market"): (() => EventFeatures) => {
  const set = featureSet(name);
  return () => createEventFeatures(set);
};

const lookahead = async (
  path: string,
  values: Values,
  report: Report,
): Promise<boolean> => {
  const cuts = numberFlag("cuts", values.cuts, 10, 1);
  const random = new Random(values.seed ?? "lookahead");
  if (isBarsPath(path)) {
    const source = barSource(setsOf(GRID_SETS, values.set), await barsOf(path));
    const found = verifyLookahead(source, cuts, random);
    return report(path, found, found.changedRows === 0);
  }
  const events = await tapeEvents(path);
  const found = verifyLookahead(
    tapeSource(events, followerOf(values.set)),
    cuts,
    random,
  );
  const signals = await signalsFound(events, values, random);
  return report(
    path,
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

const warmup = async (
  path: string,
  values: Values,
  report: Report,
): Promise<boolean> => {
  const starts = numberFlag("starts", values.starts, 10, 1);
  const random = new Random(values.seed ?? "warmup");
  const tolerance = (fallback: number): number =>
    numberFlag("tolerance", values.tolerance, fallback, 0);
  const found = isBarsPath(path)
    ? verifyWarmup(
        barSource(setsOf(GRID_SETS, values.set), await barsOf(path)),
        starts,
        random,
        tolerance(BARS_TOLERANCE),
      )
    : verifyWarmup(
        tapeSource(await tapeEvents(path), followerOf(values.set)),
        starts,
        random,
        tolerance(TAPE_TOLERANCE),
      );
  return report(path, found, found.failedFeatures.length === 0);
};

const parityTask = async (path: string, set?: string): Promise<ParityTask> =>
  isBarsPath(path)
    ? barsTask(setsOf([...GRID_SETS, NEWS_SET], set), await barsOf(path))
    : tapeTask(setsOf(TAPE_SETS, set), await tapeEvents(path));

const parity = async (
  paths: readonly string[],
  values: Values,
  report: Report,
): Promise<boolean> => {
  const python = values.python ?? process.env.FUSEWIRE_PYTHON ?? "python3";
  const reports: ParityReport[] = [];
  let isGood = true;
  for (const path of paths) {
    const one = await runParity(await parityTask(path, values.set), python);
    const max = isBarsPath(path) ? PARITY_MAX : TAPE_PARITY_MAX;
    isGood &&=
      one.maxRelError <= max &&
      one.maxRelErrorFloat32 <= PARITY_FLOAT32_MAX &&
      one.nanMismatches === 0;
    reports.push(one);
  }
  return report(`${paths.length} files`, worstOf(reports), isGood);
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

export const verifyCommand: Command = {
  name: "verify",
  summary: "check the features on recorded data: look-ahead, warm-up, parity",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, FLAGS);
    const [verb, ...paths] = positionals;
    if (paths.length === 0) throw new UsageError("a file is needed");
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
        for (const path of paths)
          isGood = (await lookahead(path, values, report)) && isGood;
        break;
      case "warmup":
        for (const path of paths)
          isGood = (await warmup(path, values, report)) && isGood;
        break;
      case "parity":
        isGood = await parity(paths, values, report);
        break;
      default:
        throw new UsageError("verify lookahead, warmup or parity");
    }
    return isGood ? EXIT.ok : EXIT.failed;
  },
};
