import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { decodeBars, encodeBars } from "./bar-archive.ts";
import { BAR_CHANNELS, BarSeries } from "./bar-series.ts";

const filled = (intervalMs: number, capacity: number, bars: number) => {
  const series = new BarSeries(intervalMs, capacity);
  for (let i = 0; i < bars; i++)
    series.push({
      type: "bar",
      symbol: symbolId("BTCUSDT.SIM"),
      eventUs: unixMicros((i + 1) * intervalMs * 1000),
      receivedUs: unixMicros(0),
      receivedNs: monoNanos(0),
      intervalMs,
      openUs: unixMicros(i * intervalMs * 1000),
      open: 100 + i,
      high: 102 + i,
      low: 99 + i,
      close: 101 + i,
      volume: i,
      vwap: 100.5 + i,
      trades: i,
      closed: true,
    });
  return series;
};

describe("the archive of bars", () => {
  it("gives back what it was given, for any series", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(40)), {
          maxLength: 4,
        }),
        (shapes) => {
          const series = shapes.map(([capacity, bars], i) =>
            filled((i + 1) * 1000, capacity, bars),
          );
          const bytes = encodeBars(series);
          const wanted = series.filter(({ length }) => length > 0);
          if (bytes === undefined) {
            expect(wanted).toEqual([]);
            return;
          }
          const kept = decodeBars(bytes);
          expect(kept.length).toBe(wanted.length);
          kept.forEach((one, i) => {
            const { intervalMs, lastOpenUs, length } = wanted[i]!;
            expect(one).toMatchObject({ intervalMs, lastOpenUs, length });
            for (let bar = 0; bar < length; bar++)
              for (let channel = 0; channel < BAR_CHANNELS; channel++)
                expect(one.rows[bar * BAR_CHANNELS + channel]).toBe(
                  wanted[i]!.at(length - 1 - bar, channel),
                );
          });
        },
      ),
    );
  });

  it("takes damaged bytes for bars or refuses them with a code, and never gives a number that is none", () => {
    const bytes = encodeBars([filled(1000, 8, 5), filled(5000, 4, 4)])!;
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.nat(255),
        fc.nat(bytes.length),
        (at, byte, length) => {
          const damaged = bytes.slice(0, length);
          if (at < length) damaged[at] = byte;
          try {
            for (const { rows } of decodeBars(damaged))
              for (const value of rows)
                expect(Number.isFinite(value)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(CodedError);
          }
        },
      ),
    );
  });
});
