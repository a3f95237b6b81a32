import { describe, expect, it } from "vitest";
import { SYMBOL, barAt, timeAt } from "../../test/support/bar-samples.ts";
import type { Bar } from "../domain/market-event.ts";
import { BAR_LANE_DEFAULTS, BarLane } from "./bar-lane.ts";
import type { BarLanePolicies } from "./bar-lane.ts";

const MINUTE = 60_000;
const lane = (policies: Partial<BarLanePolicies> = {}) => {
  const bars: Bar[] = [];
  const merges = new BarLane(
    SYMBOL,
    MINUTE,
    100,
    { ...BAR_LANE_DEFAULTS, ...policies },
    (bar) => bars.push(bar),
  );
  const advance = (ms: number): void => merges.advanceTo(timeAt(ms));
  return { bars, merges, advance };
};

describe("bar lane", () => {
  it("settles each interval once, whoever tells it and however often", () => {
    const { bars, merges } = lane();
    merges.offer(barAt(0, 10), "built", "whole");
    merges.offer(barAt(0, 10), "venue", "whole");
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    merges.offer(barAt(MINUTE, 11.5), "built", "whole");
    merges.offer(barAt(0, 10), "venue", "whole");
    expect(bars.map(({ close }) => close)).toEqual([10, 11]);
    expect(merges).toMatchObject({ repeated: 3, conflicts: 1, settled: 2 });
  });

  it("waits for the venue's bar where that is preferred and the venue speaks", () => {
    const { bars, merges, advance } = lane({ prefer: "venue" });
    merges.offer(barAt(0, 10), "built", "whole");
    expect(bars).toHaveLength(1);
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    merges.offer(barAt(2 * MINUTE, 12), "built", "whole");
    expect(bars).toHaveLength(2);
    merges.offer(barAt(2 * MINUTE, 12.5), "venue", "whole");
    expect(bars.at(-1)!.close).toBe(12.5);
    merges.offer(barAt(3 * MINUTE, 13), "built", "whole");
    advance(4 * MINUTE + 999);
    expect(bars).toHaveLength(3);
    advance(4 * MINUTE + 1000);
    expect(bars.at(-1)!.close).toBe(13);
    expect(merges.conflicts).toBe(0);
  });

  it("takes the venue's bar in place of a damaged one", () => {
    const { bars, merges } = lane();
    merges.offer(barAt(0, 10), "venue", "whole");
    merges.offer(barAt(MINUTE, 99), "built", "damaged");
    expect(bars).toHaveLength(1);
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    expect(bars.at(-1)!.close).toBe(11);
  });

  it("puts bars that came out of order into order while they wait", () => {
    const { bars, merges } = lane({ fillWaitMs: 3 * MINUTE });
    merges.offer(barAt(0, 10), "venue", "whole");
    merges.offer(barAt(2 * MINUTE, 12), "venue", "whole");
    expect(bars).toHaveLength(1);
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    expect(bars.map(({ close }) => close)).toEqual([10, 11, 12]);
  });

  it("fills what stays missing flat, and leaves out what comes too late", () => {
    const { bars, merges, advance } = lane();
    merges.offer(barAt(0, 10), "venue", "whole");
    advance(2 * MINUTE + 4999);
    expect(bars).toHaveLength(1);
    advance(2 * MINUTE + 5000);
    expect(bars[1]).toMatchObject({
      openUs: 6e7,
      open: 10,
      close: 10,
      volume: 0,
      trades: 0,
      closed: true,
    });
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    expect(merges).toMatchObject({ filled: 1, repeated: 1, settled: 2 });
  });

  it("leaves out open bars and bars that overlap two intervals", () => {
    const { bars, merges } = lane();
    merges.offer(barAt(0, 10, { closed: false }), "venue", "whole");
    merges.offer(barAt(MINUTE / 2, 10), "venue", "whole");
    expect(bars).toHaveLength(0);
    expect(merges).toMatchObject({ unclosed: 1, misaligned: 1 });
  });

  it("empties its series at a hole too long to be filled", () => {
    const { bars, merges, advance } = lane({ flatMax: 5 });
    merges.offer(barAt(0, 10), "venue", "whole");
    merges.offer(barAt(MINUTE, 10), "venue", "whole");
    advance(100 * MINUTE);
    expect(merges).toMatchObject({ holes: 1, filled: 0 });
    expect(merges.series.length).toBe(0);
    merges.offer(barAt(103 * MINUTE, 11), "venue", "whole");
    advance(110 * MINUTE);
    expect(bars.slice(0, 3).map(({ openUs }) => openUs / 6e7)).toEqual([
      0, 1, 103,
    ]);
  });

  it("does not believe one bar of a far future", () => {
    const { bars, merges } = lane();
    merges.offer(barAt(0, 10), "venue", "whole");
    merges.offer(barAt(5000 * MINUTE, 10), "venue", "whole");
    merges.offer(barAt(MINUTE, 11), "venue", "whole");
    expect(bars.map(({ close }) => close)).toEqual([10, 11]);
    merges.offer(barAt(6000 * MINUTE, 12), "venue", "whole");
    merges.offer(barAt(6001 * MINUTE, 13), "venue", "whole");
    expect(bars.at(-1)!.close).toBe(13);
    expect(merges.holes).toBe(1);
  });
});
