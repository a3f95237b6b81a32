import { describe, expect, it } from "vitest";
import { barKindText, parseBarKind, timeBars } from "./bar-kind.ts";

describe("kind of bar", () => {
  it("reads intervals from one second to one day", () => {
    expect(parseBarKind("1s")).toEqual(timeBars(1000));
    expect(parseBarKind("15m")).toEqual(timeBars(900_000));
    expect(parseBarKind("1d")).toEqual(timeBars(86_400_000));
  });

  it("reads sizes", () => {
    expect(parseBarKind("tick:100")).toEqual({
      basis: "tick",
      intervalMs: 0,
      size: 100,
    });
    expect(parseBarKind("volume:2.5").size).toBe(2.5);
    expect(parseBarKind("dollar:1000000").basis).toBe("dollar");
  });

  it("refuses anything else", () => {
    for (const text of [
      "",
      "0s",
      "2d",
      "1w",
      "1.5m",
      "tick:0",
      "tick:1.5",
      "volume:-1",
      "dollar:1e6",
      "100",
    ])
      expect(() => parseBarKind(text), text).toThrow("E_CONFIG_INVALID");
  });

  it("writes what it reads, in its shortest form", () => {
    for (const [text, shortest] of [
      ["60s", "1m"],
      ["90s", "90s"],
      ["24h", "1d"],
      ["volume:2.50", "volume:2.5"],
    ] as const)
      expect(barKindText(parseBarKind(text))).toBe(shortest);
  });
});
