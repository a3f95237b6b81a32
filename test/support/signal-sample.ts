/** Signals to send through sinks: complete, plausible and different from one another. */
import type { Signal, SignalClass } from "../../engine/domain/signal.ts";
import { SIGNAL_CLASSES } from "../../engine/domain/signal.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import { monoNanos, unixMicros } from "../../engine/std/time.ts";

/** Probability at which each class begins, from below. */
const CLASS_FROM = [0, 0.35, 0.45, 0.55, 0.65];

const classOf = (probability: number): SignalClass =>
  SIGNAL_CLASSES[CLASS_FROM.findLastIndex((from) => probability >= from)] ??
  "HOLD";

const logit = (p: number): number => Math.log(p / (1 - p));

export interface SampleOptions {
  readonly symbol?: string;
  readonly epoch?: string;
  readonly seq: number;
  readonly mid?: number;
  readonly nowUs?: number;
  readonly state?: Signal["book"]["state"];
}

/** The n-th signal of a symbol; its sources' contributions add up to its log-odds. */
export const sampleSignal = (options: SampleOptions): Signal => {
  const { seq, mid = 60_000 + seq / 10 } = options;
  const { symbol = "BTCUSDT.SIM", epoch = "e1", state = "LIVE" } = options;
  const nowUs = options.nowUs ?? Date.now() * 1000;
  const wave = (period: number) => Math.sin((2 * Math.PI * seq) / period);
  const sources: Signal["sources"] = [
    source("lightgbm-1s", "trees", 0.5 + 0.2 * wave(97), 0.45, 0.99, 1000),
    source("lightgbm-5s", "trees", 0.5 + 0.15 * wave(211), 0.25, 0.97, 5000),
    source("patchtst-1s", "forecast", 0.5 + 0.1 * wave(60), 0.2, 0.6, 1000),
    source("finbert", "sentiment", 0.64, 0.1, 0.4, 60_000),
  ];
  const logOdds = sources.reduce((sum, s) => sum + s.contribution, 0);
  const probability = 1 / (1 + Math.exp(-logOdds));
  const isLive = state === "LIVE";
  return {
    v: 1,
    symbol: symbolId(symbol),
    epoch,
    seq,
    eventUs: unixMicros(nowUs - 900),
    receivedUs: unixMicros(nowUs - 120),
    emittedUs: unixMicros(nowUs),
    trigger: "book",
    live: isLive,
    book: {
      state,
      reason: isLive ? "none" : state === "STALE" ? "silent" : "gap",
      seq: 1000 + seq,
      bidPrice: mid - 0.05,
      bidSize: 1.25,
      askPrice: mid + 0.05,
      askSize: 0.75,
    },
    direction: probability > 0.5 ? "LONG" : "SHORT",
    class: isLive ? classOf(probability) : "HOLD",
    probability,
    confidence: isLive ? 2 * Math.abs(probability - 0.5) : 0,
    logOdds,
    agreement: 0.8,
    horizonMs: 1000,
    sources,
    missing: [{ model: "llama", reason: "pending" }],
    sentiment: {
      label: "positive",
      score: 0.41,
      confidence: 0.7,
      headlineId: "h-17",
      ageMs: 12_000,
    },
    stampsNs: [1, 2, 3, 4, 5, 6, 0, 8, 9].map(monoNanos),
  };
};

const source = (
  model: string,
  family: Signal["sources"][number]["family"],
  probability: number,
  weight: number,
  freshness: number,
  horizonMs: number,
): Signal["sources"][number] => ({
  model,
  version: "1",
  family,
  probability,
  confidence: 2 * Math.abs(probability - 0.5),
  horizonMs,
  weight,
  freshness,
  ageMs: (1 - freshness) * horizonMs,
  contribution: weight * freshness * logit(probability),
});
