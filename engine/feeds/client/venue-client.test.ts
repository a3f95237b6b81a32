import { describe, expect, it } from "vitest";
import type { MarketEvent } from "../../domain/market-event.ts";
import { symbolId, type SymbolId } from "../../domain/symbol.ts";
import { Random } from "../../std/random.ts";
import { SimulatedClock } from "../../std/simulated-clock.ts";
import type { ClientLimits } from "./client-limits.ts";
import { NO_TELEMETRY, type Telemetry } from "../../ports.ts";
import { RecordingTelemetry } from "../../../test/support/recording-telemetry.ts";
import { bybitProfile } from "./profiles/bybit-profile.ts";
import { krakenProfile } from "./profiles/kraken-profile.ts";
import type { SocketHandlers } from "./socket.ts";
import { VenueFeed } from "./venue-feed.ts";

const SYMBOL = symbolId("BTC=2FUSD.KRAKEN");

const setUp = (
  limits: Partial<ClientLimits> = {},
  symbols: readonly SymbolId[] = [SYMBOL],
  profile = krakenProfile("proven"),
  telemetry: Telemetry = NO_TELEMETRY,
) => {
  const clock = new SimulatedClock();
  const events: MarketEvent[] = [];
  const sockets: { handlers: SocketHandlers; atMs: number; sent: string[] }[] =
    [];
  const feed = new VenueFeed({
    profile,
    symbols,
    channels: ["book"],
    clock,
    timers: clock,
    random: new Random(7),
    limits,
    telemetry,
    onEvent: (event) => events.push(event),
    openSocket: (_request, handlers) => {
      const sent: string[] = [];
      sockets.push({ handlers, atMs: clock.nowNs() / 1e6, sent });
      return {
        send: (text) => sent.push(text),
        ping: () => undefined,
        close: () => undefined,
      };
    },
  });
  feed.start();
  const last = () => sockets.at(-1)!;
  const gaps = () =>
    events.map((event) => (event.type === "gap" ? event.reason : event.type));
  return { clock, feed, sockets, last, gaps };
};

