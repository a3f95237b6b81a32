/** The order of the market features, what each means and where it comes from; its hash ties models to this very list. */
import { createHash } from "node:crypto";
import type { FeatureSchema, FeatureSpec } from "../domain/feature.ts";

/** A feature with where its formula is from, for docs/features.md. */
export interface SourcedFeature extends FeatureSpec {
  readonly source: string;
}

const CONT =
  "Cont, Kukanov, Stoikov 2014, The price impact of order book events";
const XU = "Xu, Gould, Howison 2018, Multi-level order-flow imbalance";
const GOULD =
  "Gould, Bonart 2016, Queue imbalance as a one-tick-ahead predictor";
const STOIKOV = "Stoikov 2018, The micro-price (its first-order form)";
const CAO =
  "Cao, Hansch, Wang 2009, The information content of an open limit-order book";
const BIAIS =
  "Biais, Hillion, Spatt 1995, An empirical analysis of the limit order book";
const CHORDIA =
  "Chordia, Roll, Subrahmanyam 2002, Order imbalance, liquidity, and market returns";
const HAWKES =
  "Engle, Russell 1998, Autoregressive conditional duration (clustered arrivals)";
const ANDERSEN =
  "Andersen, Bollerslev, Diebold, Labys 2003, Modeling and forecasting realized volatility";
const RISKMETRICS = "RiskMetrics 1996, exponential weights";
const WILDER = "Wilder 1978, New concepts in technical trading systems";
const BERKOWITZ =
  "Berkowitz, Logue, Noser 1988, The total cost of transactions on the NYSE (VWAP)";
const JEGADEESH =
  "Jegadeesh 1990, Evidence of predictable behavior of security returns";

const feature = (
  name: string,
  unit: string,
  formula: string,
  source: string,
): SourcedFeature => ({ name, unit, formula, source });

/**
 * Pb, Qb, Pa, Qa: price and size of the best bid and ask; Σn: over the n best levels; D_T[x]: Σ x·exp(−age/T) over events;
 * L1, L5: half the size on both sides' best level, best five levels; mean30: time-weighted mean, exp(−age/30 s).
 */
