import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../std/simulated-clock.ts";
import type { SocketHandlers } from "./socket.ts";
import { VenueConnection, type ConnectionOptions } from "./venue-connection.ts";

const setUp = (options: Partial<ConnectionOptions> = {}) => {
  const clock = new SimulatedClock();
  const sent: string[] = [];
  const downs: [string, number | undefined][] = [];
  let pings = 0;
  let isClosed = false;
  let handlers!: SocketHandlers;
  const connection = new VenueConnection({
    url: "wss://venue.test",
    openSocket: (_request, given) => {
      handlers = given;
      return {
        send: (text) => sent.push(text),
        ping: () => pings++,
        close: () => (isClosed = true),
      };
    },
    clock,
    timers: clock,
    limits: {
      connectTimeoutMs: 1_000,
      payloadBytesMax: 1_000,
      sendMax: 4,
      messagesPerSecondMax: 2,
      silenceMs: 3_000,
    },
    ping: undefined,
    onOpen: () => undefined,
    onText: () => undefined,
    onDown: (reason, retryAfterMs) => downs.push([reason, retryAfterMs]),
    ...options,
  });
  return {
    clock,
    connection,
    sent,
    downs,
    handlers: () => handlers,
    pings: () => pings,
    isClosed: () => isClosed,
  };
};

describe("VenueConnection", () => {
  it("sends nothing before it is open, and then no faster than the venue allows", () => {
    const { clock, connection, handlers, sent } = setUp();
    for (const text of ["a", "b", "c", "d"]) connection.send(text);
    expect(sent).toEqual([]);
    handlers().onOpen();
    expect(sent).toEqual(["a", "b"]);
    clock.advanceMs(999);
    expect(sent).toEqual(["a", "b"]);
    clock.advanceMs(1);
    expect(sent).toEqual(["a", "b", "c", "d"]);
  });

  it("gives up when more waits to be sent than may", () => {
    const { connection, downs, isClosed } = setUp();
    for (let i = 0; i < 5; i++) connection.send("x");
    expect(downs).toEqual([["sendOverflow", undefined]]);
    expect(isClosed()).toBe(true);
  });

  it("gives up what does not open in time", () => {
    const { clock, downs, isClosed } = setUp();
    clock.advanceMs(1_250);
    expect(downs).toEqual([["connectTimeout", undefined]]);
    expect(isClosed()).toBe(true);
  });

  it("gives up a connection without a sign of life, however small, for its time", () => {
    const { clock, handlers, downs, pings } = setUp();
    handlers().onOpen();
    for (let i = 0; i < 10; i++) {
      clock.advanceMs(2_000);
      handlers().onAlive();
    }
    expect(downs).toEqual([]);
    expect(pings()).toBe(20);
    clock.advanceMs(3_750);
    expect(downs).toEqual([["silent", undefined]]);
  });

  it("pings by message where the venue wants that", () => {
    const { clock, handlers, sent, pings } = setUp({
      ping: { everyMs: 1_000, text: "ping" },
    });
    handlers().onOpen();
    clock.advanceMs(2_000);
    expect(sent).toEqual(["ping", "ping"]);
    expect(pings()).toBe(0);
  });

  it("tells why it was lost, once, and how long the venue wants to be left alone", () => {
    const refused = setUp();
    refused.handlers().onEnd({ code: 1006, status: 429, retryAfterMs: 7_000 });
    refused.handlers().onEnd({ code: 1006 });
    expect(refused.downs).toEqual([["refused", 7_000]]);
    const large = setUp();
    large.handlers().onOpen();
    large.handlers().onEnd({ code: 1009 });
    expect(large.downs).toEqual([["oversize", undefined]]);
  });

  it("says nothing more once it was closed", () => {
    const { clock, connection, handlers, downs } = setUp();
    handlers().onOpen();
    connection.close();
    handlers().onEnd({ code: 1000 });
    clock.advanceMs(60_000);
    expect(downs).toEqual([]);
  });
});
