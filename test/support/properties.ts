/**
 * How property tests draw: the same cases in every run of `npm test`, so that a change is judged by itself; `npm run fuzz` draws others.
 * FUZZ_SEED repeats what a failure printed.
 */
import * as fc from "fast-check";

const SEED = 20_261_120;

const { FUZZ_SEED } = process.env;
fc.configureGlobal({
  seed: FUZZ_SEED === undefined || FUZZ_SEED === "" ? SEED : Number(FUZZ_SEED),
});
