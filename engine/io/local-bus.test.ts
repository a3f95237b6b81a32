import { describe, expect, it } from "vitest";
import type { Logger } from "../ports.ts";
import { NO_LOG } from "../ports.ts";
import { LocalBus } from "./local-bus.ts";

const bytes = (text: string) => Buffer.from(text);
const text = (data: Uint8Array) => Buffer.from(data).toString();

describe("the local bus", () => {
  it("delivers before publish returns, to every matching subscriber in order", () => {
    const bus = new LocalBus();
    const seen: string[] = [];
    bus.subscribe("a.*", (m) => seen.push(`1 ${m.subject} ${text(m.data)}`));
    bus.subscribe("a.>", (m) => seen.push(`2 ${m.subject} ${text(m.data)}`));
    bus.publish("a.b", bytes("x"));
    bus.publish("a.b.c", bytes("y"));
    bus.publish("z", bytes("z"));
    expect(seen).toEqual(["1 a.b x", "2 a.b x", "2 a.b.c y"]);
  });

  it("never nests handlers: what a handler publishes waits for its turn", () => {
    const bus = new LocalBus();
    const seen: string[] = [];
    bus.subscribe("in", () => {
      bus.publish("out", bytes("1"));
      seen.push("in done");
    });
    bus.subscribe("in", () => seen.push("second in"));
    bus.subscribe("out", () => seen.push("out"));
    bus.publish("in", bytes(""));
    expect(seen).toEqual(["in done", "second in", "out"]);
  });

  it("keeps going when a handler throws", () => {
    const logged: string[] = [];
    const log: Logger = { ...NO_LOG, error: (event) => logged.push(event) };
    const bus = new LocalBus({ log });
    const seen: string[] = [];
    bus.subscribe("a", () => {
      throw new Error("broken");
    });
    bus.subscribe("a", () => seen.push("a"));
    bus.publish("a", bytes(""));
    bus.publish("a", bytes(""));
    expect(seen).toEqual(["a", "a"]);
    expect(logged).toEqual(["bus.handlerThrew", "bus.handlerThrew"]);
  });

  it("gives each message to one member of a queue group, in turns", () => {
    const bus = new LocalBus();
    const seen: string[] = [];
    bus.subscribe("a", () => seen.push("q1"), "q");
    bus.subscribe("a", () => seen.push("q2"), "q");
    bus.subscribe("a", () => seen.push("all"));
    for (let i = 0; i < 3; i++) bus.publish("a", bytes(""));
    expect(seen).toEqual(["q1", "all", "q2", "all", "q1", "all"]);
  });

  it("stops delivering at once when unsubscribed from inside a handler", () => {
    const bus = new LocalBus();
    const seen: string[] = [];
    bus.subscribe("a", () => second.unsubscribe());
    const second = bus.subscribe("a", () => seen.push("second"));
    bus.publish("a", bytes(""));
    expect(seen).toEqual([]);
  });

  it("drops and counts over its bound, while disconnected and when closed", async () => {
    const bus = new LocalBus({ queueMax: 2 });
    let delivered = 0;
    bus.subscribe("a", () => {
      for (let i = 0; i < 3; i++) bus.publish("b", bytes(""));
    });
    bus.subscribe("b", () => delivered++);
    bus.publish("a", bytes(""));
    expect([delivered, bus.dropped]).toEqual([2, 1]);
    const states: string[] = [];
    bus.onState((state) => states.push(state));
    bus.setState("disconnected");
    bus.publish("b", bytes(""));
    bus.setState("connected");
    await bus.drain();
    bus.publish("b", bytes(""));
    expect([delivered, bus.dropped]).toEqual([2, 3]);
    expect(states).toEqual(["disconnected", "connected", "closed"]);
  });

  it("answers a request once", () => {
    const bus = new LocalBus();
    const seen: string[] = [];
    bus.subscribe("echo", (m) => {
      bus.publish(m.reply!, m.data);
      bus.publish(m.reply!, m.data);
    });
    bus.request("echo", bytes("hi"), (m) => seen.push(text(m.data)));
    expect(seen).toEqual(["hi"]);
  });
});
