/** `fusewire replay`: a recording through the engine on simulated time, or back onto NATS at its own pace. */
import { loadConfig } from "../config.ts";
import { symbolId } from "../domain/symbol.ts";
import { openTape } from "../feeds/tape.ts";
import { INSTALLATION } from "../installation.ts";
import { NO_LOG } from "../ports.ts";
import { publishTape } from "../publish-run.ts";
import { runReplay } from "../replay-run.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire replay TAPE [--speed max] [--out signals.jsonl] [--json]
       fusewire replay TAPE --publish --nats URL [--speed N]

TAPE is a tape of our own or a raw Binance recording (<local ns> <raw JSON> a line), gzipped or not.

Without --publish the tape runs through the engine's own actors and models on simulated time: the same tape and models give the same bytes,
whatever the machine. With --publish its events go to md.v1.… on NATS at recorded speed times N, for an engine to listen to; snapshots are
published on request.

      --speed N|max     1 is the recorded speed; max (the default) waits for nothing
      --out FILE        signals as JSON Lines
      --symbol S.V      for recordings: overrides what they say
      --models DIR      model registry in place of the shipped one
      --no-llama        leave the LLaMA lane out
      --nats URL        where to publish (FUSEWIRE_NATS_URL)
      --json            the summary as one JSON object on the last line`;

const speedOf = (text: string | undefined, fallback: number): number | "max" =>
  text === "max" ? "max" : numberFlag("speed", text, fallback, 0.001);

export const replayCommand: Command = {
  name: "replay",
  summary: "run a recording through the engine, or publish it on NATS",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      speed: { type: "string" },
      out: { type: "string" },
      symbol: { type: "string" },
      models: { type: "string" },
      "no-llama": { type: "boolean" },
      publish: { type: "boolean" },
      nats: { type: "string" },
      json: { type: "boolean" },
    });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0)
      throw new UsageError("one tape is needed");
    const tape = await openTape(
      path,
      values.symbol === undefined ? {} : { symbol: symbolId(values.symbol) },
    );
    if (values.publish === true) {
      const { nats } = loadConfig({
        flags: new Map(
          values.nats === undefined ? [] : [["nats.url", values.nats]],
        ),
      });
      if (nats.url === "") throw new UsageError("--publish needs --nats URL");
      const summary = await publishTape({
        tape,
        nats,
        speed: speedOf(values.speed, 1),
      });
      console.log(
        values.json === true
          ? JSON.stringify(summary)
          : `published ${summary.events} events in ${summary.seconds.toFixed(1)} s`,
      );
      return EXIT.ok;
    }
    if (values.speed !== undefined && values.speed !== "max")
      throw new UsageError("--speed other than max needs --publish");
    const summary = await runReplay({
      tape,
      modelsDir: values.models ?? INSTALLATION.modelsDir,
      out: values.out,
      llama: values["no-llama"] === true ? "off" : "auto",
      log: NO_LOG,
    });
    console.log(
      values.json === true
        ? JSON.stringify(summary)
        : `${summary.events} events, ${summary.eventsPerSecond} a second; ${summary.gaps} gaps, ${summary.crossed} crossed books
${summary.signals} signals, sha256 ${summary.sha256}`,
    );
    return EXIT.ok;
  },
};
