import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BOOK_REASONS,
  BOOK_STATES,
  SIGNAL_CLASSES,
  type Signal,
} from "../domain/signal.ts";
import { writePayload } from "./encoding.ts";
import { decodeSignal } from "./signal-codec.ts";
import { SignalWriter } from "./signal-writer.ts";

const unit = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 1, 0.5),
);
const amount = fc.oneof(
  fc.double({ min: 0, max: 1e15, noNaN: true }),
  fc.nat(),
  fc.constantFrom(127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32),
);
const count = fc.oneof(fc.nat(300), fc.maxSafeNat());
/** Without -0, which the generic packer takes for the integer. */
const any = fc
  .double({ noNaN: true, noDefaultInfinity: true })
  .map((x) => x + 0);
/** Also beyond ASCII, and longer than a short string's head can say. */
const name = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("lightgbm-1s", "finbert", "x".repeat(128)),
);

const source = fc.record({
  model: name,
  version: name,
  family: fc.constantFrom("trees", "forecast", "sentiment"),
  probability: unit,
  confidence: unit,
  horizonMs: amount,
  weight: unit,
  freshness: unit,
  ageMs: amount,
  contribution: any,
});

const signal = fc.record(
  {
    v: fc.constant(1),
    symbol: fc.constantFrom("BTCUSDT.BINANCE", "ETHUSD_PERP.BINANCECOINM"),
    epoch: name,
    seq: count,
    eventUs: count,
    receivedUs: count,
    emittedUs: count,
    trigger: fc.constantFrom("book", "prediction", "state"),
    live: fc.boolean(),
    book: fc.record({
      state: fc.constantFrom(...BOOK_STATES),
      reason: fc.constantFrom(...BOOK_REASONS),
      seq: count,
      bidPrice: amount,
      bidSize: amount,
      askPrice: amount,
      askSize: amount,
    }),
    direction: fc.constantFrom("LONG", "SHORT", "NEUTRAL"),
    class: fc.constantFrom(...SIGNAL_CLASSES),
    probability: unit,
    confidence: unit,
    logOdds: any,
    agreement: unit,
    horizonMs: amount,
    sources: fc.array(source, { maxLength: 20 }),
    missing: fc.array(
      fc.record({ model: name, reason: fc.constantFrom("late", "absent") }),
      { maxLength: 20 },
    ),
    sentiment: fc.record({
      label: fc.constantFrom("positive", "negative", "neutral"),
      score: fc.double({ min: -1, max: 1, noNaN: true }),
      confidence: unit,
      headlineId: fc.string({ maxLength: 256 }),
      ageMs: amount,
    }),
    stampsNs: fc.array(amount, { maxLength: 9 }),
  },
  {
    requiredKeys: [
      "v",
      "symbol",
      "epoch",
      "seq",
      "eventUs",
      "receivedUs",
      "emittedUs",
      "trigger",
      "live",
      "book",
      "direction",
      "class",
      "probability",
      "confidence",
      "logOdds",
      "agreement",
      "horizonMs",
      "sources",
      "missing",
      "stampsNs",
    ],
  },
);

describe("the signal writer", () => {
  it("writes what the generic packer's reader reads, for any signals in a row", () => {
    const writer = new SignalWriter();
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 5 }), (signals) => {
        const written = signals.map((each) =>
          writer.write(each as unknown as Signal),
        );
        // Earlier bytes stay as they were when later ones are written.
        signals.forEach((each, i) => {
          expect(decodeSignal(written[i]!)).toEqual(
            decodeSignal(writePayload(each, "msgpack")),
          );
        });
      }),
      { numRuns: 500 },
    );
  });

  it("begins a new slab when the old one is full, and leaves the old bytes alone", () => {
    const writer = new SignalWriter();
    const [sample] = fc.sample(signal, { seed: 7, numRuns: 1 });
    const first = writer.write(sample as unknown as Signal);
    const before = first.slice();
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 2_000; i++)
      buffers.add(
        writer.write({ ...sample, seq: i } as unknown as Signal).buffer,
      );
    expect(buffers.size).toBeGreaterThan(1);
    expect(first).toEqual(before);
  });
});
