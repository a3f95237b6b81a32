import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../../test/support/properties.ts";
import {
  VENUE_FORMATS,
  VenueBook,
  bookChanges,
} from "../../../test/support/venue-formats.ts";
import type {
  BookChange,
  Row,
  VenueFormat,
  View,
} from "../../../test/support/venue-formats.ts";
import type { Levels, MarketEvent } from "../../domain/market-event.ts";
import { symbolId } from "../../domain/symbol.ts";
import { monoNanos, unixMicros } from "../../std/time.ts";
import type { Receipt, VenueMapper } from "./venue-mapper.ts";

const RUNS = { numRuns: 25 };

/** One message of a stream, with what the venue's book is after it. */
interface Told {
  readonly text: string;
  readonly n: number;
  readonly view: View;
}

/** The first is a snapshot. */
const streamOf = (
  format: VenueFormat,
  changes: readonly (readonly BookChange[])[],
): readonly Told[] => {
  const book = new VenueBook(format.depth);
  const told: Told[] = [
    { text: format.snapshot(book.view(), 0), n: 0, view: book.view() },
  ];
  for (const change of changes) {
    const n = told.length;
    const step = book.change(change, n);
    if (step !== undefined)
      told.push({ text: format.update(step), n, view: step.after });
  }
  return told;
};

/** What a consumer of the mapper has: the book that the events make, or none. */
class Consumer {
  readonly events: MarketEvent[] = [];
  readonly mapper: VenueMapper;
  readonly #format: VenueFormat;
  readonly #bids = new Map<number, number>();
  readonly #asks = new Map<number, number>();
  #seq: number | undefined;
  #clock = 0;

  constructor(format: VenueFormat) {
    this.#format = format;
    this.mapper = format.newMapper();
  }

  /** Events that this message made. */
  take(text: string): readonly MarketEvent[] {
    const from = this.events.length;
    const at = ++this.#clock;
    const { snapshotSymbol } = this.#format;
    const receipt: Receipt = {
      receivedUs: unixMicros(1_723_161_256_000_000 + at),
      receivedNs: monoNanos(1_000_000_000 + at),
      ...(snapshotSymbol === undefined
        ? {}
        : { symbol: symbolId(snapshotSymbol) }),
    };
    this.mapper.map(text, receipt, (event) => {
      this.events.push(event);
      this.#apply(event);
    });
    return this.events.slice(from);
  }

  get isLive(): boolean {
    return this.#seq !== undefined;
  }

