/** Faults F46, F48, F50, F52 and F53 of the catalogue, injected into the actors on a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { nsToMs, unixMicros } from "../engine/std/time.ts";
import { ActorStage, BTC, ETH } from "../test/support/actor-stage.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "../test/support/recording-telemetry.ts";

const WITHIN_MS = 2_250;
const HOUR_US = 3_600_000_000;

const liveStage = (): {
  stage: ActorStage;
  telemetry: RecordingTelemetry;
  log: RecordingLog;
} => {
  const telemetry = new RecordingTelemetry();
  const log = new RecordingLog();
  const stage = new ActorStage({ telemetry, log });
  stage.warm(BTC, ETH);
  return { stage, telemetry, log };
};

/** How long the book is away where each request for a snapshot but the first so many is answered so late. */
const awayMs = (stage: ActorStage, wayMs: number, lost: number): number => {
  const brokenNs = stage.clock.nowNs();
  let answered = lost;
  while (!stage.of(BTC).at(-1)!.live && stage.clock.nowNs() < brokenNs + 10e9) {
    if (stage.snapshotsRequested.length > answered) {
      answered = stage.snapshotsRequested.length;
      stage.advanceMs(wayMs);
      stage.feed(stage.snapshot(BTC, 100));
    } else stage.advanceMs(10);
  }
  return nsToMs(stage.clock.nowNs() - brokenNs);
};

describe("F46: bid meets ask", () => {
  it.each([
    ["crossed", 105, 0],
    ["locked", 100.5, 0],
    ["crossed", 105, 2],
  ])(
    "%s by a bid at %d: no signal is live from that message on, and the book is back within 2 s with %i answers lost",
    (reason, price, lost) => {
      const { stage } = liveStage();
      const said = stage.signals.length;
      stage.feed(stage.delta(BTC, [price, 1]));
      // That it uncrosses proves nothing.
      stage.feed(stage.delta(BTC, [price, 0]), stage.trade(BTC, 100));
      expect(stage.signals.slice(said)).toMatchObject([
        { symbol: BTC, live: false, book: { state: "QUARANTINED", reason } },
      ]);
      expect(awayMs(stage, 300, lost)).toBeLessThanOrEqual(2_000);
      expect(stage.of(BTC).at(-1)!.book.state).toBe("LIVE");
    },
  );
});

describe("a gap that the feed tells", () => {
  it("is counted among what voided books, as one that the book finds", () => {
    const { stage, telemetry } = liveStage();
    stage.feed(stage.event(BTC, { type: "gap", reason: "disconnected" }));
    expect(telemetry.of("fusewire_book_events_total{change=voided}")).toBe(1);
    expect(telemetry.of("fusewire_book_findings_total{finding=gaps}")).toBe(1);
    expect(stage.of(BTC).at(-1)!.live).toBe(false);
  });
});

describe("F48: a message with a number out of range", () => {
  it("is not live from that message on, and live again with the next one that goes on from the book", () => {
    const { stage } = liveStage();
    const seq = stage.last.book.seq;
    const spoilt = { ...stage.delta(BTC), bids: [NaN, 1] };
    stage.feed(spoilt);
    expect(stage.of(BTC).at(-1)).toMatchObject({
      live: false,
      confidence: 0,
      book: { state: "SYNCING", reason: "gap" },
    });
    expect(stage.snapshotsRequested).toEqual([BTC]);
    stage.feed({ ...spoilt, bids: [99.5, 4] });
    expect(stage.of(BTC).at(-1)).toMatchObject({
      live: true,
      book: { state: "LIVE", seq: seq + 1, bidPrice: 99.5 },
    });
  });
});