export const SOURCED_FEATURES: readonly SourcedFeature[] = [
  feature("spreadBps", "bps", "1e4·(Pa − Pb)/mid", CONT),
  feature("imbalance1", "ratio in [-1, 1]", "(Qb − Qa)/(Qb + Qa)", GOULD),
  feature(
    "imbalance5",
    "ratio in [-1, 1]",
    "(Σ5 Qb − Σ5 Qa)/(Σ5 Qb + Σ5 Qa)",
    CAO,
  ),
  feature(
    "imbalance10",
    "ratio in [-1, 1]",
    "(Σ10 Qb − Σ10 Qa)/(Σ10 Qb + Σ10 Qa)",
    CAO,
  ),
  feature(
    "micropriceBps",
    "bps",
    "1e4·((Pb·Qa + Pa·Qb)/(Qb + Qa) − mid)/mid",
    STOIKOV,
  ),
  feature(
    "depthPriceBps",
    "bps",
    "1e4·((Vb·ΣQa + Va·ΣQb)/(ΣQb + ΣQa) − mid)/mid over 5 levels; V: a side's size-weighted price",
    CAO,
  ),
  feature(
    "slopeAsymmetry",
    "ratio in [-1, 1]",
    "(Sa − Sb)/(Sa + Sb); S: price span of a side's 10 best levels",
    BIAIS,
  ),
  feature("depthRatio", "ln ratio", "ln(L5/mean30[L5])", BIAIS),
  feature(
    "ofi1Over100Ms",
    "average best sizes",
    "D_100ms[e]/mean30[L1]; e = +Qb if Pb ≥ Pb′, −Qb′ if Pb ≤ Pb′, −Qa if Pa ≤ Pa′, +Qa′ if Pa ≥ Pa′",
    CONT,
  ),
  feature("ofi1Over1S", "average best sizes", "D_1s[e]/mean30[L1]", CONT),
  feature("ofi1Over5S", "average best sizes", "D_5s[e]/mean30[L1]", CONT),
  feature(
    "ofi5Over100Ms",
    "average 5-level depths",
    "D_100ms[Σ5 e_level]/mean30[L5]",
    XU,
  ),
  feature(
    "ofi5Over1S",
    "average 5-level depths",
    "D_1s[Σ5 e_level]/mean30[L5]",
    XU,
  ),
  feature(
    "ofi5Over5S",
    "average 5-level depths",
    "D_5s[Σ5 e_level]/mean30[L5]",
    XU,
  ),
  feature(
    "quoteOfiOver100Ms",
    "average best sizes",
    "ofi1Over100Ms on the quote stream; the book's while there is no quote of the last second",
    CONT,
  ),
  feature(
    "quoteOfiOver1S",
    "average best sizes",
    "ofi1Over1S on the quote stream; the book's while there is no quote of the last second",
    CONT,
  ),
  feature(
    "quoteImbalance",
    "ratio in [-1, 1]",
    "imbalance1 of the quote where newer than the book, otherwise of the book",
    GOULD,
  ),
  feature(
    "quoteMicropriceBps",
    "bps",
    "1e4·(microprice of the quote − book mid)/book mid where newer than the book, otherwise micropriceBps",
    STOIKOV,
  ),
  feature(
    "tradeFlowOver100Ms",
    "average best sizes",
    "D_100ms[sign·size]/mean30[L1]",
    CHORDIA,
  ),
  feature(
    "tradeFlowOver1S",
    "average best sizes",
    "D_1s[sign·size]/mean30[L1]",
    CHORDIA,
  ),
  feature(
    "tradeFlowOver5S",
    "average best sizes",
    "D_5s[sign·size]/mean30[L1]",
    CHORDIA,
  ),
  feature(
    "tradeImbalance5S",
    "ratio in [-1, 1]",
    "D_5s[sign·size]/D_5s[size]",
    CHORDIA,
  ),
  feature(
    "tradeIntensity",
    "ln ratio",
    "ln((D_1s[1]/1 s + 0.1)/(D_30s[1]/30 s + 0.1)), rates per second",
    HAWKES,
  ),
  feature("lastTradeBps", "bps", "1e4·ln(last trade price/mid)", CONT),
  feature("return100Ms", "bps", "1e4·ln(mid/mid 100 ms ago)", JEGADEESH),
  feature("return500Ms", "bps", "1e4·ln(mid/mid 500 ms ago)", JEGADEESH),
  feature("return1S", "bps", "1e4·ln(mid/mid 1 s ago)", JEGADEESH),
  feature("return5S", "bps", "1e4·ln(mid/mid 5 s ago)", JEGADEESH),
  feature("return30S", "bps", "1e4·ln(mid/mid 30 s ago)", JEGADEESH),
  feature(
    "volatility5S",
    "bps per √s",
    "√(D_5s[r²]/5 s); r: bps return of the mid from update to update",
    `${ANDERSEN}; ${RISKMETRICS}`,
  ),
  feature(
    "barReturn10",
    "bps",
    "1e4·ln(close/close 10 bars ago), 1 s bars",
    JEGADEESH,
  ),
  feature(
    "barReturn60",
    "bps",
    "1e4·ln(close/close 60 bars ago), 1 s bars",
    JEGADEESH,
  ),
  feature(
    "rsi14",
    "0 to 100",
    "100·G/(G + L); G, L: Wilder means of gains and losses over 14 1 s bars; 50 when still",
    WILDER,
  ),
  feature(
    "barRange30",
    "bps",
    "1e4·ln(highest high/lowest low) of 30 1 s bars",
    "Parkinson 1980, The extreme value method (its range)",
  ),
  feature(
    "volumeRatio",
    "ln ratio",
    "ln(mean volume of 5 bars/mean volume of 60 bars), at least ln 0.01",
    CHORDIA,
  ),
  feature(
    "vwapDeviationBps",
    "bps",
    "1e4·ln(mid/VWAP of 30 1 s bars)",
    BERKOWITZ,
  ),
];

/** SHA-256 over name, version and the features' names in order, a line each. */
export const hashOfSchema = (
  name: string,
  version: number,
  names: readonly string[],
): string =>
  createHash("sha256")
    .update([`${name} ${version}`, ...names].join("\n"))
    .digest("hex");

const NAME = "market";
/** Raised whenever a feature's meaning changes, even where its name stays. */
const VERSION = 1;

export const MARKET_FEATURES: FeatureSchema = {
  name: NAME,
  version: VERSION,
  features: SOURCED_FEATURES,
  hash: hashOfSchema(
    NAME,
    VERSION,
    SOURCED_FEATURES.map((feature) => feature.name),
  ),
};
