/** `npm run faults [-- --seeds 1000 --from 0]`: the book under injected faults, fifty seeds at a time on every core, and what was injected in all. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";

const BATCH = 50;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "0" },
  },
});
const from = Number(values.from);
const seeds = Number(values.seeds);
const sum = {};
const startedMs = Date.now();
let next = 0;

const runBatch = async (first, count) => {
  const child = spawn("npx", ["vitest", "run", "test/book-faults.test.ts"], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      FAULT_FROM: String(first),
      FAULT_SEEDS: String(count),
    },
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const stdout = await text(child.stdout);
  return { status: await ended, stdout };
};

/** One core's share: batch after batch, until none is left or one has failed. */
const runBatches = async () => {
  while (next < seeds && process.exitCode === undefined) {
    const done = next;
    next += BATCH;
    const { status, stdout } = await runBatch(
      from + done,
      Math.min(BATCH, seeds - done),
    );
    for (const [, json] of stdout.matchAll(/faults (\{.*\})/g))
      for (const [key, count] of Object.entries(JSON.parse(json)))
        sum[key] = (sum[key] ?? 0) + count;
    if (status !== 0) {
      console.log(stdout);
      process.exitCode = status ?? 1;
    }
    console.log(
      `${Math.round((Date.now() - startedMs) / 1000)} s`,
      JSON.stringify(sum),
    );
  }
};

await Promise.all(Array.from({ length: availableParallelism() }, runBatches));
