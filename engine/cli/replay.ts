/** `fusewire replay`: a recorded run again, a tape through the engine on simulated time, or back onto NATS at its own pace. */
import { loadConfig } from "../config.ts";
import { symbolId } from "../domain/symbol.ts";
import { openTape, type Tape } from "../feeds/tape.ts";
import { INSTALLATION } from "../installation.ts";
import { NO_LOG } from "../ports.ts";
import { publishTape } from "../publish-run.ts";
import { isRecordedRun, replayRecorded } from "../replay-recorded.ts";
import { runReplay, type ReplaySummary } from "../replay-run.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire replay TAPE [--out signals.jsonl] [--verify live.jsonl] [--recompute] [--json]
       fusewire replay TAPE --publish --nats URL [--speed N]

TAPE is a tape of our own or a raw recording of a venue's messages, gzipped or not.

A tape of fusewire record replays as the run that it recorded: the signals are those of the live run, byte for byte, without any model or clock.
Any other tape runs through the engine's own actors and models on simulated time: the same tape and models give the same bytes, whatever the machine.
With --publish its events go to md.v1.… on NATS at recorded speed times N, for an engine to listen to; snapshots are published on request.

      --out FILE        signals as JSON Lines
      --verify FILE     signals that the live run wrote: the first difference ends it with E_TAPE_DIVERGED and exit code 1
      --recompute       have the installed models judge again what the recorded run asked them, and compare
      --simulated       on simulated time, also where the tape recorded a run
      --speed N|max     with --publish: 1 is the recorded speed; max waits for nothing
      --symbol S.V      for raw recordings: overrides what they say
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
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new UsageError("one tape is needed");
    const { speed, publish = false } = values;
    if (!publish && speed !== undefined && speed !== "max")
      throw new UsageError("--speed other than max needs --publish");
    const { summary, text, isGood } = await replayed(path, values);
    console.log(values.json === true ? JSON.stringify(summary) : text);
    return isGood ? EXIT.ok : EXIT.failed;
  },
};

interface Replayed {
  readonly summary: object;
  readonly text: string;
  readonly isGood: boolean;
}

const replayed = async (path: string, values: Values): Promise<Replayed> => {
  if (values.publish === true) return published(path, values);
  const isRun = values.simulated !== true && (await isRecordedRun(path));
  if (isRun) return asRecorded(path, values);
  if (values.verify !== undefined || values.recompute === true)
    throw new UsageError(
      "--verify and --recompute need a tape of fusewire record",
    );
  return simulated(path, values);
};

const opened = (path: string, { symbol }: Values): Promise<Tape> =>
  openTape(path, symbol === undefined ? {} : { symbol: symbolId(symbol) });

const published = async (path: string, values: Values): Promise<Replayed> => {
  const { nats } = loadConfig({
    flags: new Map(
      values.nats === undefined ? [] : [["nats.url", values.nats]],
    ),
  });
  if (nats.url === "") throw new UsageError("--publish needs --nats URL");
  const tape = await opened(path, values);
  const speed = speedOf(values.speed, 1);
  const summary = await publishTape({ tape, nats, speed });
  const text = `published ${summary.events} events in ${summary.seconds.toFixed(1)} s`;
  return { summary, text, isGood: true };
};

const simulated = async (path: string, values: Values): Promise<Replayed> => {
  const summary = await runReplay({
    tape: await opened(path, values),
    modelsDir: values.models ?? INSTALLATION.modelsDir,
    out: values.out,
    llama: values["no-llama"] === true ? "off" : "auto",
    log: NO_LOG,
  });
  return { summary, text: described(summary), isGood: true };
};

const asRecorded = async (path: string, values: Values): Promise<Replayed> => {
  const summary = await replayRecorded({
    path,
    out: values.out,
    verify: values.verify,
    recomputeWith:
      values.recompute === true
        ? (values.models ?? INSTALLATION.modelsDir)
        : undefined,
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

const described = (
  summary: Pick<
    ReplaySummary,
    "events" | "eventsPerSecond" | "gaps" | "crossed" | "signals" | "sha256"
  >,
): string =>
  `${summary.events} events, ${summary.eventsPerSecond} a second; ${summary.gaps} gaps, ${summary.crossed} crossed books
${summary.signals} signals, sha256 ${summary.sha256}`;
