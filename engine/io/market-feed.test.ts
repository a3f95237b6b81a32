import { beforeEach, describe, expect, it } from "vitest";
import type { Headline } from "../domain/headline.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import {
  encodeEvent,
  encodeHeadline,
  encodeInstrument,
} from "../wire/codec.ts";
import {
  instrumentSubject,
  marketSubject,
  SNAPSHOT_WILDCARD,
} from "../wire/subjects.ts";
import { LocalBus } from "./local-bus.ts";
import { MarketFeed } from "./market-feed.ts";

const BTC = symbolId("BTCUSDT.BINANCE");
const head = {
  symbol: BTC,
  eventUs: unixMicros(5),
  receivedUs: unixMicros(0),
  receivedNs: monoNanos(0),
};
const snapshot: MarketEvent = {
  ...head,
  type: "bookSnapshot",
  seq: 1,
  bids: [1, 1],
  asks: [2, 1],
};
const delta: MarketEvent = {
  ...head,
  type: "bookDelta",
  prevSeq: 1,
  seq: 2,
  bids: [],
  asks: [],
};

let clock: SimulatedClock;
let bus: LocalBus;
let feed: MarketFeed;
let events: MarketEvent[];
let headlines: Headline[];
let instruments: Instrument[];
let requested: string[];
let rejected: string[];

beforeEach(() => {
  clock = new SimulatedClock();
  bus = new LocalBus();
  events = [];
  headlines = [];
  instruments = [];
  requested = [];
  rejected = [];
  feed = new MarketFeed({
    bus,
    clock,
    timers: clock,
    onEvent: (event) => events.push(event),
    onHeadline: (headline) => headlines.push(headline),
    onInstrument: (instrument) => instruments.push(instrument),
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_event, fields) => rejected.push(String(fields?.["code"])),
      error: () => undefined,
    },
  });
  bus.subscribe(SNAPSHOT_WILDCARD, (m) => requested.push(m.subject));
  feed.start();
});

const send = (event: MarketEvent) =>
  bus.publish(
    marketSubject(event.symbol, event.type === "trade" ? "trade" : "book"),
    encodeEvent(event),
  );

