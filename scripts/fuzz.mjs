/** `npm run fuzz [-- --rounds 10 --seed N]`: every property test on new cases, round after round; each round's seed is printed first. */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

const SEEDS = 2 ** 31;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    seed: { type: "string", default: String(randomInt(SEEDS)) },
  },
});
const first = Number(values.seed);
for (let round = 0; round < Number(values.rounds); round++) {
  const seed = (first + round) % SEEDS;
  console.log(`FUZZ_SEED=${seed}`);
  const { status } = spawnSync("npx", ["vitest", "run", "property.test.ts"], {
    stdio: "inherit",
    env: { ...process.env, FUZZ_SEED: String(seed) },
  });
  if (status !== 0) {
    process.exitCode = status ?? 1;
    break;
  }
}
