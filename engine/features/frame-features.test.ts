import { beforeEach, describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { BAR_INPUTS } from "./bar-inputs.ts";
import type { BarInputName } from "./bar-inputs.ts";
import { FrameFeatures } from "./frame-features.ts";
import { FRAMES_SET } from "./frames-set.ts";

type Minute = Partial<Record<BarInputName, number>>;

const BOOK = { bidDepth5: 3, askDepth5: 1 };

describe("frames", () => {
  let frames: FrameFeatures;
  let minute: number;
  let random: Random;
  beforeEach(() => {
    frames = new FrameFeatures();
    minute = 0;
    random = new Random("frames");
  });

  const push = (given: Minute = {}): void => {
    const close = given.close ?? 100 + random.normal();
    const row: Minute = { open: close, high: close, low: close, close };
    const whole = { ...row, volume: 2, isReal: 1, ...given };
    frames.push(
      minute++,
      Float64Array.from(BAR_INPUTS, (name) => whole[name] ?? NaN),
    );
  };
  const run = (minutes: number, given: Minute = {}): void => {
    for (let i = 0; i < minutes; i++) push(given);
  };
  const value = (name: string): number =>
    frames.values[
      FRAMES_SET.features.findIndex((feature) => feature.name === name)
    ]!;

  it("say over bars alone what their technical score says", () => {
    run(60);
    expect(value("technical_m1")).not.toBeNaN();
    expect(value("score_m1")).toBeCloseTo(value("technical_m1"), 12);
    expect(value("frames_net")).toBeCloseTo(value("technical_m1"), 12);
    for (const name of ["obi_m1", "vpin_m1", "oi_pressure_m1"])
      expect(value(name)).toBeNaN();
  });

  it("lean nowhere after half a day without a move, but for the strength that was", () => {
    run(300, { buyVolume: 2, sellVolume: 0 });
    run(900, { close: 100.25, buyVolume: 2, sellVolume: 0 });
    const technical = value("technical_m1");
    expect([0, 0.1, 0.25]).toContain(Math.abs(technical));
    expect(value("vpin_m1")).toBe(1);
    expect(value("score_m1")).toBeCloseTo((0.25 / 0.45) * technical, 12);
  });

  it("weigh the components that are there", () => {
    for (let i = 0; i < 60; i++)
      push({
        ...BOOK,
        buyVolume: 1.5,
        sellVolume: 0.5,
        openInterest: 1000 + i * i,
      });
    const side = Math.sign(value("ema_trend_m1"));
    expect(value("obi_m1")).toBe(0.5);
    expect(value("vpin_m1")).toBeCloseTo(0.5, 12);
    const sum =
      0.25 * value("technical_m1") +
      0.3 * 0.5 +
      0.2 * side * 0.5 +
      0.06 * value("oi_pressure_m1");
    expect(value("score_m1")).toBeCloseTo(sum / 0.81, 12);
    push(BOOK);
    expect(value("vpin_m1")).toBeNaN();
    expect(value("oi_pressure_m1")).toBeNaN();
    expect(value("score_m1")).toBeCloseTo(
      (0.25 * value("technical_m1") + 0.3 * 0.5) / 0.55,
      12,
    );
  });

  it("know the book of a bar by half of its minutes", () => {
    run(7);
    run(3, BOOK);
    expect(value("obi_m5")).toBe(0.5);
    run(3);
    run(2, BOOK);
    expect(value("obi_m5")).toBeNaN();
  });

  it("take a minute without trades for one in which nobody bought or sold", () => {
    run(49, { buyVolume: 2, sellVolume: 0 });
    // The grid repeats the volume of the row before.
    run(1, { buyVolume: 0, sellVolume: 0, isReal: 0 });
    expect(value("vpin_m1")).toBe(1);
    run(25, { buyVolume: 1, sellVolume: 1 });
    expect(value("vpin_m1")).toBeCloseTo(48 / 98, 12);
  });

  it("take new contracts for a reason that a move goes on, and closed ones for one that it ends", () => {
    let openInterest = 1000;
    for (let i = 0; i < 30; i++) {
      openInterest *= 1.001;
      push({ close: 100 + i, openInterest });
    }
    expect(value("oi_pressure_m1")).toBeCloseTo(0.5, 9);
    push({ close: 131, openInterest: openInterest * 0.9 });
    expect(value("oi_pressure_m1")).toBe(-1);
    push({ close: 100, openInterest: openInterest * 0.8 });
    expect(value("oi_pressure_m1")).toBeGreaterThan(0);
    run(21, { openInterest: 7 });
    expect(value("oi_pressure_m1")).toBeNaN();
  });

  it("count as long as a minute has traded within their bound", () => {
    run(50 * 60 + 59);
    const weights = { m1: 0.05, m5: 0.08, m15: 0.1, m30: 0.12, h1: 0.2 };
    const netOf = (names: readonly (keyof typeof weights)[]): number => {
      const sum = (of: (name: keyof typeof weights) => number): number =>
        names.reduce((total, name) => total + of(name), 0);
      return (
        sum((name) => weights[name] * value(`score_${name}`)) /
        sum((name) => weights[name])
      );
    };
    push();
    expect(value("frames_net")).toBeCloseTo(
      netOf(["m1", "m5", "m15", "m30", "h1"]),
      12,
    );
    const silent = { isReal: 0, close: 100 };
    run(1, silent);
    expect(value("frames_net")).toBeCloseTo(netOf(["m15", "m30", "h1"]), 12);
    run(2, silent);
    expect(value("frames_net")).toBeCloseTo(netOf(["h1"]), 12);
    run(2, silent);
    expect(value("frames_net")).toBeNaN();
    expect(value("frames_entry")).toBeNaN();
    expect(value("score_h1")).not.toBeNaN();
    push();
    expect(value("frames_net")).not.toBeNaN();
  });

  it("are entered on in the shortest one that says enough", () => {
    run(30);
    expect(value("frames_entry")).toBeNaN();
    run(50 * 30);
    for (let i = 0; i < 300; i++) {
      push();
      const [m1, m5, m15, m30] = ["m1", "m5", "m15", "m30"].map(
        (name) => Math.abs(value(`score_${name}`)) > 0.3,
      );
      expect(value("frames_entry")).toBe(
        m1 ? 1 : m5 ? 5 : m15 ? 15 : m30 ? 30 : 0,
      );
    }
  });

  it("agree where the two longest lean to one side", () => {
    run(50 * 360 + 1, BOOK);
    const sides = Math.sign(value("score_h4")) + Math.sign(value("score_h6"));
    expect(value("frames_alignment")).toBe(sides / 2);
    run(11, { isReal: 0, close: 100 });
    expect(value("frames_alignment")).toBeNaN();
  });
});
