/** `fusewire bench`: measures the engine on this machine, each time beside a floor or a rival. */
import { runBookBench } from "../../bench/book.bench.ts";
import { runEndToEndBench } from "../../bench/end-to-end.bench.ts";
import { runFeaturesBench } from "../../bench/features.bench.ts";
import { runRecordingBench } from "../../bench/recording.bench.ts";
import { runSignalPathBench } from "../../bench/signal-path.bench.ts";
import type { Percentiles } from "../../bench/report.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire bench signal-path [--events N] [--symbols N] [--rate N] [--json]
       fusewire bench book [--recording FILE] [--passes N] [--json]
       fusewire bench features [--events N] [--json]
       fusewire bench end-to-end [--rate N] [--symbols N] [--seconds N] [--json]
       fusewire bench recording [--rate N] [--symbols N] [--seconds N] [--json]

signal-path: bytes in to bytes out on one thread, in this process: per stage, beside an empty actor and beside onnxruntime for the trees.
features: what one book update and one bar cost in features alone, what they allocate, and whether a longer window costs more.
book: deltas of a recorded market into a book of 1,000 levels and one of 20, beside a sorted map; and a replay through the whole engine.
end-to-end: a publisher process, nats-server, the engine, and a subscriber process with one WebSocket and one NATS subscription; open loop,
counted from the intended send; an event is covered by the first signal whose book holds it. The same run measures the floor: the same
messages with an echo in place of the engine.
recording: end-to-end with two engines in turns, one of them recorded on a tape; and the path alone, recorded and not.

      --events N        events of signal-path (200000)
      --rate N          book updates a second over all symbols (end-to-end, recording: 5000; signal-path: as fast as possible)
      --symbols N       (signal-path 20, end-to-end and recording 100)
      --seconds N       of each of the two measurements (20)
      --recording FILE  of book (binance-usdm-btcusdt_20240808.gz, where it lies beside; otherwise a generated market)
      --passes N        of book, over each stream (15)
      --encoding E      msgpack or json, of the market data
      --record TAPE     signal-path with the recorder at work
      --json            one JSON object on standard output`;

const us = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(2)} ms` : `${value.toFixed(1)} µs`;

const percentilesLine = (name: string, p: Percentiles): string =>
  `${name.padEnd(12)}p50 ${us(p.p50Us).padStart(9)}   p90 ${us(p.p90Us).padStart(9)}   p99 ${us(p.p99Us).padStart(9)}   p99.9 ${us(p.p999Us).padStart(9)}   max ${us(p.maxUs).padStart(9)}`;

const tell = (text: string): void => console.error(text);

const stageLines = (
  stages: Readonly<Record<string, { p50Us: number; p99Us: number }>>,
): string[] =>
  Object.entries(stages).map(
    ([stage, { p50Us, p99Us }]) =>
      `  ${stage.padEnd(12)}p50 ${us(p50Us).padStart(9)}   p99 ${us(p99Us).padStart(9)}`,
  );

const encodingOf = ({
  encoding,
}: Values): { encoding?: "msgpack" | "json" } => {
  if (encoding === undefined) return {};
  if (encoding === "msgpack" || encoding === "json") return { encoding };
  throw new UsageError("--encoding msgpack or json");
};

