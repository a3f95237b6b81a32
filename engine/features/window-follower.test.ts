import { beforeEach, describe, expect, it } from "vitest";
import { barAt } from "../../test/support/bar-samples.ts";
import type { Bar } from "../domain/market-event.ts";
import { BAR_CHANNELS } from "../domain/input-window.ts";
import { Random } from "../std/random.ts";
import { BARS_SET } from "./bars-set.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";
import {
  INPUT_WINDOWS,
  PATCHTST_1M,
  PATCHTST_1S,
  TFT_1M,
  declareWindow,
  inputWindow,
} from "./input-windows.ts";
import { WindowFollower } from "./window-follower.ts";

const MINUTE = 60_000;
let random: Random;
beforeEach(() => {
  random = new Random("windows");
});

const minute = (i: number, over: Partial<Bar> = {}): Bar =>
  barAt(i * MINUTE, 100 + random.normal(), { volume: 1 + i, ...over });

const small = declareWindow({
  name: "small",
  intervalMs: MINUTE,
  length: 3,
  channels: BAR_CHANNELS,
});

describe("an input window of bars", () => {
  it("is what the bars are, oldest first, once it is full", () => {
    const follower = new WindowFollower(small);
    const bars = [0, 1, 2, 3].map((i) => minute(i));
    follower.onBar(bars[0]!);
    follower.onBar(bars[1]!);
    expect(follower.copy()).toBeUndefined();
    follower.onBar(bars[2]!);
    follower.onBar(bars[3]!);
    expect(follower.copy()).toEqual(
      Float32Array.from(
        bars
          .slice(1)
          .flatMap((bar) => BAR_CHANNELS.map((channel) => bar[channel])),
      ),
    );
  });

  it("leaves out bars that are open, told again or of another interval", () => {
    const follower = new WindowFollower(small);
    for (const i of [0, 1, 2]) follower.onBar(minute(i));
    const before = follower.copy();
    follower.onBar(minute(3, { closed: false }));
    follower.onBar(minute(3, { intervalMs: 1000 }));
    follower.onBar(minute(2));
    expect(follower.copy()).toEqual(before);
  });

  it("never spans a hole, nor a number that is missing", () => {
    const follower = new WindowFollower(small);
    for (const i of [0, 1, 2, 4, 5]) follower.onBar(minute(i));
    expect(follower.isFull).toBe(false);
    follower.onBar(minute(6));
    expect(follower.isFull).toBe(true);
    follower.onBar(minute(7, { vwap: NaN }));
    expect(follower.isFull).toBe(false);
  });
});

describe("an input window of bars with indicators and mood", () => {
  const channel = (values: Float32Array, name: string): number[] => {
    const { channels, length } = TFT_1M;
    const at = channels.indexOf(name);
    return Array.from(
      { length },
      (_, row) => values[row * channels.length + at]!,
    );
  };

  it("has the indicators of the bars set, of sixty minutes of which all are known", () => {
    const follower = new WindowFollower(TFT_1M);
    const grid = new GridFeatures({
      sets: [BARS_SET],
      intervalMs: MINUTE,
      fillMax: GRID_FILL_MAX,
    });
    const strengths: number[] = [];
    for (let i = 0; i < 200; i++) {
      const bar = minute(i);
      follower.onBar(bar);
      grid.onBar(bar);
      strengths.push(
        grid.values[BARS_SET.features.findIndex((f) => f.name === "rsi_14")]!,
      );
      const known = strengths.filter((value) => !Number.isNaN(value)).length;
      expect(follower.isFull).toBe(known >= 60);
    }
    const values = follower.copy()!;
    expect(channel(values, "rsi_14")).toEqual(
      strengths.slice(-60).map(Math.fround),
    );
    expect(channel(values, "sentiment_score")).toEqual(Array(60).fill(0));
    follower.onBar(minute(201));
    expect(follower.isFull).toBe(false);
  });

  it("knows the mood of the last hour of news, from its end on", () => {
    const follower = new WindowFollower(TFT_1M);
    for (let i = 0; i < 200; i++) {
      const bar = minute(i);
      if (i === 10)
        follower.onArticle({
          publishedUs: bar.openUs,
          receivedUs: bar.openUs,
          positive: 0.75,
          negative: 0,
          neutral: 0.25,
          headline: "h",
          source: "s",
        });
      follower.onBar(bar);
      if (i < 160) continue;
      // Its hour is the first; the window holds the last sixty minutes.
      const moods = channel(follower.copy()!, "sentiment_score");
      expect(moods).toEqual(Array(60).fill(0.75));
    }
  });
});

describe("the declared windows", () => {
  it("are told apart by hash, over name, interval, length and channels", () => {
    const shapes = [
      small,
      { ...small, name: "other" },
      { ...small, intervalMs: 1000 },
      { ...small, length: 4 },
      { ...small, channels: ["close", "open"] },
    ];
    const hashes = [...shapes.map(declareWindow), ...INPUT_WINDOWS].map(
      ({ hash }) => hash,
    );
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("are those of the seeds, and of the model that is shipped", () => {
    expect(PATCHTST_1M.length * PATCHTST_1M.channels.length).toBe(3072);
    expect(PATCHTST_1S).toMatchObject({ length: 64, intervalMs: 1000 });
    expect(TFT_1M.channels).toContain("macd");
    expect(inputWindow("tft-1m-60")).toBe(TFT_1M);
    expect(() => inputWindow("tft-512")).toThrow("E_FEATURES_UNKNOWN");
  });
});