describe("the market feed", () => {
  it("hands on what it decodes, stamped with our own times", () => {
    clock.advanceMs(3);
    send(snapshot);
    expect(events).toEqual([
      { ...snapshot, receivedUs: clock.nowUs(), receivedNs: clock.nowNs() },
    ]);
  });

  it("hands on headlines", () => {
    const headline = {
      id: "1",
      text: "x",
      source: "s",
      symbols: [BTC],
      eventUs: unixMicros(1),
      receivedUs: unixMicros(0),
      receivedNs: monoNanos(0),
    };
    bus.publish("news.v1.headline", encodeHeadline(headline));
    expect(headlines[0]).toMatchObject({ id: "1", symbols: [BTC] });
  });

  it("hands on tick and lot sizes, and refuses what are none", () => {
    const told = { symbol: BTC, tickSize: 0.1, lotSize: 0.001 };
    const subject = instrumentSubject(BTC);
    bus.publish(subject, encodeInstrument(told));
    bus.publish(subject, encodeInstrument({ ...told, tickSize: 0 }));
    bus.publish(subject, Buffer.from('{"tickSize":0.1}'));
    expect(instruments).toEqual([told]);
    expect(rejected).toEqual(["E_INPUT_RANGE", "E_INPUT_SCHEMA"]);
    expect(events).toEqual([]);
  });

  it("counts bad input by code and goes on", () => {
    bus.publish(marketSubject(BTC, "book"), Buffer.from("nonsense"));
    bus.publish("md.v1.BINANCE.btc.book", encodeEvent(delta));
    bus.publish("news.v1.headline", Buffer.from("{}"));
    send(delta);
    expect(rejected).toEqual([
      "E_INPUT_DECODE",
      "E_SYMBOL_FORMAT",
      "E_INPUT_SCHEMA",
    ]);
    expect(events).toHaveLength(1);
  });

  it("voids a known book at once when a message of it cannot be read, and no other", () => {
    send(snapshot);
    for (const kind of ["trade", "quote"] as const)
      bus.publish(marketSubject(BTC, kind), Buffer.from("nonsense"));
    expect(events).toHaveLength(1);
    bus.publish(marketSubject(BTC, "book"), Buffer.from("nonsense"));
    expect(events.slice(1)).toMatchObject([
      { type: "gap", symbol: BTC, reason: "sequence" },
    ]);
  });

  it("tells every known symbol of an outage at once, and asks for snapshots after it", () => {
    send(snapshot);
    bus.setState("disconnected");
    expect(events.at(-1)).toMatchObject({
      type: "gap",
      symbol: BTC,
      reason: "disconnected",
    });
    bus.setState("connected");
    expect(events).toHaveLength(2);
    expect(requested).toEqual(["md.v1.snapshot.BINANCE.BTCUSDT"]);
  });

  it("asks for a snapshot again, ever less often, until one comes", () => {
    feed.requestSnapshot(BTC);
    feed.requestSnapshot(BTC);
    expect(requested).toHaveLength(1);
    clock.advanceMs(250);
    expect(requested).toHaveLength(2);
    clock.advanceMs(499);
    expect(requested).toHaveLength(2);
    clock.advanceMs(1);
    expect(requested).toHaveLength(3);
    clock.advanceMs(60_000);
    expect(requested.length).toBeGreaterThan(10);
    expect(requested.length).toBeLessThan(20);
    const before = requested.length;
    send(snapshot);
    clock.advanceMs(60_000);
    expect(requested).toHaveLength(before);
  });

  it("does not turn a book that breaks at once into a flood of snapshots", () => {
    for (let i = 0; i < 100; i++) {
      feed.requestSnapshot(BTC);
      send(snapshot);
      clock.advanceMs(10);
    }
    // One second, and at most one request each 250 ms.
    expect(requested.length).toBeGreaterThan(2);
    expect(requested.length).toBeLessThan(6);
  });

  it("is silent once stopped", () => {
    feed.requestSnapshot(BTC);
    feed.stop();
    send(snapshot);
    clock.advanceMs(60_000);
    expect(events).toEqual([]);
    expect(requested).toHaveLength(1);
  });

  it("forgets a symbol", () => {
    send(snapshot);
    feed.forget(BTC);
    bus.setState("disconnected");
    expect(events).toHaveLength(1);
  });

  describe("with a publisher that numbers what it sends", () => {
    const ID = "i1abcdef00-1";
    const publish = (event: MarketEvent, number: number, id = ID): void =>
      bus.publish(
        marketSubject(BTC, event.type === "trade" ? "trade" : "book"),
        encodeEvent(event),
        new Map([["fw-pub", `${id} ${number}`]]),
      );
    const trade: MarketEvent = {
      ...head,
      type: "trade",
      tradeId: 1,
      price: 1,
      size: 1,
      side: "buy",
    };
    const told = (): string[] =>
      events.map((event) =>
        event.type === "gap" ? `gap ${event.reason}` : event.type,
      );

    it("voids the symbol when a message was lost, before it hands on the next", () => {
      publish(snapshot, 1);
      publish(delta, 3);
      publish(trade, 4);
      expect(told()).toEqual([
        "bookSnapshot",
        "gap sequence",
        "bookDelta",
        "trade",
      ]);
    });

    it("voids the symbol when another publisher takes over, and leaves what comes twice", () => {
      publish(snapshot, 1);
      publish(snapshot, 1);
      publish(snapshot, 1, "i1abcdef99-1");
      publish(trade, 2);
      expect(told()).toEqual(["bookSnapshot", "gap resync", "bookSnapshot"]);
    });

    it("voids the symbol when a numbered message cannot be read", () => {
      publish(snapshot, 1);
      bus.publish(
        marketSubject(BTC, "trade"),
        new Uint8Array([1]),
        new Map([["fw-pub", `${ID} 2`]]),
      );
      publish(delta, 3);
      expect(told()).toEqual(["bookSnapshot", "gap sequence", "bookDelta"]);
      expect(rejected).toEqual(["E_INPUT_DECODE"]);
    });
  });
});
