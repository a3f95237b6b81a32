/** The market features: their order, what each means and where it comes from; shipped models name this very list by its hash. */
import { declareSet } from "./feature-declaration.ts";
import {
  ANDERSEN,
  BERKOWITZ,
  BIAIS,
  CAO,
  CHORDIA,
  CONT,
  ENGLE,
  GOULD,
  JEGADEESH,
  RISKMETRICS,
  STOIKOV_FIRST_ORDER,
  WILDER,
  XU,
} from "./papers.ts";
import type {
  DeclaredFeature,
  DeclaredSet,
  FeatureInput,
} from "./feature-declaration.ts";

/** ln(1e6): after so many time constants a decayed sum shows a millionth of its start. */
const FADED = 13.9;

/** How far back a feature looks, and when its start no longer shows. */
interface Reach {
  readonly window: string;
  readonly settledMs: number;
}

const NOW: Reach = { window: "now", settledMs: 0 };

const decayOver = (ms: number): Reach => ({
  window: `decay ${ms} ms`,
  settledMs: Math.ceil(FADED * ms),
});

/** Flows in units of the usual depth, which is a mean over 30 s. */
const flowOver = (ms: number): Reach => ({
  window: `decay ${ms} ms, mean 30000 ms`,
  settledMs: Math.ceil(FADED * 30_000),
});

/** Past mids stand on a grid of 20 ms. */
const ago = (ms: number): Reach => ({
  window: `${ms} ms`,
  settledMs: ms + 20,
});

/** Tapes that trade less than once in this time take longer to settle. */
const TRADES_WITHIN_MS = 10_000;
/** The first bar begins with the first trade and is a part of one; a bar comes a moment after its end. */
const bars = (count: number): Reach => ({
  window: `${count} bars of 1000 ms`,
  settledMs: (count + 3) * 1000 + TRADES_WITHIN_MS,
});

const QUOTED: Reach = { window: "1000 ms", settledMs: 1000 };
/** However long ago it was. */
const LAST_TRADE: Reach = {
  window: "last trade",
  settledMs: TRADES_WITHIN_MS,
};

const BOOK: readonly FeatureInput[] = ["book"];
const QUOTE: readonly FeatureInput[] = ["book", "quote"];
const TRADE: readonly FeatureInput[] = ["book", "trade"];
const BAR: readonly FeatureInput[] = ["bar"];

/** Book features are out of date with their book; bars of a second after five. */
const STALE_MS = 2_000;
const BAR_STALE_MS = 5_000;

const feature = (
  name: string,
  unit: string,
  formula: string,
  source: string,
  { window, settledMs }: Reach,
  inputs: readonly FeatureInput[],
): DeclaredFeature => ({
  name,
  unit,
  formula,
  source,
  window,
  inputs,
  warmUp: { count: 1, unit: "events" },
  settled: { count: settledMs, unit: "ms" },
  missing: "neutral",
  staleAfterMs: inputs === BAR ? BAR_STALE_MS : STALE_MS,
});

/**
 * Pb, Qb, Pa, Qa: price and size of the best bid and ask; Σn: over the n best levels; D_T[x]: Σ x·exp(−age/T) over events;
 * L1, L5: half the size on both sides' best level, best five levels; mean30: time-weighted mean, exp(−age/30 s).
 */
