/** `npm run fuzz [-- --runs 2000 --seed N]`: every property test on new cases; the seed is printed first. */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "1000" },
    seed: { type: "string", default: String(randomInt(2 ** 31)) },
  },
});
console.log(`FUZZ_SEED=${values.seed} FUZZ_RUNS=${values.runs}`);
const { status } = spawnSync("npx", ["vitest", "run", "property.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, FUZZ_SEED: values.seed, FUZZ_RUNS: values.runs },
});
process.exitCode = status ?? 1;
