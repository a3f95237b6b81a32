import { describe, expect, it } from "vitest";
import type { Trade } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { SIMULATED_SYMBOLS, simulatedSymbols } from "./simulated-symbols.ts";
import { MarketSimulator } from "./simulator.ts";
import type { MarketSimulatorOptions } from "./simulator.ts";

const run = (options: MarketSimulatorOptions, seconds: number): FeedEvent[] => {
  const simulator = new MarketSimulator(options);
  const events: FeedEvent[] = [];
  for (const { simNs, event } of simulator) {
    if (simNs > seconds * 1e9) return events;
    events.push(event);
  }
  return events;
};

/** P(a random winner ranks above a random loser); ties count half. */
const areaUnderCurve = (
  scores: readonly number[],
  isUp: readonly boolean[],
): number => {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let ranks = 0;
  let ups = 0;
  for (let i = 0; i < order.length;) {
    let end = i;
    while (end < order.length && scores[order[end]!] === scores[order[i]!])
      end++;
    for (let k = i; k < end; k++)
      if (isUp[order[k]!]!) {
        ranks += (i + end + 1) / 2;
        ups++;
      }
    i = end;
  }
  return (ranks - (ups * (ups + 1)) / 2) / (ups * (order.length - ups));
};

describe("MarketSimulator", () => {
  it("begins with a snapshot of each of its eight symbols", () => {
    const events = run({ seed: 1 }, 0);
    expect(events.map((event) => "type" in event && event.type)).toEqual(
      Array.from({ length: 8 }, () => "bookSnapshot"),
    );
    expect(SIMULATED_SYMBOLS.map(({ symbol }) => symbol)).toContain(
      "BTCUSDT.SIM",
    );
  });

  it("gives some 25 book updates a second and symbol, trades and headlines between", () => {
    const events = run({ seed: 2 }, 120);
    const deltas = events.filter(
      (event) => !isHeadline(event) && event.type === "bookDelta",
    );
    const trades = events.filter(
      (event): event is Trade => !isHeadline(event) && event.type === "trade",
    );
    const perSecond = deltas.length / 120 / 8;
    expect(perSecond).toBeGreaterThan(22);
    expect(perSecond).toBeLessThan(28);
    expect(trades.length / 120 / 8).toBeGreaterThan(2);
    expect(events.some(isHeadline)).toBe(true);
    for (const { price, size, side } of trades) {
      expect(price > 0 && size > 0).toBe(true);
      expect(side).not.toBe("unknown");
    }
  });

  it("quotes the best levels when asked to", () => {
    const kinds = (quotes: "none" | "onChange"): Set<string> =>
      new Set(
        run({ seed: 3, quotes }, 5).flatMap((event) =>
          isHeadline(event) ? [] : [event.type],
        ),
      );
    expect(kinds("none").has("quote")).toBe(false);
    expect(kinds("onChange").has("quote")).toBe(true);
  });

  it("writes prices as decimal multiples of the tick", () => {
    for (const event of run({ seed: 4 }, 5)) {
      if (isHeadline(event) || event.type !== "trade") continue;
      expect(String(event.price).length).toBeLessThanOrEqual(8);
      expect(String(event.size).length).toBeLessThanOrEqual(12);
    }
  });

  it("lets the weight at the best levels foretell where the mid is in a second", () => {
    const symbol = symbolId("ETHUSDT.SIM");
    const symbols = SIMULATED_SYMBOLS.filter((spec) => spec.symbol === symbol);
    const simulator = new MarketSimulator({ seed: 5, symbols });
    const imbalances: number[] = [];
    const mids: number[] = [];
    for (let sampleNs = 1e9; ;) {
      const { simNs } = simulator.next();
      if (simNs > 1200e9) break;
      if (simNs < sampleNs) continue;
      sampleNs += 200e6;
      const { bids, asks } = simulator.snapshot(symbol);
      mids.push((bids[0]! + asks[0]!) / 2);
      imbalances.push((bids[1]! - asks[1]!) / (bids[1]! + asks[1]!));
    }
    const moved = mids.flatMap((mid, i) =>
      i + 5 < mids.length && mids[i + 5] !== mid ? [i] : [],
    );
    const auc = areaUnderCurve(
      moved.map((i) => imbalances[i]!),
      moved.map((i) => mids[i + 5]! > mids[i]!),
    );
    expect(auc).toBeGreaterThan(0.6);
    expect(auc).toBeLessThan(0.85);
  });

  it("moves the value after news in the direction of its words", () => {
    const drift = { up: 0, down: 0 };
    for (let seed = 0; seed < 12; seed++) {
      const simulator = new MarketSimulator({
        seed,
        newsEverySeconds: 8,
        updatesPerSecond: 1,
      });
      const heard: { dueNs: number; begin: () => number; up: boolean }[] = [];
      for (const { simNs, event } of simulator) {
        if (simNs > 240e9) break;
        while (heard[0] !== undefined && heard[0].dueNs <= simNs) {
          const { begin, up } = heard.shift()!;
          drift[up ? "up" : "down"] += begin();
        }
        if (!isHeadline(event)) continue;
        const isUp = /raise|Buy|rall|jump|gain|Outperform|surge/.test(
          event.text,
        );
        const isDown = /cut|Sell|fall|drop|slide|tumble|plunge/.test(
          event.text,
        );
        if (!isUp && !isDown) continue;
        const symbol = event.symbols[0]!;
        const before = simulator.fairPrice(symbol);
        heard.push({
          dueNs: simNs + 30e9,
          begin: () => Math.log(simulator.fairPrice(symbol) / before),
          up: isUp,
        });
      }
    }
    expect(drift.up).toBeGreaterThan(0);
    expect(drift.down).toBeLessThan(0);
  });

  it("keeps prices of the order where they began", () => {
    const simulator = new MarketSimulator({ seed: 6, updatesPerSecond: 1 });
    while (simulator.next().simNs < 3600e9);
    for (const { symbol, startPrice } of SIMULATED_SYMBOLS)
      expect(
        Math.abs(Math.log(simulator.fairPrice(symbol) / startPrice)),
      ).toBeLessThan(0.2);
  });

  it("has as many symbols as a load asks for, each named once", () => {
    const symbols = simulatedSymbols(100);
    expect(new Set(symbols.map(({ symbol }) => symbol)).size).toBe(100);
    expect(run({ seed: 7, symbols }, 0)).toHaveLength(100);
  });
});
