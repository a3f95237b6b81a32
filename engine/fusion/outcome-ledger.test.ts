import { describe, expect, it } from "vitest";
import { monoNanos } from "../std/time.ts";
import { DEFAULT_LEDGER_OPTIONS, OutcomeLedger } from "./outcome-ledger.ts";
import type { LedgerOptions } from "./outcome-ledger.ts";

const ms = (n: number) => monoNanos(n * 1_000_000);

const setUp = (horizonsMs: number[], options: Partial<LedgerOptions> = {}) => {
  const ledger = new OutcomeLedger(horizonsMs, {
    ...DEFAULT_LEDGER_OPTIONS,
    ...options,
  });
  const matured: [number, string, number][] = [];
  const mature = (atMs: number, mid: number) => {
    ledger.mature(ms(atMs), mid, (source, _p, _r, verdict, maturedNs) =>
      matured.push([source, verdict, maturedNs / 1e6]),
    );
  };
  return { ledger, matured, mature };
};

describe("the outcome ledger", () => {
  it("matures a statement at its horizon and not before", () => {
    const { ledger, matured, mature } = setUp([1000]);
    ledger.state(0, 0.8, 100, ms(0));
    mature(999, 101);
    expect(matured).toEqual([]);
    mature(1000, 101);
    expect(matured).toEqual([[0, "hit", 1000]]);
  });

  it("judges by the side that the probability lies on", () => {
    const { ledger, matured, mature } = setUp([1000, 1000, 1000, 1000]);
    ledger.state(0, 0.6, 100, ms(0));
    ledger.state(1, 0.4, 100, ms(0));
    mature(1000, 99);
    ledger.state(2, 0.6, 100, ms(2000));
    ledger.state(3, 0.4, 100, ms(2000));
    mature(3000, 101);
    expect(matured.map(([, verdict]) => verdict)).toEqual([
      "miss",
      "hit",
      "hit",
      "miss",
    ]);
  });

  it("reports the log return over the horizon", () => {
    const { ledger } = setUp([1000]);
    ledger.state(0, 0.7, 100, ms(0));
    let seen = 0;
    ledger.mature(ms(1000), 102, (_s, _p, logReturn) => (seen = logReturn));
    expect(seen).toBeCloseTo(Math.log(1.02), 14);
  });

  it("skips ties, or counts them as misses where told so", () => {
    const skipping = setUp([1000]);
    skipping.ledger.state(0, 0.7, 100, ms(0));
    skipping.mature(1000, 100);
    expect(skipping.matured).toEqual([]);
    expect(skipping.ledger.counts.ties).toBe(1);
    const missing = setUp([1000], { tie: "miss" });
    missing.ledger.state(0, 0.3, 100, ms(0));
    missing.mature(1000, 100);
    expect(missing.matured).toEqual([[0, "miss", 1000]]);
  });

  it("takes no more statements of a source than its spacing allows", () => {
    const { ledger } = setUp([1000], { spacingHorizons: 0.25 });
    for (let t = 0; t < 1000; t += 10) ledger.state(0, 0.7, 100, ms(t));
    expect(ledger.open).toBe(4);
    expect(ledger.counts.overflowed).toBe(0);
  });

  it("is bounded and counts what did not fit", () => {
    const { ledger } = setUp([1000], { spacingHorizons: 0, openMax: 3 });
    for (let t = 0; t < 10; t++) ledger.state(0, 0.7, 100, ms(t));
    expect(ledger.open).toBe(3);
    expect(ledger.counts.overflowed).toBe(7);
  });

  it("ignores a statement without a side, or without a price to measure from", () => {
    const { ledger } = setUp([1000, 1000]);
    ledger.state(0, 0.5, 100, ms(0));
    ledger.state(1, 0.7, NaN, ms(0));
    expect(ledger.open).toBe(0);
  });

  it("voids what is open when the book is no longer live", () => {
    const { ledger, matured, mature } = setUp([1000, 5000]);
    ledger.state(0, 0.7, 100, ms(0));
    ledger.state(1, 0.7, 100, ms(0));
    ledger.voidAll();
    mature(6000, 110);
    expect(matured).toEqual([]);
    expect(ledger.counts.voided).toBe(2);
    ledger.state(0, 0.7, 100, ms(7000));
    mature(8000, 110);
    expect(matured).toEqual([[0, "hit", 8000]]);
  });

  it("keeps sources of different horizons apart", () => {
    const { ledger, matured, mature } = setUp([1000, 5000]);
    for (let t = 0; t <= 5000; t += 100) {
      mature(t, 100 + t / 1000);
      ledger.state(0, 0.7, 100 + t / 1000, ms(t));
      ledger.state(1, 0.2, 100 + t / 1000, ms(t));
    }
    expect(matured.filter(([source]) => source === 0)).toHaveLength(5);
    expect(matured.filter(([source]) => source === 1)).toEqual([
      [1, "miss", 5000],
    ]);
  });

  it("goes round its rings for ever", () => {
    const { ledger, matured, mature } = setUp([10], {
      openMax: 3,
      spacingHorizons: 0.5,
    });
    for (let t = 0; t < 10_000; t += 5) {
      mature(t, 100 + t);
      ledger.state(0, 0.9, 100 + t, ms(t));
    }
    expect(ledger.counts.overflowed).toBe(0);
    expect(matured).toHaveLength(ledger.counts.stated - ledger.open);
    expect(matured.every(([, verdict]) => verdict === "hit")).toBe(true);
  });
});
