/** That no future is in the signals: the engine over a tape and over its beginning says the same until the cut. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MarketEvent } from "../domain/market-event.ts";
import { NO_LOG } from "../ports.ts";
import { runReplay } from "../replay-run.ts";
import type { Random } from "../std/random.ts";

export interface SignalLookaheadReport {
  readonly cuts: number;
  readonly signals: number;
  readonly changedSignals: number;
}

async function* asTape(
  events: readonly MarketEvent[],
): AsyncGenerator<MarketEvent> {
  // A tape comes from a file, a turn of the loop at a time.
  await Promise.resolve();
  yield* events;
}

const signalsOf = async (
  events: readonly MarketEvent[],
  modelsDir: string,
  out: string,
): Promise<string[]> => {
  await runReplay({
    tape: asTape(events),
    modelsDir,
    out,
    llama: "off",
    log: NO_LOG,
  });
  return (await readFile(out, "utf8")).trim().split("\n");
};

/** The last signals of a part may be about its end: what stood after the last event is not compared. */
export const verifySignalLookahead = async (
  events: readonly MarketEvent[],
  modelsDir: string,
  cuts: number,
  random: Random,
): Promise<SignalLookaheadReport> => {
  const folder = await mkdtemp(join(tmpdir(), "fusewire-lookahead-"));
  try {
    const whole = await signalsOf(events, modelsDir, join(folder, "whole"));
    let signals = 0;
    let changedSignals = 0;
    for (let i = 0; i < cuts; i++) {
      const cut = 1 + random.int(events.length - 1);
      const lastUs = events[cut - 1]!.eventUs;
      const part = await signalsOf(
        events.slice(0, cut),
        modelsDir,
        join(folder, `cut-${i}`),
      );
      for (const [at, line] of part.entries()) {
        const { eventUs } = JSON.parse(line) as { eventUs: number };
        if (eventUs >= lastUs) break;
        signals++;
        if (line !== whole[at]) changedSignals++;
      }
    }
    return { cuts, signals, changedSignals };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
