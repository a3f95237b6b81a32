import { describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import { monoNanos } from "../engine/std/time.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "../test/support/recording-telemetry.ts";
import { BookCensus } from "./book-census.ts";
import { SymbolSlot } from "./symbol-slot.ts";

const stage = () => {
  const telemetry = new RecordingTelemetry();
  const log = new RecordingLog();
  const census = new BookCensus(telemetry, log);
  const [a, b] = ["A", "B"].map(
    (name) => new SymbolSlot(symbolId(`${name}.SIM`), 0),
  ) as [SymbolSlot, SymbolSlot];
  return { telemetry, log, census, a, b };
};
const at = (ms: number) => monoNanos(ms * 1e6);

describe("the census of books", () => {
  it("counts each book once, where it stands now", () => {
    const { telemetry, census, a, b } = stage();
    census.said(a, "SYNCING", "noSnapshot", at(1));
    census.said(b, "LIVE", "none", at(1));
    census.said(a, "LIVE", "none", at(2));
    census.said(a, "LIVE", "none", at(3));
    census.said(b, "QUARANTINED", "crossed", at(3));
    expect(telemetry.of("fusewire_books{state=LIVE}")).toBe(1);
    expect(telemetry.of("fusewire_books{state=SYNCING}")).toBe(0);
    expect(telemetry.of("fusewire_books{state=QUARANTINED}")).toBe(1);
    expect(telemetry.of("fusewire_books_not_live{reason=crossed}")).toBe(1);
    expect(a.sinceNs).toBe(at(2));
    expect(b).toMatchObject({
      lastError: "E_BOOK_CROSSED",
      lastErrorNs: at(3),
    });
    census.left(b);
    expect(telemetry.of("fusewire_books{state=QUARANTINED}")).toBe(0);
  });

  it("alarms when the last live book falls silent, until one is live again", () => {
    const { telemetry, log, census, a, b } = stage();
    census.said(a, "LIVE", "none", at(1));
    census.said(b, "LIVE", "none", at(1));
    census.said(a, "STALE", "silent", at(2));
    expect(census.isFeedSilent).toBe(false);
    census.said(b, "STALE", "frozen", at(3));
    expect(census.isFeedSilent).toBe(true);
    expect(telemetry.of("fusewire_feed_silent")).toBe(1);
    expect(log.of("feed.silent")).toMatchObject([
      { level: "error", fields: { code: "E_TIME_STALE", symbols: 2 } },
    ]);
    census.said(a, "SYNCING", "disconnected", at(4));
    census.left(a);
    expect(census.isFeedSilent).toBe(true);
    census.said(b, "LIVE", "none", at(5));
    expect(census.isFeedSilent).toBe(false);
    expect(telemetry.of("fusewire_feed_silent")).toBe(0);
    expect(telemetry.of("fusewire_feed_silences_total")).toBe(1);
  });

  it("does not take a start or a lost connection for silence", () => {
    const { census, a, b } = stage();
    census.said(a, "SYNCING", "noSnapshot", at(1));
    census.said(b, "LIVE", "none", at(1));
    census.said(b, "SYNCING", "disconnected", at(2));
    expect(census.isFeedSilent).toBe(false);
  });
});
