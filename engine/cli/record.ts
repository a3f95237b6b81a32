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

const help = `usage: fusewire record --out TAPE [--signals-out FILE] [--seconds N]
                       [flags of fusewire run]

Runs the engine and records it: market events and headlines as they came,
answers of models and stores, clock readings, timers. Then

  fusewire replay TAPE --out replayed.jsonl
      gives the run's signals again, byte for byte, without a model
  fusewire replay TAPE --verify signals.jsonl
      compares, and names the first field that differs

Recording never holds the engine up. If the disk is too slow, the journal ends
there (E_TAPE_LOST in the log) and the tape replays up to that point. What the
recording lacks is said once more at the end, with exit code 1: E_TAPE_WRITE and
what the disk said where it was full or failed.

TAPE is a file that does not exist yet, and goes on in TAPE-0002 and so forth;
or a folder, with a slash at its end: its files are the parts of one recording.
{time} in it stands for when the recording began.

      --out TAPE        where to record
      --seconds N       end after this long
      --part-mb N       a new part beyond so many megabytes (1024)
      --part-minutes N  a new part after so long (0: by size alone)
      --parts-max N     keep so many parts (0: all); without the first one the
                        run cannot be replayed, only its market

${CONFIG_HELP}`;

const PART_FLAGS = {
  "part-mb": "record.partMb",
  "part-minutes": "record.partMinutes",
  "parts-max": "record.partsMax",
} as const;

export const recordCommand: Command = {
  name: "record",
  summary: "run the engine and record it on a tape",
  help,
  run(args) {
    const { values } = parseFlags(args, {
      ...CONFIG_OPTIONS,
      out: { type: "string" },
      seconds: { type: "string" },
      "part-mb": { type: "string" },
      "part-minutes": { type: "string" },
      "parts-max": { type: "string" },
    });
    const { out, seconds, ...configured } = values;
    const endAfterMs =
      seconds === undefined
        ? undefined
        : 1_000 * numberFlag("seconds", seconds, 0, 0.1);
    const flags = new Map(configOverrides(configured));
    if (out !== undefined) flags.set("record.tape", out);
    for (const [flag, key] of Object.entries(PART_FLAGS)) {
      const value = values[flag as keyof typeof PART_FLAGS];
      if (value !== undefined) flags.set(key, value);
    }
    const config = loadConfig({
      ...(configured.config === undefined ? {} : { file: configured.config }),
      flags,
    });
    if (config.record.tape === "") throw new UsageError("--out TAPE is needed");
    return runEngine(config, endAfterMs);
  },
};
