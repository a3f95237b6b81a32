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

const stagesLines = (
  stages: Readonly<Record<string, { p50Us: number; p99Us: number }>>,
): string =>
  Object.entries(stages)
    .map(
      ([stage, { p50Us, p99Us }]) =>
        `  ${stage.padEnd(12)}p50 ${us(p50Us).padStart(9)}   p99 ${us(p99Us).padStart(9)}`,
    )
    .join("\n");

export const benchCommand: Command = {
  name: "bench",
  summary: "measure the engine on this machine, beside a floor",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      events: { type: "string" },
      rate: { type: "string" },
      symbols: { type: "string" },
      seconds: { type: "string" },
      encoding: { type: "string" },
      recording: { type: "string" },
      passes: { type: "string" },
      record: { type: "string" },
      json: { type: "boolean" },
    });
    const { encoding } = values;
    if (encoding !== undefined && encoding !== "msgpack" && encoding !== "json")
      throw new UsageError("--encoding msgpack or json");
    const common = encoding === undefined ? {} : ({ encoding } as const);
    switch (positionals[0]) {
      case "signal-path": {
        const result = await runSignalPathBench({
          ...common,
          events: numberFlag("events", values.events, 200_000, 1),
          symbols: numberFlag("symbols", values.symbols, 20, 1),
          rate: numberFlag("rate", values.rate, 0, 0),
          ...(values.record === undefined ? {} : { recordTo: values.record }),
          onProgress: tell,
        });
        if (values.json === true) console.log(JSON.stringify(result));
        else {
          console.log(percentilesLine("path", result.path));
          console.log(stagesLines(result.stages));
          console.log(
            `${result.eventsPerSecond.toFixed(0)} events/s on one thread; an empty actor costs ${result.emptyActor.nsPerMessage.toFixed(0)} ns a message`,
          );
          for (const { model, inline, onnxruntime } of result.trees)
            console.log(
              `  ${model}: inline p50 ${us(inline.p50Us)}, onnxruntime ${onnxruntime === undefined ? "not run" : us(onnxruntime.p50Us)}`,
            );
        }
        return EXIT.ok;
      }
      case "features": {
        const result = await runFeaturesBench({
          events: numberFlag("events", values.events, 100_000, 1),
          onProgress: tell,
        });
        if (values.json === true) console.log(JSON.stringify(result));
        else
          console.log(
            `${result.features} features: ${us(result.nsPerBookUpdate / 1000)} a book update, ${us(result.nsPerBar / 1000)} a bar, ${result.bytesPerEvent.toFixed(1)} bytes an event, windows of 1440 against 5: ${result.windowRatio}`,
          );
        return EXIT.ok;
      }
      case "book": {
        const result = await runBookBench({
          recording: values.recording,
          passes: numberFlag("passes", values.passes, 15, 1),
          onProgress: tell,
        });
        if (values.json === true) console.log(JSON.stringify(result));
        else
          for (const each of result.depths)
            console.log(
              `${each.depth} levels: ${each.nsPerUpdate.toFixed(0)} ns an update of ${each.levelsPerUpdate} levels, ${each.updatesPerSecond} updates/s, ${each.levelsPerSecond} levels/s; ${each.ratio} times a sorted map`,
            );
        if (values.json !== true)
          console.log(
            `the whole engine replays ${result.replayEventsPerSecond} events/s`,
          );
        return EXIT.ok;
      }
      case "end-to-end": {
        const result = await runEndToEndBench({
          ...common,
          rate: numberFlag("rate", values.rate, 5_000, 1),
          symbols: numberFlag("symbols", values.symbols, 100, 1),
          seconds: numberFlag("seconds", values.seconds, 20, 1),
          onProgress: tell,
        });
        if (values.json === true) console.log(JSON.stringify(result));
        else {
          const { floor, ratio, engine } = result;
          console.log(percentilesLine("WebSocket", result.ws));
          console.log(percentilesLine("NATS", result.nats));
          console.log(
            `floor       p50 ${us(floor.p50Us)}, p99 ${us(floor.p99Us)}; ratio p50 ${ratio.p50.toFixed(2)}, p99 ${ratio.p99.toFixed(2)}`,
          );
          console.log(
            `engine      p50 ${us(engine.p50Us)}, p99 ${us(engine.p99Us)}; ${result.cpu.toFixed(2)} cores, ${result.rssMb.toFixed(0)} MiB`,
          );
          console.log(stagesLines(result.stages));
          console.log(
            `${result.sent} events, ${result.signals} signals, ${result.lost} lost`,
          );
        }
        return EXIT.ok;
      }
      case "recording": {
        const result = await runRecordingBench({
          ...common,
          rate: numberFlag("rate", values.rate, 5_000, 1),
          symbols: numberFlag("symbols", values.symbols, 100, 1),
          seconds: numberFlag("seconds", values.seconds, 20, 1),
          onProgress: tell,
        });
        if (values.json === true) console.log(JSON.stringify(result));
        else {
          const { plain, recorded, ratio, tape, path } = result;
          console.log(percentilesLine("plain", plain.ws));
          console.log(percentilesLine("recorded", recorded.ws));
          console.log(
            `ratio p50 ${ratio.p50}, p99 ${ratio.p99}; cores ${plain.cpu} and ${recorded.cpu}; ${plain.lost} and ${recorded.lost} lost`,
          );
          console.log(
            `tape: ${tape.records} events, ${tape.bytesPerEvent} bytes each, ${tape.lost} lost, ${tape.whole ? "whole" : "cut short"}`,
          );
          console.log(
            `path alone: ${path.plainEventsPerSecond} events/s, ${path.recordedEventsPerSecond} recorded (${path.ratio})`,
          );
        }
        return EXIT.ok;
      }
      default:
        throw new UsageError(
          "bench signal-path, book, features, end-to-end or recording",
        );
    }
  },
};
