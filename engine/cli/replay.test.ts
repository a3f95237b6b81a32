import { expect, it } from "vitest";
import { described } from "./replay.ts";

it("tells in a replay's summary what the tape lacks, and says nothing where it lacks nothing", () => {
  const summary = {
    events: 10,
    eventsPerSecond: 5,
    gaps: 0,
    crossed: 0,
    holes: 0,
    lost: 0,
    signals: 3,
    sha256: "ab",
  };
  const plain = [
    "10 events, 5 a second; 0 gaps, 0 crossed books",
    "3 signals, sha256 ab",
  ];
  expect(described(summary).split("\n")).toEqual(plain);
  const [first, last] = plain;
  expect(described({ ...summary, holes: 1, lost: 17 }).split("\n")).toEqual([
    first,
    "the tape has 1 hole, 17 events lost",
    last,
  ]);
  expect(described({ ...summary, holes: 2, lost: 5 })).toContain("2 holes, 5");
});
