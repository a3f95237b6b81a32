/** The features of order book and trades that the literature holds best for short horizons: order, meaning and source of each. */
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredFeature, DeclaredSet } from "./feature-declaration.ts";
import { MICRO_LEVELS } from "./micro-levels.ts";
import {
  AGAINST_MEAN,
  BUCKETS,
  LEADING,
  NOW,
  STALE_BOOK_MS,
  TRADES,
  byVolume,
  counting,
  fading,
  ms,
  seconds,
} from "./micro-reach.ts";
import type { Reach } from "./micro-reach.ts";
import { FIRST_ORDER_MICROPRICE } from "./microprice-table.ts";
import {
  ANDERSEN,
  BARNDORFF,
  CAO,
  CHORDIA,
  CONT,
  EASLEY,
  FOUCAULT,
  GOULD,
  HAWKES,
  HUANG,
  HUTH,
  NAES,
  SEMI,
  STOIKOV,
  XU,
} from "./papers.ts";

const feature = (
  name: string,
  unit: string,
  formula: string,
  source: string,
  reach: Reach,
): DeclaredFeature => ({
  name,
  unit,
  formula,
  source,
  ...reach,
  missing: "nan",
});

const RATIO = "ratio in [-1, 1]";
const SIZES = "average level sizes";
const BPS = "bps";
const LOG = "ln ratio";

/**
 * Letters as in docs/features.md; L: half the mean size of both sides' 10 best levels; I: (Qb − Qa)/(Qb + Qa); S: Pa − Pb; m: the mid; s: +1
 * for a trade whose aggressor bought, −1 sold; r: the return of the mid over a second of the grid, in basis points; a second at either end of
 * which there was no book has none, and a window of n s is of the last n returns.
 */
const FLOW: readonly DeclaredFeature[] = [
  ...Array.from({ length: MICRO_LEVELS }, (_, i) =>
    feature(
      `ofiLevel${i + 1}`,
      SIZES,
      `D_1s[e_${i + 1}]/mean30[L]; e_n: order flow of level n`,
      i === 0 ? CONT : XU,
      fading(1000),
    ),
  ),
  ...(
    [
      ["100Ms", 100],
      ["1S", 1000],
      ["5S", 5000],
      ["30S", 30_000],
    ] as const
  ).map(([name, scaleMs]) =>
    feature(
      `ofi10Over${name}`,
      SIZES,
      `D_${name.toLowerCase()}[Σ10 e_n]/(10·mean30[L])`,
      XU,
      fading(scaleMs),
    ),
  ),
];

const SHAPE: readonly DeclaredFeature[] = [
  feature("queueImbalance", RATIO, "I", GOULD, NOW),
  feature(
    "queueImbalance1S",
    RATIO,
    "mean1[I], over time",
    GOULD,
    fading(1000, ["book"], 1000),
  ),
  feature(
    "queueImbalance5S",
    RATIO,
    "mean5[I], over time",
    GOULD,
    fading(5000, ["book"], 5000),
  ),
  feature(
    "depthImbalance",
    RATIO,
    "Σ10 w_n(Qb_n − Qa_n)/Σ10 w_n(Qb_n + Qa_n), w_n = exp(−(n − 1)/2)",
    CAO,
    NOW,
  ),
  feature(
    "microprice",
    BPS,
    "1e4·g(I, S/mean30[S])·S/m; g: table of the constants, odd in I, interpolated between fifths of I; wide: S > 1.5·mean30[S]",
    STOIKOV,
    AGAINST_MEAN,
  ),
  feature(
    "micropriceMove",
    BPS,
    "1e4·(g·S − mean5[g·S])/m",
    STOIKOV,
    fading(5000),
  ),
  feature(
    "depthSlope",
    LOG,
    "ln((Bb + Ba)/2/mean30[L]); B: least-squares slope through 0 of a side's cumulated size over its distance from m in bps, 10 levels",
    NAES,
    AGAINST_MEAN,
  ),
  feature("depthSlopeAsymmetry", RATIO, "(Bb − Ba)/(Bb + Ba)", NAES, NOW),
  feature("bestShare", "0 to 1", "(Qb + Qa)/Σ10(Qb + Qa)", NAES, NOW),
  feature("spreadRatio", LOG, "ln(S/mean30[S])", FOUCAULT, AGAINST_MEAN),
];

const FLOWS: readonly (readonly [string, number])[] = [
  ["1S", 1000],
  ["5S", 5000],
  ["30S", 30_000],
];
const COUNTS: readonly (readonly [string, number])[] = [
  ["100Ms", 100],
  ["1S", 1000],
  ["5S", 5000],
];

const TRADING: readonly DeclaredFeature[] = [
  ...FLOWS.map(([name, scaleMs]) =>
    feature(
      `tradeFlow${name}`,
      RATIO,
      `D_${name.toLowerCase()}[s·size]/(D_${name.toLowerCase()}[size] + mean30[L])`,
      CHORDIA,
      fading(scaleMs, TRADES),
    ),
  ),
  ...COUNTS.map(([name, scaleMs]) =>
    feature(
      `intensityImbalance${name}`,
      RATIO,
      `(b − a)/(b + a + 1); b, a: D_${name.toLowerCase()} of the number of buys, of sells`,
      HAWKES,
      counting(scaleMs),
    ),
  ),
  ...(["buy", "sell"] as const).map((side) =>
    feature(
      `${side}Intensity`,
      LOG,
      `ln((D_1s[${side}s]/1 s + 0.1)/(D_300s[${side}s]/300 s + 0.1)), rates per second`,
      HAWKES,
      fading(300_000, TRADES),
    ),
  ),
  feature(
    "tradeClustering",
    LOG,
    "ln((D_100ms[trades]/0.1 s + 0.1)/(D_5s[trades]/5 s + 0.1))",
    HAWKES,
    counting(5000),
  ),
  feature(
    "updateIntensity",
    LOG,
    "ln((D_1s[updates]/1 s + 0.1)/(D_30s[updates]/30 s + 0.1))",
    HAWKES,
    fading(30_000),
  ),
  ...(["1S", "5S"] as const).map((name) =>
    feature(
      `moveImbalance${name}`,
      RATIO,
      `(u − d)/(u + d + 1); u, d: D_${name.toLowerCase()} of rises and falls of m`,
      HAWKES,
      counting(name === "1S" ? 1000 : 5000, ["book"]),
    ),
  ),
];

