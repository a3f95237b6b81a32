import { describe, expect, it } from "vitest";
import { barAt } from "../../test/support/bar-samples.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos } from "../std/time.ts";
import { References } from "./references.ts";

const BTC = symbolId("BTCUSDT.SIM");
const ms = (at: number) => monoNanos(at * 1e6);

describe("references", () => {
  const btc = () => new References([BTC, BTC]).of(BTC)!;

  it("are found by symbol, once each, and others are none", () => {
    const references = new References([BTC, BTC]);
    expect(references.all.map(({ symbol }) => symbol)).toEqual([BTC]);
    expect(references.of(symbolId("ETHUSDT.SIM"))).toBeUndefined();
  });

  it("know their mid of a while ago", () => {
    const reference = btc();
    for (let at = 0; at <= 10_000; at += 50)
      reference.moved(100 + at / 1000, 0.5, ms(at));
    const now = ms(10_000);
    expect(reference).toMatchObject({ isLive: true, mid: 110, spread: 0.5 });
    expect(reference.midBefore(5_000, now)).toBe(105);
    expect(reference.midBefore(4_970, now)).toBe(105);
    expect(reference.logReturn(10_000, now)).toBe(Math.log(1.1));
    expect(reference.midBefore(10_001, now)).toBe(0);
    expect(reference.logReturn(20_000, now)).toBe(0);
  });

  it("keep a minute and no more", () => {
    const reference = btc();
    for (let at = 0; at <= 120_000; at += 100)
      reference.moved(1 + at, 1, ms(at));
    expect(reference.midBefore(60_000, ms(120_000))).toBe(60_001);
    expect(reference.midBefore(60_001, ms(120_000))).toBe(0);
  });

  it("forget everything when their book is lost, and say how old they are", () => {
    const reference = btc();
    expect(reference.ageMs(ms(1))).toBe(Infinity);
    reference.moved(100, 1, ms(0));
    reference.voided();
    expect(reference).toMatchObject({ isLive: false, mid: 0, spread: 0 });
    expect(reference.midBefore(0, ms(1_000))).toBe(0);
    expect(reference.ageMs(ms(1_000))).toBe(1_000);
    reference.moved(50, 1, ms(2_000));
    expect(reference.logReturn(500, ms(3_000))).toBe(0);
  });

  it("keep the closes of a day of minutes, as many as a follower's hole is filled with", () => {
    const reference = btc();
    const minute = (i: number) => i * 60_000;
    const closeOf = (i: number) => reference.minuteClose(minute(i) * 1000);
    const last = 3000;
    for (let i = 0; i <= last; i++)
      reference.closed(barAt(minute(i), 100 + i, { symbol: BTC }));
    for (const i of [last, last - 9, last - 700, last - 1440])
      expect(closeOf(i)).toBe(100 + i);
    expect(closeOf(last + 1)).toBeNaN();
    expect(closeOf(0)).toBeNaN();
    expect(reference.lastMinuteUs).toBe(minute(last) * 1000);
  });
});
