/** A small random market for tests of features: a book that moves, trades at it, gaps now and then; the same for the same seed. */
import type { MarketEvent, Side } from "../../engine/domain/market-event.ts";
import { Random } from "../../engine/std/random.ts";
import { monoNanos, unixMicros } from "../../engine/std/time.ts";
import { SYMBOL } from "./bar-samples.ts";

export interface MicroMarketOptions {
  readonly seed: number;
  readonly events: number;
  readonly meanGapMs: number;
  /** Chance of a gap before an event. */
  readonly gaps?: number;
  readonly startMs?: number;
  /** Levels a side; fewer than the features look at is allowed. */
  readonly levels?: number;
}

const TICK = 0.5;

export const microMarket = (options: MicroMarketOptions): MarketEvent[] => {
  const { events, meanGapMs, gaps = 0, startMs = 1000, levels = 12 } = options;
  const random = new Random(options.seed);
  const out: MarketEvent[] = [];
  let ms = startMs;
  let mid = 2000;
  let spread = 1;
  let seq = 0;
  const head = () => ({
    symbol: SYMBOL,
    eventUs: unixMicros(Math.round(ms * 1000)),
    receivedUs: unixMicros(Math.round(ms * 1000)),
    receivedNs: monoNanos(Math.round(ms * 1e6)),
  });
  const side = (best: number, step: number): number[] =>
    Array.from({ length: levels }, (_, i) => [
      best + step * i * TICK,
      (1 + random.int(400)) / 16,
    ]).flat();
  const book = (): void => {
    if (random.next() < 0.4) mid += random.int(3) - 1;
    if (random.next() < 0.2) spread = 1 + random.int(3);
    const bid = mid * TICK;
    out.push({
      type: "bookSnapshot",
      ...head(),
      seq: ++seq,
      bids: side(bid, -1),
      asks: side(bid + spread * TICK, 1),
    });
  };
  book();
  while (out.length < events) {
    ms += -Math.log(1 - random.next()) * meanGapMs;
    if (random.next() < gaps)
      out.push({ type: "gap", ...head(), reason: "sequence" });
    if (random.next() < 0.3) {
      const drawn = random.next();
      const aggressor: Side =
        drawn < 0.45 ? "buy" : drawn < 0.9 ? "sell" : "unknown";
      const price = aggressor === "sell" ? mid * TICK : (mid + spread) * TICK;
      out.push({
        type: "trade",
        ...head(),
        tradeId: out.length,
        price,
        size: (1 + random.int(random.next() < 0.01 ? 20_000 : 200)) / 16,
        side: aggressor,
      });
    } else book();
  }
  return out;
};
