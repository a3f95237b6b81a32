/**
 * How property tests draw: the same cases in every run of `npm test`, so that a change is judged by itself; `npm run fuzz` draws others,
 * and more of them. FUZZ_SEED repeats what a failure printed.
 */
import * as fc from "fast-check";

const SEED = 20_261_120;
const RUNS = 100;

const fromEnv = (name: string, fallback: number): number => {
  const text = process.env[name];
  return text === undefined || text === "" ? fallback : Number(text);
};

fc.configureGlobal({
  seed: fromEnv("FUZZ_SEED", SEED),
  numRuns: fromEnv("FUZZ_RUNS", RUNS),
});