  get view(): unknown {
    const rows = (side: Map<number, number>, sign: number): unknown =>
      [...side].sort((a, b) => (a[0] - b[0]) * sign);
    return { bids: rows(this.#bids, -1), asks: rows(this.#asks, 1) };
  }

  #apply(event: MarketEvent): void {
    switch (event.type) {
      case "gap":
        this.#seq = undefined;
        break;
      case "bookSnapshot":
        this.#bids.clear();
        this.#asks.clear();
        set(this.#bids, event.bids);
        set(this.#asks, event.asks);
        this.#seq = event.seq;
        break;
      case "bookDelta":
        // As a book does: what it has is passed over, and a hole would be one of its own.
        if (this.#seq === undefined || event.seq <= this.#seq) break;
        expect(event.prevSeq).toBeLessThanOrEqual(this.#seq);
        set(this.#bids, event.bids);
        set(this.#asks, event.asks);
        this.#seq = event.seq;
        break;
      default:
        break;
    }
  }
}

const set = (side: Map<number, number>, levels: Levels): void => {
  for (let i = 0; i < levels.length; i += 2)
    if (levels[i + 1]! > 0) side.set(levels[i]!, levels[i + 1]!);
    else side.delete(levels[i]!);
};

const numbersOf = ({ bids, asks }: View): unknown => {
  const rows = (side: readonly Row[]): unknown =>
    side.map(([price, size]) => [Number(price), Number(size)]);
  return { bids: rows(bids), asks: rows(asks) };
};

const streams = fc.array(bookChanges, { minLength: 4, maxLength: 40 });

/** A stream and a place in it that has a message before and one after. */
const faulted = (
  format: VenueFormat,
): fc.Arbitrary<{ told: readonly Told[]; at: number }> =>
  fc
    .tuple(streams, fc.nat())
    .map(([changes, place]) => {
      const told = streamOf(format, changes);
      return { told, at: 1 + (place % Math.max(1, told.length - 2)) };
    })
    .filter(({ told }) => told.length > 3);

/** After a fault: what the consumer holds to be true is true, and a snapshot mends all. */
const expectTruth = (consumer: Consumer, view: View): void => {
  if (consumer.isLive) expect(consumer.view).toEqual(numbersOf(view));
};

const expectMended = (
  consumer: Consumer,
  format: VenueFormat,
  last: Told,
): void => {
  consumer.take(format.snapshot(last.view, last.n));
  expect(consumer.isLive).toBe(true);
  expect(consumer.view).toEqual(numbersOf(last.view));
  expect(consumer.mapper.awaitingSnapshot.size).toBe(0);
};

/** The first decimal of the message: a price or a size. */
const withBadNumber = (text: string): string => {
  const damaged = text.replace(/([[:,]"?)(\d+\.\d+)(?=["\],}])/, "$1-1");
  expect(damaged).not.toBe(text);
  return damaged;
};

describe.each(VENUE_FORMATS)("the mapper of $name", (format) => {
  it("makes the venue's own book of its messages, each of them", () => {
    fc.assert(
      fc.property(streams, (changes) => {
        const consumer = new Consumer(format);
        for (const { text, view } of streamOf(format, changes)) {
          const events = consumer.take(text);
          expect(events).toHaveLength(1);
          expect(events[0]!.symbol).toBe(format.symbol);
          expect(consumer.view).toEqual(numbersOf(view));
        }
        expect(consumer.mapper.counts).toMatchObject({
          gaps: 0,
          duplicates: 0,
          checksumMismatches: 0,
        });
      }),
      RUNS,
    );
  });

  it("passes over messages that come twice", () => {
    fc.assert(
      fc.property(faulted(format), ({ told, at }) => {
        const consumer = new Consumer(format);
        told.forEach(({ text, view }, i) => {
          consumer.take(text);
          if (i === at) expect(consumer.take(text)).toEqual([]);
          expect(consumer.view).toEqual(numbersOf(view));
        });
        expect(consumer.mapper.counts).toMatchObject({
          gaps: 0,
          duplicates: 1,
        });
      }),
      RUNS,
    );
  });

  it.each([
    ["is cut short", (text: string, at: number) => text.slice(0, -1 - at)],
    ["has a number out of its range", withBadNumber],
  ])("tells the gap at once where a message %s", (_name, damage) => {
    fc.assert(
      fc.property(faulted(format), ({ told, at }) => {
        const consumer = new Consumer(format);
        for (const { text } of told.slice(0, at)) consumer.take(text);
        const from = consumer.events.length;
        expect(() => consumer.take(damage(told[at]!.text, at))).toThrow(
          /E_INPUT_(DECODE|RANGE)/,
        );
        expect(consumer.events.slice(from)).toMatchObject([
          { type: "gap", symbol: format.symbol, reason: "sequence" },
        ]);
        expect(consumer.isLive).toBe(false);
        expect([...consumer.mapper.awaitingSnapshot]).toEqual([format.symbol]);
        for (const { text, view } of told.slice(at + 1)) {
          consumer.take(text);
          expectTruth(consumer, view);
        }
        expectMended(consumer, format, told.at(-1)!);
      }),
      RUNS,
    );
  });

  it("begins with a snapshot again on a new connection", () => {
    fc.assert(
      fc.property(faulted(format), ({ told, at }) => {
        const consumer = new Consumer(format);
        for (const { text } of told.slice(0, at)) consumer.take(text);
        const before = consumer.events.length;
        consumer.mapper.reset();
        expect(consumer.events).toHaveLength(before);
        const rest = told.slice(at);
        if (format.proof !== "whole") {
          consumer.take(rest[0]!.text);
          expect([...consumer.mapper.awaitingSnapshot]).toEqual([
            format.symbol,
          ]);
        }
        expectMended(consumer, format, rest[0]!);
        const lastSeq = Math.max(
          ...consumer.events.map((event) => ("seq" in event ? event.seq : 0)),
        );
        const last = consumer.events.at(-1)!;
        expect("seq" in last && last.seq).toBe(lastSeq);
      }),
      RUNS,
    );
  });
});

describe.each(VENUE_FORMATS.filter(({ proof }) => proof !== undefined))(
  "the mapper of $name, by $proof,",
  (format) => {
    it("tells a lost message on the next one, unless the book is right without it", () => {
      fc.assert(
        fc.property(faulted(format), ({ told, at }) => {
          const consumer = new Consumer(format);
          const rest = told.filter((_, i) => i !== at);
          rest.forEach(({ text, view }, i) => {
            const events = consumer.take(text);
            if (i === at && format.proof === "sequence")
              expect(events[0]).toMatchObject({
                type: "gap",
                reason: "sequence",
              });
            expectTruth(consumer, view);
          });
          expectMended(consumer, format, rest.at(-1)!);
        }),
        RUNS,
      );
    });

    it("never holds a wrong book for true when messages change places", () => {
      fc.assert(
        fc.property(
          faulted(format),
          fc.integer({ min: 1, max: 5 }),
          ({ told, at }, by) => {
            const consumer = new Consumer(format);
            const order = [...told];
            const [late] = order.splice(at, 1);
            order.splice(at + by, 0, late!);
            let latest = 0;
            for (const { text, n } of order) {
              consumer.take(text);
              latest = Math.max(latest, n);
              expectTruth(consumer, told.find((t) => t.n === latest)!.view);
            }
            expectMended(consumer, format, told.at(-1)!);
          },
        ),
        RUNS,
      );
    });
  },
);

describe.each(VENUE_FORMATS.filter(({ proof }) => proof === "checksum"))(
  "the mapper of $name, by its checksum,",
  (format) => {
    /** Another digit in the size of one of the levels told. */
    const altered = (text: string, at: number): string | undefined => {
      const digits = [...text.matchAll(/\.\d{3}(\d)\d{4}/g)];
      const match = digits[at % Math.max(1, digits.length)];
      if (match === undefined) return undefined;
      const place = match.index + 4;
      const digit = String((Number(text[place]) + 1) % 10);
      return text.slice(0, place) + digit + text.slice(place + 1);
    };

    it("catches one altered level on that very message, and emits nothing of the book until a snapshot", () => {
      fc.assert(
        fc.property(faulted(format), fc.nat(), ({ told, at }, place) => {
          const text = altered(told[at]!.text, place);
          fc.pre(text !== undefined);
          const consumer = new Consumer(format);
          for (const message of told.slice(0, at)) consumer.take(message.text);
          const events = consumer.take(text);
          expect(events).toMatchObject([
            { type: "gap", reason: "checksum", symbol: format.symbol },
          ]);
          for (const message of told.slice(at + 1))
            expect(consumer.take(message.text)).toEqual([]);
          expect(consumer.mapper.counts).toMatchObject({
            checksumMismatches: 1,
            gaps: 1,
            unsynced: told.length - at - 1,
          });
          expectMended(consumer, format, told.at(-1)!);
        }),
        RUNS,
      );
    });

    it("verifies each message that carries one", () => {
      fc.assert(
        fc.property(streams, (changes) => {
          const consumer = new Consumer(format);
          const told = streamOf(format, changes);
          for (const { text } of told) consumer.take(text);
          const hasSnapshotSum = format.name !== "Kraken v1";
          expect(consumer.mapper.counts.checksumsVerified).toBe(
            told.length - (hasSnapshotSum ? 0 : 1),
          );
        }),
        RUNS,
      );
    });
  },
);
