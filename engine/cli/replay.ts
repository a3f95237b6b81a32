/** `fusewire replay`: a recorded run again, a tape through the engine on simulated time, or back onto NATS at its own pace. */
import { actorOptions } from "../actor-options.ts";
import type { Config } from "../config-schema.ts";
import { loadConfig } from "../config.ts";
import { symbolId } from "../domain/symbol.ts";
import { openTapes, openWhole, type Tape } from "../feeds/tape.ts";
import { modelsDir } from "../model-runtime.ts";
import { NO_LOG } from "../ports.ts";
import { publishTape } from "../publish-run.ts";
import { isRecordedRun, replayRecorded } from "../replay-recorded.ts";
import { runReplay, type ReplaySummary } from "../replay-run.ts";
import {
  EXIT,
  UsageError,
  configOverrides,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire replay TAPE… [--out FILE] [--verify FILE] [--recompute]
                       [--config FILE] [--set KEY=VALUE] [--json]
       fusewire replay TAPE… --publish --nats URL [--speed N]

TAPE is a tape of our own, a folder with the parts of one, or a raw recording
of a venue's messages, gzipped or not. A tape is followed by the parts beside
it that continue it; several that belong to no recording are one, as given.

A tape of fusewire record replays as the run that it recorded: the signals are
those of the live run, byte for byte, without any model, clock or configuration.
Any other tape runs through the engine's own actors and models on simulated
time, configured as fusewire run is (symbols.*, models.*, fusion.*): the same
tape, models and configuration give the same bytes, whatever the machine.
With --publish its events go to md.v1.… on NATS at recorded speed times N, for
an engine to listen to; snapshots are published on request.

      --out FILE        signals as JSON Lines
      --verify FILE     signals that the live run wrote: the first difference
                        ends it with E_TAPE_DIVERGED and exit code 1
      --recompute       have the installed models judge again what the recorded
                        run asked them, and compare
      --simulated       on simulated time, also where the tape recorded a run
      --speed N|max     with --publish: 1 is the recorded speed; max waits for
                        nothing
      --symbol S.V      for raw recordings: overrides what they say
  -c, --config FILE     configuration, for other tapes than recorded runs
      --set KEY=VALUE   any key of it; may be repeated. Cross-asset inputs:
                        --set symbols.references=BTCUSDT.BINANCE
      --models DIR      model registry in place of the shipped one
      --no-llama        leave the LLaMA lane out
      --nats URL        where to publish (FUSEWIRE_NATS_URL)
      --json            the summary as one JSON object on the last line`;

const speedOf = (text: string | undefined, fallback: number): number | "max" =>
  text === "max" ? "max" : numberFlag("speed", text, fallback, 0.001);

const OPTIONS = {
  speed: { type: "string" },
  out: { type: "string" },
  verify: { type: "string" },
  recompute: { type: "boolean" },
  simulated: { type: "boolean" },
  symbol: { type: "string" },
  config: { type: "string", short: "c" },
  set: { type: "string", multiple: true },
  models: { type: "string" },
  "no-llama": { type: "boolean" },
  publish: { type: "boolean" },
  nats: { type: "string" },
  json: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof OPTIONS>>["values"];

export const replayCommand: Command = {
  name: "replay",
  summary: "run a recording through the engine, or publish it on NATS",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, OPTIONS);
    if (positionals.length === 0) throw new UsageError("a tape is needed");
    const { speed, publish = false } = values;
    if (!publish && speed !== undefined && speed !== "max")
      throw new UsageError("--speed other than max needs --publish");
    const { summary, text, isGood } = await replayed(positionals, values);
    console.log(values.json === true ? JSON.stringify(summary) : text);
    return isGood ? EXIT.ok : EXIT.failed;
  },
};

interface Replayed {
  readonly summary: object;
  readonly text: string;
  readonly isGood: boolean;
}

const replayed = async (
  paths: readonly string[],
  values: Values,
): Promise<Replayed> => {
  const config = configured(values);
  const tape = await opened(paths, values);
  if (values.publish === true) return published(tape, config, values);
  const isRun = values.simulated !== true && (await isRecordedRun(tape));
  if (isRun) return asRecorded(tape, config, values);
  if (values.verify !== undefined || values.recompute === true)
    throw new UsageError(
      "--verify and --recompute need a tape of fusewire record",
    );
  return simulated(tape, config, values);
};

const configured = (values: Values): Config => {
  const { config, nats, models, set } = values;
  return loadConfig({
    ...(config === undefined ? {} : { file: config }),
    flags: configOverrides({
      ...(nats === undefined ? {} : { nats }),
      ...(models === undefined ? {} : { models }),
      ...(set === undefined ? {} : { set }),
    }),
  });
};

const opened = (
  paths: readonly string[],
  { symbol }: Values,
): Promise<Tape> => {
  const options = symbol === undefined ? {} : { symbol: symbolId(symbol) };
  return paths.length === 1
    ? openWhole(paths[0]!, options)
    : openTapes(paths, options);
};

const published = async (
  tape: Tape,
  { nats }: Config,
  values: Values,
): Promise<Replayed> => {
  if (nats.url === "") throw new UsageError("--publish needs --nats URL");
  const speed = speedOf(values.speed, 1);
  const summary = await publishTape({ tape, nats, speed });
  const text = `published ${summary.events} events in ${summary.seconds.toFixed(1)} s`;
  return { summary, text, isGood: true };
};

const simulated = async (
  tape: Tape,
  config: Config,
  values: Values,
): Promise<Replayed> => {
  const isLlamaOff = values["no-llama"] === true || !config.models.llama;
  const summary = await runReplay({
    tape,
    modelsDir: modelsDir(config),
    out: values.out,
    llama: isLlamaOff ? "off" : "auto",
    log: NO_LOG,
    actors: actorOptions(config),
  });
  return { summary, text: described(summary), isGood: true };
};

const asRecorded = async (
  tape: Tape,
  config: Config,
  values: Values,
): Promise<Replayed> => {
  const summary = await replayRecorded({
    tape,
    out: values.out,
    verify: values.verify,
    recomputeWith: values.recompute === true ? modelsDir(config) : undefined,
    log: NO_LOG,
  });
  const { epoch, steps, whole, verified, recomputed = [] } = summary;
  const lines = [
    `run ${epoch}, ${steps} steps${whole ? "" : "; the recording ends before the run did"}`,
    described(summary),
    ...(verified === undefined
      ? []
      : [`${verified} signals equal to the live run's`]),
    ...recomputed.map(
      ({ model, compared, different, differenceMax, missed }) =>
        `${model}: ${compared} judged again, ${different} otherwise (by ${differenceMax} at most), ${missed} missed`,
    ),
  ];
  const isGood = recomputed.every(({ different }) => different === 0);
  return { summary, text: lines.join("\n"), isGood };
};

type Told = Pick<
  ReplaySummary,
  | "events"
  | "eventsPerSecond"
  | "gaps"
  | "holes"
  | "lost"
  | "crossed"
  | "signals"
  | "sha256"
>;

export const described = (summary: Told): string => {
  const { events, eventsPerSecond, gaps, holes, lost, crossed } = summary;
  return [
    `${events} events, ${eventsPerSecond} a second; ${gaps} gaps, ${crossed} crossed books`,
    ...(holes === 0
      ? []
      : [
          `the tape has ${holes} ${holes === 1 ? "hole" : "holes"}, ${lost} events lost`,
        ]),
    `${summary.signals} signals, sha256 ${summary.sha256}`,
  ].join("\n");
};