export const MARKET_FEATURE_LIST: readonly DeclaredFeature[] = [
  feature("spreadBps", "bps", "1e4·(Pa − Pb)/mid", CONT, NOW, BOOK),
  feature(
    "imbalance1",
    "ratio in [-1, 1]",
    "(Qb − Qa)/(Qb + Qa)",
    GOULD,
    NOW,
    BOOK,
  ),
  feature(
    "imbalance5",
    "ratio in [-1, 1]",
    "(Σ5 Qb − Σ5 Qa)/(Σ5 Qb + Σ5 Qa)",
    CAO,
    NOW,
    BOOK,
  ),
  feature(
    "imbalance10",
    "ratio in [-1, 1]",
    "(Σ10 Qb − Σ10 Qa)/(Σ10 Qb + Σ10 Qa)",
    CAO,
    NOW,
    BOOK,
  ),
  feature(
    "micropriceBps",
    "bps",
    "1e4·((Pb·Qa + Pa·Qb)/(Qb + Qa) − mid)/mid",
    STOIKOV_FIRST_ORDER,
    NOW,
    BOOK,
  ),
  feature(
    "depthPriceBps",
    "bps",
    "1e4·((Vb·ΣQa + Va·ΣQb)/(ΣQb + ΣQa) − mid)/mid over 5 levels; V: a side's size-weighted price",
    CAO,
    NOW,
    BOOK,
  ),
  feature(
    "slopeAsymmetry",
    "ratio in [-1, 1]",
    "(Sa − Sb)/(Sa + Sb); S: price span of a side's 10 best levels",
    BIAIS,
    NOW,
    BOOK,
  ),
  feature(
    "depthRatio",
    "ln ratio",
    "ln(L5/mean30[L5])",
    BIAIS,
    decayOver(30_000),
    BOOK,
  ),
  feature(
    "ofi1Over100Ms",
    "average best sizes",
    "D_100ms[e]/mean30[L1]; e = +Qb if Pb ≥ Pb′, −Qb′ if Pb ≤ Pb′, −Qa if Pa ≤ Pa′, +Qa′ if Pa ≥ Pa′",
    CONT,
    flowOver(100),
    BOOK,
  ),
  feature(
    "ofi1Over1S",
    "average best sizes",
    "D_1s[e]/mean30[L1]",
    CONT,
    flowOver(1_000),
    BOOK,
  ),
  feature(
    "ofi1Over5S",
    "average best sizes",
    "D_5s[e]/mean30[L1]",
    CONT,
    flowOver(5_000),
    BOOK,
  ),
  feature(
    "ofi5Over100Ms",
    "average 5-level depths",
    "D_100ms[Σ5 e_level]/mean30[L5]",
    XU,
    flowOver(100),
    BOOK,
  ),
  feature(
    "ofi5Over1S",
    "average 5-level depths",
    "D_1s[Σ5 e_level]/mean30[L5]",
    XU,
    flowOver(1_000),
    BOOK,
  ),
  feature(
    "ofi5Over5S",
    "average 5-level depths",
    "D_5s[Σ5 e_level]/mean30[L5]",
    XU,
    flowOver(5_000),
    BOOK,
  ),
  feature(
    "quoteOfiOver100Ms",
    "average best sizes",
    "ofi1Over100Ms on the quote stream; the book's while there is no quote of the last second",
    CONT,
    flowOver(100),
    QUOTE,
  ),
  feature(
    "quoteOfiOver1S",
    "average best sizes",
    "ofi1Over1S on the quote stream; the book's while there is no quote of the last second",
    CONT,
    flowOver(1_000),
    QUOTE,
  ),
  feature(
    "quoteImbalance",
    "ratio in [-1, 1]",
    "imbalance1 of the quote where newer than the book, otherwise of the book",
    GOULD,
    QUOTED,
    QUOTE,
  ),
  feature(
    "quoteMicropriceBps",
    "bps",
    "1e4·(microprice of the quote − book mid)/book mid where newer than the book, otherwise micropriceBps",
    STOIKOV_FIRST_ORDER,
    QUOTED,
    QUOTE,
  ),
  feature(
    "tradeFlowOver100Ms",
    "average best sizes",
    "D_100ms[sign·size]/mean30[L1]",
    CHORDIA,
    flowOver(100),
    TRADE,
  ),
  feature(
    "tradeFlowOver1S",
    "average best sizes",
    "D_1s[sign·size]/mean30[L1]",
    CHORDIA,
    flowOver(1_000),
    TRADE,
  ),
  feature(
    "tradeFlowOver5S",
    "average best sizes",
    "D_5s[sign·size]/mean30[L1]",
    CHORDIA,
    flowOver(5_000),
    TRADE,
  ),
  feature(
    "tradeImbalance5S",
    "ratio in [-1, 1]",
    "D_5s[sign·size]/D_5s[size]",
    CHORDIA,
    decayOver(5_000),
    TRADE,
  ),
  feature(
    "tradeIntensity",
    "ln ratio",
    "ln((D_1s[1]/1 s + 0.1)/(D_30s[1]/30 s + 0.1)), rates per second",
    ENGLE,
    decayOver(30_000),
    TRADE,
  ),
  feature(
    "lastTradeBps",
    "bps",
    "1e4·ln(last trade price/mid)",
    CONT,
    LAST_TRADE,
    TRADE,
  ),
  feature(
    "return100Ms",
    "bps",
    "1e4·ln(mid/mid 100 ms ago)",
    JEGADEESH,
    ago(100),
    BOOK,
  ),
  feature(
    "return500Ms",
    "bps",
    "1e4·ln(mid/mid 500 ms ago)",
    JEGADEESH,
    ago(500),
    BOOK,
  ),
  feature(
    "return1S",
    "bps",
    "1e4·ln(mid/mid 1 s ago)",
    JEGADEESH,
    ago(1_000),
    BOOK,
  ),
  feature(
    "return5S",
    "bps",
    "1e4·ln(mid/mid 5 s ago)",
    JEGADEESH,
    ago(5_000),
    BOOK,
  ),
  feature(
    "return30S",
    "bps",
    "1e4·ln(mid/mid 30 s ago)",
    JEGADEESH,
    ago(30_000),
    BOOK,
  ),
  feature(
    "volatility5S",
    "bps per √s",
    "√(D_5s[r²]/5 s); r: bps return of the mid from update to update",
    `${ANDERSEN}; ${RISKMETRICS}`,
    decayOver(5_000),
    BOOK,
  ),
  feature(
    "barReturn10",
    "bps",
    "1e4·ln(close/close 10 bars ago), 1 s bars",
    JEGADEESH,
    bars(11),
    BAR,
  ),
  feature(
    "barReturn60",
    "bps",
    "1e4·ln(close/close 60 bars ago), 1 s bars",
    JEGADEESH,
    bars(61),
    BAR,
  ),
  feature(
    "rsi14",
    "0 to 100",
    "100·G/(G + L); G, L: Wilder means of gains and losses over 14 1 s bars; 50 when still",
    WILDER,
    { window: "14 bars of 1000 ms, fading", settledMs: 210_000 },
    BAR,
  ),
  feature(
    "barRange30",
    "bps",
    "1e4·ln(highest high/lowest low) of 30 1 s bars",
    "Parkinson 1980, The extreme value method (its range)",
    bars(30),
    BAR,
  ),
  feature(
    "volumeRatio",
    "ln ratio",
    "ln(mean volume of 5 bars/mean volume of 60 bars), at least ln 0.01",
    CHORDIA,
    bars(60),
    BAR,
  ),
  feature(
    "vwapDeviationBps",
    "bps",
    "1e4·ln(mid/VWAP of 30 1 s bars)",
    BERKOWITZ,
    bars(30),
    ["book", "bar"],
  ),
];

/** Raise the version whenever a feature's meaning changes, even where its name stays. */
export const MARKET_FEATURES: DeclaredSet = declareSet({
  name: "market",
  version: 1,
  title: "Order book, quotes and trades of the moment",
  features: MARKET_FEATURE_LIST,
  hashOver: "names",
});
