/**
 * Nothing that is carried on for good drifts: what has run over all events says what one says that began a while ago, and has settled twice over.
 * Some ten thousand events by default; DRIFT_EVENTS for more, and then the worst is printed.
 */
import { describe, expect, it } from "vitest";
import { microMarket } from "../../test/support/micro-market.ts";
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import { Random } from "../std/random.ts";
import { unixMicros } from "../std/time.ts";
import { BarSetRun } from "./bar-set-run.ts";
import type { EventFeatures } from "./event-features.ts";
import type { DeclaredFeature } from "./feature-declaration.ts";
import { BAR_SETS, createEventFeatures, featureSet } from "./feature-sets.ts";

const { DRIFT_EVENTS } = process.env;
const BAR_ROWS = Number(DRIFT_EVENTS ?? 20_000);
const EVENTS = Number(DRIFT_EVENTS ?? 50_000);
const DRIFT_MAX = 1e-9;
const LONG_MS = 1_800_000;

/** Differences in parts of each feature's usual size. */
class Drift {
  readonly #features: readonly DeclaredFeature[];
  readonly #sums: Float64Array;
  readonly #worst: Float64Array;
  readonly #compared: Uint32Array;
  #rows = 0;

  constructor(features: readonly DeclaredFeature[]) {
    this.#features = features;
    this.#sums = new Float64Array(features.length);
    this.#worst = new Float64Array(features.length);
    this.#compared = new Uint32Array(features.length);
  }

  /** `age`: how long ago the younger one began, in the unit of the spans. */
  compare(old: Float64Array, young: Float64Array, age: number): void {
    this.#rows++;
    for (let i = 0; i < old.length; i++) {
      const a = old[i]!;
      if (!Number.isNaN(a)) this.#sums[i]! += Math.abs(a);
      const { settled } = this.#features[i]!;
      if (settled.unit !== "events" && age < 2 * settled.count) continue;
      const b = young[i]!;
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      this.#compared[i]! += 1;
      const size = Math.max(Math.abs(a), this.#sums[i]! / this.#rows);
      const drift = a === b ? 0 : Math.abs(a - b) / size;
      // Written so that a value missing on one side counts.
      if (!(drift <= this.#worst[i]!)) this.#worst[i] = drift;
    }
  }

  get unchecked(): string[] {
    return this.#features
      .filter((_, i) => this.#compared[i] === 0)
      .map(({ name }) => name);
  }

  beyond(bound: number): string[] {
    const found = this.#features.flatMap(({ name }, i) =>
      this.#worst[i]! <= bound ? [] : [`${name} ${this.#worst[i]}`],
    );
    if (DRIFT_EVENTS !== undefined)
      console.log(
        `worst drift over ${DRIFT_EVENTS} events: ${Math.max(...this.#worst)}`,
      );
    return found;
  }
}

describe("features of bars", () => {
  it(
    "do not drift",
    () => {
      const random = new Random("bars");
      const old = new BarSetRun(BAR_SETS);
      const drift = new Drift(BAR_SETS.flatMap(({ features }) => features));
      const restartEvery = 20_000;
      let young = new BarSetRun(BAR_SETS);
      let price = 50_000;
      let other = 3000;
      for (let i = 0; i < BAR_ROWS; i++) {
        if (i % restartEvery === 1000) young = new BarSetRun(BAR_SETS);
        const open = price;
        // Pulled back, so that 10^7 rows end where prices are prices.
        price *=
          1 + 0.002 * (random.next() - 0.5) + 1e-4 * (50_000 / price - 1);
        other *= 1 + 0.002 * (random.next() - 0.5) + 1e-4 * (3000 / other - 1);
        const spread = price * 1e-4 * random.next();
        const row = [
          open,
          Math.max(open, price) + spread,
          Math.min(open, price) - spread,
          price,
          // Now and then what would leave its rounding in a running sum for good.
          random.next() * (i % 9973 === 0 ? 1e9 : 1),
          1,
          price - spread,
          price + spread,
          random.next(),
          random.next(),
          10 * random.next(),
          10 * random.next(),
          other,
          1e-3 * (random.next() - 0.5),
          random.next() - 0.5,
          random.next() - 0.5,
        ];
        for (const run of [old, young]) {
          run.inputs.set(row);
          run.push();
        }
        if (i % 97 === 0 && i % restartEvery >= 1000)
          drift.compare(old.values, young.values, (i % restartEvery) - 999);
      }
      expect(drift.unchecked).toEqual([]);
      expect(drift.beyond(DRIFT_MAX)).toEqual([]);
    },
    LONG_MS,
  );
});

/** A second's bar, told again with each of its events: the first one counts. */
const barAt = (event: MarketEvent, openUs: number, random: Random): Bar => {
  const { symbol, eventUs, receivedUs, receivedNs } = event;
  const open = 1000 + random.next();
  const close = 1000 + random.next();
  return {
    type: "bar",
    symbol,
    eventUs,
    receivedUs,
    receivedNs,
    intervalMs: 1000,
    openUs: unixMicros(openUs),
    open,
    high: Math.max(open, close) + random.next(),
    low: Math.min(open, close) - random.next(),
    close,
    volume: random.next(),
    vwap: (open + close) / 2,
    trades: 1,
    closed: true,
  };
};

describe("features of the moment", () => {
  const chunk = 10_000;

  it.each(["market", "microstructure"])(
    "do not drift: %s",
    (name) => {
      const set = featureSet(name);
      const random = new Random("seconds");
      const leading = new Reference(symbolId("LEADER.TEST"));
      const book = new OrderBook({ depthMax: 50 });
      const drift = new Drift(set.features);
      const old = createEventFeatures(set, { leading });
      let young: EventFeatures = createEventFeatures(set, { leading });
      let beganNs = Infinity;
      let startMs = 1000;
      for (let i = 0; i < EVENTS; i += chunk) {
        if (i % (5 * chunk) === chunk) {
          young = createEventFeatures(set, { leading });
          beganNs = startMs * 1e6;
        }
        const events = microMarket({
          seed: i,
          events: chunk,
          meanGapMs: 300,
          startMs,
        });
        events.forEach((event, at) => {
          if (event.type === "bookSnapshot") {
            book.applySnapshot(event.bids, event.asks, event.seq);
            leading.moved(100 + (at % 13), 0.5, event.receivedNs);
            for (const follower of [old, young]) follower.onBook(book, event);
          } else if (event.type === "trade")
            for (const follower of [old, young]) follower.onTrade(event);
          const openUs = Math.floor(event.receivedUs / 1e6) * 1e6;
          const bar = barAt(event, openUs, random);
          for (const follower of [old, young]) follower.onBar(bar);
          const age = (event.receivedNs - beganNs) / 1e6;
          if (at % 97 === 0)
            drift.compare(
              old.write(book, event),
              young.write(book, event),
              age,
            );
        });
        startMs = events.at(-1)!.receivedNs / 1e6 + 100;
      }
      expect(drift.unchecked).toEqual([]);
      expect(drift.beyond(DRIFT_MAX)).toEqual([]);
    },
    LONG_MS,
  );
});