const TOXICITY: readonly DeclaredFeature[] = [
  feature(
    "vpin",
    "0 to 1",
    "Σ|b − a|/ΣV over 50 volume buckets; b, a: bought and sold; a bucket is 3 s of the volume of the minute before",
    EASLEY,
    BUCKETS,
  ),
  feature(
    "vpinSigned",
    RATIO,
    "Σ(b − a)/ΣV over the same buckets",
    EASLEY,
    BUCKETS,
  ),
  feature(
    "bucketPace",
    LOG,
    "ln((t + 0.01)/(mean50[t] + 0.01)); t: seconds that the last bucket took",
    EASLEY,
    BUCKETS,
  ),
];

const perRootSecond = "bps per √s";
const VARIATION: readonly DeclaredFeature[] = [
  ...[60, 300].map((n) =>
    feature(
      `realizedVolatility${n}S`,
      perRootSecond,
      `√(Σ_${n} r²/${n})`,
      ANDERSEN,
      seconds(n),
    ),
  ),
  ...[60, 300].map((n) =>
    feature(
      `bipowerVolatility${n}S`,
      perRootSecond,
      `√(π/2·Σ|r·r′|/N) over ${n} s; r′: the second before; N: how many products, ${n - 1} without a gap`,
      BARNDORFF,
      seconds(n),
    ),
  ),
  ...[60, 300].map((n) =>
    feature(
      `jumpShare${n}S`,
      "0 to 1",
      `max(0, 1 − bipower/realized variance) over ${n} s; NaN where nothing moved`,
      BARNDORFF,
      seconds(n),
    ),
  ),
  feature(
    "volatilityRatio",
    LOG,
    "ln(realizedVolatility60S/realizedVolatility300S); NaN where one is 0",
    ANDERSEN,
    seconds(300),
  ),
  feature(
    "downsideShare60S",
    "0 to 1",
    "Σ_60 r²[r < 0]/Σ_60 r²; NaN where nothing moved",
    SEMI,
    seconds(60),
  ),
];

const HEALING: readonly DeclaredFeature[] = [
  feature(
    "spreadPersistence",
    RATIO,
    "slope of S/m on itself a second before, weights exp(−age/300 s); NaN where it never changed",
    FOUCAULT,
    fading(300_000),
  ),
  feature(
    "depthPersistence",
    RATIO,
    "the same of ln of the size on the five best levels of both sides",
    FOUCAULT,
    fading(300_000),
  ),
  feature(
    "effectiveSpread",
    BPS,
    "2e4·D_30s[s·size·(p − m)/m]/D_30s[size]; NaN without trades",
    HUANG,
    byVolume(30_000),
  ),
  feature(
    "realizedSpread5S",
    BPS,
    "2e4·D_30s[s·size·ln(p/m5)]/D_30s[size], of trades 5 s ago; m5: m 5 s after the trade; NaN without such trades",
    HUANG,
    byVolume(30_000),
  ),
];

const LEAD: readonly DeclaredFeature[] = [
  ...(
    [
      ["100Ms", 100],
      ["500Ms", 500],
      ["1S", 1000],
      ["5S", 5000],
    ] as const
  ).map(([name, spanMs]) =>
    feature(
      `leaderReturn${name}`,
      BPS,
      `1e4·ln(M/M ${spanMs} ms ago); M: mid of the leading symbol`,
      HUTH,
      {
        window: `${spanMs} ms`,
        warmUp: ms(spanMs),
        settled: ms(spanMs + 200),
        inputs: ["otherBook"],
        staleAfterMs: STALE_BOOK_MS,
      },
    ),
  ),
  feature(
    "leaderBeta",
    "ratio",
    "Σ r·R/Σ R², weights exp(−age/300 s); R: the leading symbol's r",
    HUTH,
    fading(300_000, LEADING),
  ),
  feature(
    "leaderCorrelation",
    RATIO,
    "Σ r·R/√(Σ r²·Σ R²), the same weights",
    HUTH,
    fading(300_000, LEADING),
  ),
  feature(
    "leaderLead",
    "ratio in [-2, 2]",
    "(Σ r·R′ − Σ r′·R)/√(Σ r²·Σ R²); a prime: the second before",
    HUTH,
    fading(300_000, LEADING),
  ),
  feature(
    "leaderGap1S",
    BPS,
    "leaderBeta·leaderReturn1S − 1e4·ln(m/m 1 s ago)",
    HUTH,
    fading(300_000, LEADING),
  ),
];

export const MICROSTRUCTURE_SET: DeclaredSet = declareSet({
  name: "microstructure",
  // Version 1 counted a product too many in its bipower variation, and aged from a first trade.
  version: 2,
  title: "Order-book and trade microstructure",
  features: [
    ...FLOW,
    ...SHAPE,
    ...TRADING,
    ...TOXICITY,
    ...VARIATION,
    ...HEALING,
    ...LEAD,
  ],
  constants: FIRST_ORDER_MICROPRICE,
});
