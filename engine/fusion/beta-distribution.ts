/** The Beta distribution: cumulative probability, quantiles and draws, to about 1e-10. */
import { assert } from "../std/assert.ts";
import type { Random } from "../std/random.ts";

/** Lanczos, g = 7, 9 coefficients: 15 digits for positive arguments. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028,
  771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

export const logGamma = (x: number): number => {
  if (x < 0.5)
    return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (z + i);
  const t = z + 7.5;
  return (
    0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum)
  );
};

const FRACTION_STEPS_MAX = 500;
const FRACTION_EPSILON = 1e-15;
const TINY = 1e-300;

/** The continued fraction of the incomplete beta function, by Lentz's method. */
const betaFraction = (x: number, a: number, b: number): number => {
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m <= FRACTION_STEPS_MAX; m++) {
    const m2 = 2 * m;
    const even = (m * (b - m) * x) / ((a + m2 - 1) * (a + m2));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + m2) * (a + m2 + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < FRACTION_EPSILON) break;
  }
  return h;
};

const nonZero = (x: number): number => (Math.abs(x) < TINY ? TINY : x);

/** ln B(a, b). */
const logBeta = (a: number, b: number): number =>
  logGamma(a) + logGamma(b) - logGamma(a + b);

/** P(X <= x) for X ~ Beta(a, b): the regularised incomplete beta function. */
export const betaCdf = (x: number, a: number, b: number): number => {
  assert(a > 0 && b > 0, "Beta parameters are positive");
  return cdf(x, a, b, logBeta(a, b));
};

const cdf = (x: number, a: number, b: number, lnBeta: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - lnBeta);
  // The fraction converges fast below the mean; above it the mirrored one does.
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
};

const QUANTILE_STEPS_MAX = 100;
const QUANTILE_EPSILON = 1e-13;

/** The x with betaCdf(x) = p: Newton's steps, halving the bracket wherever one leads outside it. */
export const betaQuantile = (p: number, a: number, b: number): number => {
  assert(p >= 0 && p <= 1, "a quantile's probability is in [0, 1]");
  assert(a > 0 && b > 0, "Beta parameters are positive");
  if (p === 0 || p === 1) return p;
  const lnBeta = logBeta(a, b);
  let low = 0;
  let high = 1;
  let x = a / (a + b);
  for (let i = 0; i < QUANTILE_STEPS_MAX; i++) {
    const error = cdf(x, a, b, lnBeta) - p;
    if (error < 0) low = x;
    else high = x;
    const density = Math.exp(
      (a - 1) * Math.log(x) + (b - 1) * Math.log1p(-x) - lnBeta,
    );
    const newton = x - error / density;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= QUANTILE_EPSILON * x) return next;
    x = next;
  }
  return x;
};

/** A draw from Gamma(shape, 1), by Marsaglia and Tsang. */
const gammaDraw = (shape: number, random: Random): number => {
  if (shape < 1) {
    // 1 - next() is in (0, 1]: the power of an exact 0 would be a lost draw.
    return (
      gammaDraw(shape + 1, random) * Math.pow(1 - random.next(), 1 / shape)
    );
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v))
      return d * v;
  }
};

/** A draw from Beta(a, b). */
export const betaDraw = (a: number, b: number, random: Random): number => {
  const x = gammaDraw(a, random);
  const y = gammaDraw(b, random);
  return x + y === 0 ? a / (a + b) : x / (x + y);
};
