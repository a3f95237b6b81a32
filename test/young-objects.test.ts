import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { INSTALLATION } from "../engine/installation.ts";

const built = join(INSTALLATION.root, "dist/engine/io/young-objects.js");

/** Keeps the first objects of one place in the code until they are old, then drops each: says how many bytes of the latter became old. */
const growth = `
import { getHeapSpaceStatistics } from "node:v8";
import { keepObjectsYoung } from ${JSON.stringify(pathToFileURL(built).href)};
keepObjectsYoung();
const oldBytes = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === "old_space").space_used_size;
const make = (i) => [i, i + 0.5, i + 1];
const kept = [];
for (let i = 0; i < 400_000; i++) kept.push(make(i));
for (let i = 0; i < 2_000_000; i++) globalThis.other = { i };
const before = oldBytes();
let most = before;
for (let i = 0; i < 400_000; i++) {
  globalThis.dropped = make(i);
  if (i % 10_000 === 0) most = Math.max(most, oldBytes());
}
globalThis.kept = kept;
console.log(most - before);
`;

describe("objects that are dropped at once", () => {
  // Without the setting 8 to 28 MB, on Node 20 at every run.
  it("never reach the old generation, though earlier ones of their kind lived long", () => {
    const said = execFileSync(
      process.execPath,
      ["--input-type=module", "-e", growth],
      { encoding: "utf8" },
    );
    expect(Number(said)).toBeLessThan(1_000_000);
  });
});