const FLAGS = {
  events: { type: "string" },
  rate: { type: "string" },
  symbols: { type: "string" },
  seconds: { type: "string" },
  encoding: { type: "string" },
  recording: { type: "string" },
  passes: { type: "string" },
  record: { type: "string" },
  json: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof FLAGS>>["values"];

/** Runs one bench; returns its result, and the same for people. */
type Bench = (values: Values) => Promise<{ result: unknown; lines: string[] }>;

const signalPath: Bench = async (values) => {
  const result = await runSignalPathBench({
    ...encodingOf(values),
    events: numberFlag("events", values.events, 200_000, 1),
    symbols: numberFlag("symbols", values.symbols, 20, 1),
    rate: numberFlag("rate", values.rate, 0, 0),
    ...(values.record === undefined ? {} : { recordTo: values.record }),
    onProgress: tell,
  });
  const { path, stages, eventsPerSecond, emptyActor, trees } = result;
  return {
    result,
    lines: [
      percentilesLine("path", path),
      ...stageLines(stages),
      `${eventsPerSecond.toFixed(0)} events/s on one thread; an empty actor costs ${emptyActor.nsPerMessage.toFixed(0)} ns a message`,
      ...trees.map(
        ({ model, inline, onnxruntime }) =>
          `  ${model}: inline p50 ${us(inline.p50Us)}, onnxruntime ${onnxruntime === undefined ? "not run" : us(onnxruntime.p50Us)}`,
      ),
    ],
  };
};

const features: Bench = async (values) => {
  const result = await runFeaturesBench({
    events: numberFlag("events", values.events, 100_000, 1),
    onProgress: tell,
  });
  return {
    result,
    lines: [
      `${result.features} features: ${us(result.nsPerBookUpdate / 1000)} a book update, ${us(result.nsPerBar / 1000)} a bar, ${result.bytesPerEvent.toFixed(1)} bytes an event, windows of 1440 against 5: ${result.windowRatio}`,
    ],
  };
};

const book: Bench = async (values) => {
  const result = await runBookBench({
    recording: values.recording,
    passes: numberFlag("passes", values.passes, 15, 1),
    onProgress: tell,
  });
  return {
    result,
    lines: [
      ...result.depths.map(
        (each) =>
          `${each.depth} levels: ${each.nsPerUpdate.toFixed(0)} ns an update of ${each.levelsPerUpdate} levels, ${each.updatesPerSecond} updates/s, ${each.levelsPerSecond} levels/s; ${each.ratio} times a sorted map`,
      ),
      `the whole engine replays ${result.replayEventsPerSecond} events/s`,
    ],
  };
};

/** What the benches of whole engines under load share. */
const loadOf = (values: Values) => ({
  ...encodingOf(values),
  rate: numberFlag("rate", values.rate, 5_000, 1),
  symbols: numberFlag("symbols", values.symbols, 100, 1),
  seconds: numberFlag("seconds", values.seconds, 20, 1),
  onProgress: tell,
});

const endToEnd: Bench = async (values) => {
  const result = await runEndToEndBench(loadOf(values));
  const { ws, nats, floor, ratio, engine } = result;
  return {
    result,
    lines: [
      percentilesLine("WebSocket", ws),
      percentilesLine("NATS", nats),
      `floor       p50 ${us(floor.p50Us)}, p99 ${us(floor.p99Us)}; ratio p50 ${ratio.p50.toFixed(2)}, p99 ${ratio.p99.toFixed(2)}`,
      `engine      p50 ${us(engine.p50Us)}, p99 ${us(engine.p99Us)}; ${result.cpu.toFixed(2)} cores, ${result.rssMb.toFixed(0)} MiB`,
      ...stageLines(result.stages),
      `${result.sent} events, ${result.signals} signals, ${result.lost} lost`,
    ],
  };
};

const recording: Bench = async (values) => {
  const result = await runRecordingBench(loadOf(values));
  const { plain, recorded, ratio, tape, path } = result;
  return {
    result,
    lines: [
      percentilesLine("plain", plain.ws),
      percentilesLine("recorded", recorded.ws),
      `ratio p50 ${ratio.p50}, p99 ${ratio.p99}; cores ${plain.cpu} and ${recorded.cpu}; ${plain.lost} and ${recorded.lost} lost`,
      `tape: ${tape.records} events, ${tape.bytesPerEvent} bytes each, ${tape.lost} lost, ${tape.whole ? "whole" : "cut short"}`,
      `path alone: ${path.plainEventsPerSecond} events/s, ${path.recordedEventsPerSecond} recorded (${path.ratio})`,
    ],
  };
};

const BENCHES: Readonly<Record<string, Bench>> = {
  "signal-path": signalPath,
  book,
  features,
  "end-to-end": endToEnd,
  recording,
};

export const benchCommand: Command = {
  name: "bench",
  summary: "measure the engine on this machine, beside a floor",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, FLAGS);
    const [name, ...more] = positionals;
    const bench = name === undefined ? undefined : BENCHES[name];
    if (bench === undefined || more.length > 0)
      throw new UsageError(`one of ${Object.keys(BENCHES).join(", ")}`);
    const { result, lines } = await bench(values);
    if (values.json === true) console.log(JSON.stringify(result));
    else for (const line of lines) console.log(line);
    return EXIT.ok;
  },
};