describe("F52: the venue's clock is off", () => {
  it.each([
    ["five seconds ahead", () => 5_000_000],
    ["five seconds behind", () => -5_000_000],
    ["now ahead, now behind", (i: number) => (i % 2 === 0 ? 5e6 : -5e6)],
    ["running backwards", (i: number) => -100_000 * i],
  ])("%s: no age is negative, and none is of it", (_how, skewUsAt) => {
    const { stage } = liveStage();
    const said = stage.of(BTC).length;
    const { inspector } = stage.actors;
    for (let i = 0; i < 100; i++) {
      stage.advanceMs(50);
      stage.feed(
        ...[
          stage.delta(BTC),
          stage.trade(BTC, 100),
          stage.event(BTC, {
            type: "funding",
            rate: 0.0002,
            markPrice: 100,
            nextUs: stage.clock.nowUs(),
          }),
          stage.event(BTC, { type: "openInterest", openInterest: 750 }),
        ].map((event) => ({
          ...event,
          eventUs: unixMicros(event.eventUs + skewUsAt(i)),
        })),
      );
      expect(inspector.health(BTC, stage.clock.nowNs())).toMatchObject({
        state: "LIVE",
        fundingAgeMs: 0,
        openInterestAgeMs: 0,
      });
      expect(inspector.features(BTC)!.every(Number.isFinite)).toBe(true);
    }
    const signals = stage.of(BTC).slice(said);
    expect(signals.length).toBeGreaterThanOrEqual(100);
    for (const { live, sources, emittedUs, receivedUs } of signals) {
      expect(live).toBe(true);
      expect(emittedUs - receivedUs).toBeGreaterThanOrEqual(0);
      for (const { ageMs, freshness } of sources) {
        expect(ageMs).toBeGreaterThanOrEqual(0);
        expect(freshness).toBeGreaterThan(0.9);
      }
    }
  });
});

describe("F50: a feed falls silent", () => {
  it("for one symbol: it alone is stale within 2.25 s, and there is no alarm", () => {
    const { stage, telemetry } = liveStage();
    for (let waited = 0; waited < WITHIN_MS; waited += 50) {
      stage.advanceMs(50);
      stage.feed(stage.delta(ETH));
    }
    expect(stage.of(BTC).at(-1)).toMatchObject({
      live: false,
      confidence: 0,
      book: { state: "STALE", reason: "silent" },
    });
    expect(stage.of(ETH).at(-1)!.live).toBe(true);
    expect(telemetry.of("fusewire_books{state=STALE}")).toBe(1);
    expect(stage.actors.census.isFeedSilent).toBe(false);
  });

  it("for all symbols: all are stale and the feed's alarm is up within 2.25 s, and down with the first book", () => {
    const { stage, telemetry, log } = liveStage();
    stage.advanceMs(WITHIN_MS);
    for (const symbol of [BTC, ETH])
      expect(stage.of(symbol).at(-1)!.book).toMatchObject({
        state: "STALE",
        reason: "silent",
      });
    expect(stage.actors.census.isFeedSilent).toBe(true);
    expect(telemetry.of("fusewire_feed_silent")).toBe(1);
    expect(log.of("feed.silent")).toHaveLength(1);
    stage.feed(stage.delta(BTC));
    expect(stage.of(BTC).at(-1)!.live).toBe(true);
    expect(stage.actors.census.isFeedSilent).toBe(false);
  });
});

describe("F53: our own wall clock jumps", () => {
  // A leap second stepped in, an hour ahead, an hour back, and the second again.
  it.each([
    ["an hour ahead", HOUR_US],
    ["an hour back", -HOUR_US],
    ["by a leap second", -1_000_000],
    ["by a second taken out", 1_000_000],
  ])(
    "%s: nothing is stale that is not, and what is stale is so in time",
    (_how, stepUs) => {
      const { stage } = liveStage();
      const said = stage.signals.length;
      stage.clock.stepWallUs(stepUs);
      for (let i = 0; i < 20; i++) {
        stage.advanceMs(50);
        stage.feed(stage.delta(BTC), stage.delta(ETH));
      }
      expect(stage.signals.slice(said).every(({ live }) => live)).toBe(true);
      expect(stage.signals).toHaveLength(said + 40);
      for (const { sources, sentiment } of stage.signals.slice(said)) {
        expect(sentiment).toBeUndefined();
        for (const { ageMs, freshness } of sources) {
          expect(ageMs).toBeGreaterThanOrEqual(0);
          expect(freshness).toBeGreaterThan(0.9);
        }
      }
      stage.clock.stepWallUs(-stepUs);
      stage.advanceMs(1_999);
      expect(stage.last.live).toBe(true);
      stage.advanceMs(WITHIN_MS - 1_999);
      expect(stage.of(BTC).at(-1)!.book.state).toBe("STALE");
      expect(stage.of(ETH).at(-1)!.book.state).toBe("STALE");
    },
  );

  it("leaves the trust in models as it was: evidence fades by the monotonic clock", () => {
    const { stage } = liveStage();
    const { inspector } = stage.actors;
    for (let i = 0; i < 8; i++) {
      stage.feed(stage.move(BTC, 100 + i, 101 + i));
      stage.advanceMs(500);
    }
    const before = inspector.weights(BTC)!;
    expect(before[0]!.outcomes).toBeGreaterThan(0);
    stage.clock.stepWallUs(24 * HOUR_US);
    expect(inspector.weights(BTC)).toEqual(before);
  });
});
