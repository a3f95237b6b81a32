/** `npm run faults [-- --seeds 1000 --from 0]`: the book under injected faults, a hundred seeds at a time, and what was injected in all. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const BATCH = 100;

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
for (let done = 0; done < seeds; done += BATCH) {
  const { status, stdout } = spawnSync(
    "npx",
    ["vitest", "run", "test/book-faults.test.ts"],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      env: {
        ...process.env,
        FAULT_FROM: String(from + done),
        FAULT_SEEDS: String(Math.min(BATCH, seeds - done)),
      },
    },
  );
  for (const [, json] of stdout.matchAll(/faults (\{.*\})/g))
    for (const [key, count] of Object.entries(JSON.parse(json)))
      sum[key] = (sum[key] ?? 0) + count;
  if (status !== 0) {
    console.log(stdout);
    process.exitCode = status ?? 1;
    break;
  }
  console.log(
    `${Math.round((Date.now() - startedMs) / 1000)} s`,
    JSON.stringify(sum),
  );
}
