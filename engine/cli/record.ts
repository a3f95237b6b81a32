/** `fusewire record`: the engine in the foreground, with everything on a tape that a replay needs to give the same bytes. */
import { loadConfig } from "../config.ts";
import {
  CONFIG_HELP,
  CONFIG_OPTIONS,
  UsageError,
  configOverrides,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";
import { runEngine } from "./run.ts";

const help = `usage: fusewire record --out TAPE [--signals-out signals.jsonl] [--seconds N] [flags of fusewire run]

Runs the engine and records it: market events and headlines as they came, answers of models and stores, clock readings, timers. Then

  fusewire replay TAPE --out replayed.jsonl                 gives the run's signals again, byte for byte, without a model
  fusewire replay TAPE --verify signals.jsonl               compares, and names the first field that differs

Recording never holds the engine up. If the disk is too slow, the journal ends there (E_TAPE_LOST in the log) and the tape replays up to that point.
TAPE must not exist yet.

      --out TAPE        where to record; {time} stands for when it began
      --seconds N       end after this long

${CONFIG_HELP}`;

export const recordCommand: Command = {
  name: "record",
  summary: "run the engine and record it on a tape",
  help,
  run(args) {
    const { values } = parseFlags(args, {
      ...CONFIG_OPTIONS,
      out: { type: "string" },
      seconds: { type: "string" },
    });
    const { out, seconds, ...configured } = values;
    const tape = out ?? configured.record;
    if (tape === undefined) throw new UsageError("--out TAPE is needed");
    const endAfterMs =
      seconds === undefined
        ? undefined
        : 1_000 * numberFlag("seconds", seconds, 0, 0.1);
    const config = loadConfig({
      ...(configured.config === undefined ? {} : { file: configured.config }),
      flags: configOverrides({ ...configured, record: tape }),
    });
    return runEngine(config, endAfterMs);
  },
};
