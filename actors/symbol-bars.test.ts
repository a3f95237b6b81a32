import { describe, expect, it } from "vitest";
import type { Bar } from "../engine/domain/market-event.ts";
import { parseBarKind, timeBars } from "../engine/market/bar-kind.ts";
import { SYMBOL, tradeAt } from "../test/support/bar-samples.ts";
import { RecordingTelemetry } from "../test/support/recording-telemetry.ts";
import { BarCounters } from "./bar-counters.ts";
import { symbolBars } from "./symbol-bars.ts";

describe("a symbol's bars", () => {
  it("are those that models ask for and those of the configuration, and faults are counted", () => {
    const telemetry = new RecordingTelemetry();
    const bars: Bar[] = [];
    const book = symbolBars(
      SYMBOL,
      new Map([[1000, 4]]),
      {
        kinds: [parseBarKind("5s"), parseBarKind("tick:10")],
        length: 7,
        policies: {},
      },
      new BarCounters(telemetry),
      (bar) => bars.push(bar),
    );
    for (let i = 0; i < 40; i++) {
      const trade = tradeAt(i * 500, 10, 1, { tradeId: i + 1 });
      book.onTrade(trade);
      book.onTrade(trade);
    }
    book.onTrade(tradeAt(3000, 10, 1, { tradeId: 1000 }));
    book.onTrade(tradeAt(20_000, 10, 1, { tradeId: 1001 }));
    expect(book.series(timeBars(1000))!.capacity).toBe(4);
    expect(book.series(timeBars(5000))!.length).toBe(4);
    expect(book.series(parseBarKind("tick:10"))!.length).toBe(4);
    expect(book.series(timeBars(60_000))).toBeUndefined();
    expect(telemetry.of("fusewire_bars_closed_total")).toBe(bars.length);
    const fault = (name: string): number =>
      telemetry.of(`fusewire_bar_faults_total{fault=${name}}`);
    expect(fault("duplicateTrades")).toBe(40);
    expect(fault("lateTrades")).toBe(1);
    expect(fault("holes")).toBe(0);
  });
});