describe("VenueClient on simulated time", () => {
  it("subscribes when it is open, and again on every new connection", () => {
    const { clock, last, sockets, gaps } = setUp();
    last().handlers.onOpen();
    expect(last().sent.join()).toContain('"channel":"book"');
    last().handlers.onEnd({ code: 1001 });
    expect(gaps()).toEqual(["disconnected"]);
    clock.advanceMs(500);
    expect(sockets.length).toBe(2);
    last().handlers.onOpen();
    expect(last().sent.join()).toContain('"method":"subscribe"');
  });

  it("never gives up, waits longer and longer, and stays inside the venue's limit", () => {
    const { clock, sockets, last } = setUp({ connectsPer5MinutesMax: 20 });
    for (let i = 0; i < 3_600; i++) {
      last().handlers.onEnd({ code: 1006 });
      clock.advanceMs(1_000);
    }
    expect(sockets.length).toBeGreaterThan(100);
    const times = sockets.map(({ atMs }) => atMs);
    expect(times[3]! - times[0]!).toBeLessThan(6_000);
    for (const from of times)
      expect(
        times.filter((at) => at >= from && at < from + 300_000).length,
      ).toBeLessThanOrEqual(20);
  });

  it("waits as long as the venue says", () => {
    const { clock, sockets, last } = setUp();
    last().handlers.onEnd({ code: 1006, status: 429, retryAfterMs: 90_000 });
    clock.advanceMs(89_999);
    expect(sockets.length).toBe(1);
    clock.advanceMs(1);
    expect(sockets.length).toBe(2);
  });

  it("replaces a connection that only answers pings", () => {
    const { clock, sockets, last, gaps } = setUp();
    last().handlers.onOpen();
    for (let i = 0; i < 125; i++) {
      clock.advanceMs(1_000);
      if (sockets.length === 1) last().handlers.onText('{"method":"pong"}');
    }
    expect(sockets.length).toBe(2);
    expect(gaps()).toEqual(["disconnected"]);
  });

  it("voids the books as overflown when more waits than may", () => {
    const { clock, last, sockets, gaps } = setUp({
      turnMax: 2,
      waitingMax: 3,
    });
    last().handlers.onOpen();
    for (let i = 0; i < 6; i++) last().handlers.onText('{"method":"pong"}');
    expect(gaps()).toEqual(["overflow"]);
    clock.advanceMs(500);
    expect(sockets.length).toBe(2);
  });

  it("gives up a connection whose frames cannot be read, for nobody would miss them", () => {
    const { last, gaps } = setUp();
    last().handlers.onOpen();
    last().handlers.onText('{"channel":');
    expect(gaps()).toEqual(["disconnected"]);
  });

  it("voids the book of a refused message at once, counts it, and subscribes it again", () => {
    const symbols = ["BTCUSDT", "ETHUSDT"].map((name) =>
      symbolId(`${name}.BYBIT`),
    );
    const telemetry = new RecordingTelemetry();
    const { clock, last, gaps } = setUp(
      {},
      symbols,
      bybitProfile("linear"),
      telemetry,
    );
    const book = (s: string, type: string, u: number, size: string): string =>
      JSON.stringify({
        topic: `orderbook.50.${s}`,
        ...{ type, ts: 1_672_304_484_978 },
        data: { s, u, b: [["100", size]], a: [["101", "1"]] },
      });
    last().handlers.onOpen();
    last().handlers.onText(book("BTCUSDT", "snapshot", 1, "1"));
    last().handlers.onText(book("ETHUSDT", "snapshot", 1, "1"));
    last().handlers.onText(book("BTCUSDT", "delta", 2, "-1"));
    expect(gaps()).toEqual(["bookSnapshot", "bookSnapshot", "sequence"]);
    const count = (name: string): number =>
      telemetry.of(`fusewire_venue_${name}`);
    expect(count("malformed_total{venue=BYBIT,code=E_INPUT_RANGE}")).toBe(1);
    expect(count("gaps_total{venue=BYBIT,reason=sequence}")).toBe(1);
    clock.advanceMs(5_000);
    const again = last().sent.filter((text) => text.includes('"unsubscribe"'));
    expect(again.join()).toContain("BTCUSDT");
    expect(again.join()).not.toContain("ETHUSDT");
  });

  it("asks for many books in few messages", () => {
    const symbols = Array.from({ length: 80 }, (_, i) =>
      symbolId(`C${i}=2FUSD.KRAKEN`),
    );
    const { clock, last } = setUp({}, symbols);
    last().handlers.onOpen();
    expect(last().sent.length).toBe(2);
    for (let i = 0; i < 4; i++) {
      clock.advanceMs(1_000);
      last().handlers.onText('{"method":"pong"}');
    }
    const again = last().sent.filter((text) => text.includes('"book"'));
    expect(again.map((text) => /"(\w+)"/.exec(text.slice(9))![1])).toEqual([
      ...["subscribe", "subscribe"],
      ...["unsubscribe", "unsubscribe", "subscribe", "subscribe"],
    ]);
    expect(again[5]).toContain("C79/USD");
  });

  it("subscribes a silent book again with growing patience", () => {
    const { clock, last } = setUp();
    last().handlers.onOpen();
    for (let i = 0; i < 100; i++) {
      clock.advanceMs(1_000);
      last().handlers.onText('{"method":"pong"}');
    }
    const unsubscribed = last().sent.filter((text) =>
      text.includes('"unsubscribe"'),
    );
    expect(unsubscribed.length).toBeGreaterThanOrEqual(5);
    expect(unsubscribed.length).toBeLessThan(9);
  });

  it("says nothing more once it was stopped", () => {
    const { clock, feed, sockets, last, gaps } = setUp();
    last().handlers.onOpen();
    feed.stop();
    last().handlers.onEnd({ code: 1000 });
    clock.advanceMs(600_000);
    expect([sockets.length, gaps()]).toEqual([1, []]);
  });
});
