import { describe, expect, it } from "vitest";
import type { BookDelta, BookSnapshot } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { LocalBus } from "../io/local-bus.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { decode, decodeInstrument } from "../wire/codec.ts";
import { INSTRUMENT_WILDCARD, snapshotSubject } from "../wire/subjects.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { FeedPublisher } from "./feed-publisher.ts";
import { MarketSimulator } from "./simulator.ts";

const setUp = () => {
  const bus = new LocalBus();
  const clock = new SimulatedClock();
  const got: FeedEvent[] = [];
  for (const subject of ["md.v1.*.*.*", "news.v1.headline"])
    bus.subscribe(subject, (message) => {
      if (message.subject.startsWith("md.v1.snapshot.")) return;
      got.push(
        decode(message.subject, message.data, clock.nowUs(), clock.nowNs()),
      );
    });
  const publisher = new FeedPublisher({ bus, clock });
  const request = (symbol: string): void => {
    bus.publish(snapshotSubject(symbolId(symbol)), new Uint8Array());
  };
  return { bus, clock, got, publisher, request };
};

const head = {
  symbol: symbolId("BTCUSDT.SIM"),
  eventUs: unixMicros(1),
  receivedUs: unixMicros(1),
  receivedNs: monoNanos(1),
};
const snapshot = (seq: number): BookSnapshot => ({
  ...head,
  type: "bookSnapshot",
  seq,
  bids: [10, 1, 9, 1],
  asks: [11, 1, 12, 1],
});
const delta = (prevSeq: number, seq: number, size: number): BookDelta => ({
  ...head,
  type: "bookDelta",
  prevSeq,
  seq,
  bids: [10, size],
  asks: [],
});

describe("FeedPublisher", () => {
  it("publishes every kind of event on its subject", () => {
    const { got, publisher } = setUp();
    const simulator = new MarketSimulator({
      seed: 1,
      newsEverySeconds: 1,
      quotes: "onChange",
    });
    const sent: FeedEvent[] = [];
    for (let i = 0; i < 2000; i++) {
      const { event } = simulator.next();
      sent.push(event);
      publisher.publish(event);
    }
    expect(publisher.published).toBe(2000);
    const bare = ({ receivedUs: _, receivedNs: __, ...rest }: FeedEvent) =>
      rest;
    expect(got.map(bare)).toEqual(sent.map(bare));
    expect(got.some(isHeadline)).toBe(true);
  });

  it("answers a request with the book as of its last event", () => {
    const { got, publisher, request } = setUp();
    publisher.publish(snapshot(5));
    publisher.publish(delta(5, 8, 3));
    request("BTCUSDT.SIM");
    expect(got.at(-1)).toMatchObject({
      type: "bookSnapshot",
      seq: 8,
      bids: [10, 3, 9, 1],
      asks: [11, 1, 12, 1],
    });
    expect(publisher.answered).toBe(1);
  });

  it("answers later when its own book is not whole yet", () => {
    const { got, publisher, request } = setUp();
    publisher.publish(delta(4, 6, 2));
    request("BTCUSDT.SIM");
    expect(publisher.answered).toBe(0);
    publisher.publish(snapshot(5));
    expect(publisher.answered).toBe(1);
    expect(got.at(-1)).toMatchObject({ type: "bookSnapshot", seq: 6 });
    publisher.publish(delta(6, 7, 2));
    expect(publisher.answered).toBe(1);
  });

  it("does not answer from a book with a hole", () => {
    const { publisher, request } = setUp();
    publisher.publish(snapshot(5));
    publisher.publish(delta(5, 6, 2));
    publisher.publish(delta(7, 8, 2));
    request("BTCUSDT.SIM");
    expect(publisher.answered).toBe(0);
  });

  it("ignores requests that come too fast, and for symbols that it does not tell", () => {
    const { bus, clock, publisher, request } = setUp();
    publisher.publish(snapshot(5));
    request("BTCUSDT.SIM");
    request("BTCUSDT.SIM");
    request("NONE.SIM");
    bus.publish("md.v1.snapshot.x.y", new Uint8Array());
    expect([publisher.answered, publisher.ignored]).toEqual([1, 3]);
    clock.advanceMs(100);
    request("BTCUSDT.SIM");
    expect(publisher.answered).toBe(2);
    publisher.close();
    clock.advanceMs(100);
    request("BTCUSDT.SIM");
    expect(publisher.answered).toBe(2);
  });

  it("bounds the books that it keeps", () => {
    const publisher = new FeedPublisher({
      bus: new LocalBus(),
      clock: new SimulatedClock(),
      symbolsMax: 1,
    });
    publisher.publish(snapshot(1));
    expect(() =>
      publisher.publish({ ...snapshot(1), symbol: symbolId("ETHUSDT.SIM") }),
    ).toThrow("E_SYMBOL_LIMIT");
  });

  it("numbers what a symbol's receivers must not miss, each symbol by itself", () => {
    const bus = new LocalBus();
    const clock = new SimulatedClock();
    const marks: string[] = [];
    bus.subscribe("md.v1.*.*.*", ({ subject, headers }) =>
      marks.push(
        `${subject.split(".").slice(3).join(" ")} ${headers?.get("fw-pub") ?? "-"}`,
      ),
    );
    const publisher = new FeedPublisher({ bus, clock, id: "i1abcdef00-1" });
    publisher.publish(snapshot(5));
    publisher.publish(delta(5, 6, 2));
    publisher.publish({ ...snapshot(1), symbol: symbolId("ETHUSDT.SIM") });
    publisher.publish({
      ...head,
      type: "quote",
      seq: 6,
      bidPrice: 1,
      bidSize: 1,
      askPrice: 2,
      askSize: 1,
    });
    publisher.publish({ ...head, type: "gap", reason: "disconnected" });
    expect(marks).toEqual([
      "BTCUSDT book i1abcdef00-1 1",
      "BTCUSDT book i1abcdef00-1 2",
      "ETHUSDT book i1abcdef00-1 1",
      "BTCUSDT quote -",
      "BTCUSDT gap i1abcdef00-1 3",
    ]);
  });

  it("asks for a book that broke, with growing patience, and not for one that is whole", () => {
    const clock = new SimulatedClock();
    const asked: string[] = [];
    const publisher = new FeedPublisher({
      bus: new LocalBus(),
      clock,
      onBrokenBook: (symbol) => asked.push(symbol),
    });
    publisher.publish(snapshot(5));
    publisher.checkBooks();
    expect(asked).toEqual([]);
    publisher.publish({ ...head, type: "gap", reason: "sequence" });
    for (let i = 0; i < 40; i++) {
      publisher.checkBooks();
      clock.advanceMs(100);
    }
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(7);
    publisher.publish(snapshot(9));
    clock.advanceMs(60_000);
    publisher.checkBooks();
    expect(new Set(asked)).toEqual(new Set(["BTCUSDT.SIM"]));
  });

  it("tells an instrument when it learns it, and again before each snapshot that is asked for", () => {
    const bus = new LocalBus();
    const clock = new SimulatedClock();
    const told: unknown[] = [];
    bus.subscribe(INSTRUMENT_WILDCARD, ({ subject, data }) =>
      told.push(decodeInstrument(subject, data)),
    );
    const publisher = new FeedPublisher({ bus, clock });
    const instrument = { symbol: head.symbol, tickSize: 0.1, lotSize: 1 };
    publisher.tellInstrument(instrument);
    publisher.publish(snapshot(5));
    expect(told).toEqual([instrument]);
    bus.publish(snapshotSubject(head.symbol), new Uint8Array());
    expect(told).toEqual([instrument, instrument]);
  });
});
