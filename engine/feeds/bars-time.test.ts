import { describe, expect, it } from "vitest";
import { detectTimeUnit, isoUs, timeParser } from "./bars-time.ts";

const AT_US = Date.UTC(2022, 11, 13, 1, 2, 3) * 1000;

describe("a time column", () => {
  it.each([
    ["1670893323", "s"],
    ["1670893323.5", "s"],
    ["1670893323000", "ms"],
    ["1670893323000000", "us"],
    ["1670893323000000000", "ns"],
    ["2022-12-13 01:02:03", "iso"],
    ["2022-12-13T01:02:03Z", "iso"],
    ["20221213 01:02:03", "iso"],
    ["20221213", "iso"],
  ])("recognises %s as %s", (cell, unit) => {
    expect(detectTimeUnit(cell, false)).toBe(unit);
  });

  it("takes small numbers for times of day only where the day is known", () => {
    expect(detectTimeUnit("60000", true)).toBe("msOfDay");
    expect(() => detectTimeUnit("60000", false)).toThrow("E_BARS_UNCLEAR");
    expect(() => timeParser("msOfDay", undefined)).toThrow("E_BARS_UNCLEAR");
    expect(timeParser("msOfDay", AT_US)("60000")).toBe(AT_US + 60_000_000);
  });

  it.each(["", "yesterday", "12:30", "NaN", "-5", "2022-13-01", "2022-06-31"])(
    "asks about %j",
    (cell) => {
      expect(() => detectTimeUnit(cell, false)).toThrow("E_BARS_UNCLEAR");
    },
  );

  it.each([
    ["2022-12-13 01:02:03", AT_US],
    ["2022-12-13T01:02:03Z", AT_US],
    ["2022-12-13 03:02:03+02:00", AT_US],
    ["2022-12-12T20:32:03-0430", AT_US],
    ["2022-12-13 01:02:03.000250 UTC", AT_US + 250],
    ["2022-12-13T01:02:03.123456789Z", AT_US + 123_456],
    ["2022-12-13 01:02", AT_US - 3_000_000],
    ["2022-12-13", AT_US - 3_723_000_000],
    ["2022-12-13 24:00:00", Number.NaN],
    ["2022-12-13 01:60:00", Number.NaN],
  ])("reads %s", (cell, us) => {
    expect(isoUs(cell)).toBe(us);
  });

  it("loses no microsecond in any unit", () => {
    const us = AT_US + 123_456;
    expect(timeParser("us", undefined)(String(us))).toBe(us);
    expect(timeParser("ns", undefined)(`${us}789`)).toBe(us);
    expect(timeParser("ms", undefined)(String(us / 1000))).toBe(us);
    expect(timeParser("s", undefined)(String(us / 1e6))).toBe(us);
    expect(timeParser("us", undefined)("")).toBeNaN();
  });
});
