/** Answers the service's questions from the live actors: judges what a bot sends, over the symbol's own features where it is live. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type { Registry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import type { FeatureVector } from "./domain/feature.ts";
import type { Signal } from "./domain/signal.ts";
import { tickerOf, type SymbolId } from "./domain/symbol.ts";
import type { DeclaredSet } from "./features/feature-declaration.ts";
import { MARKET_FEATURES } from "./features/feature-schema.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import type { SignalApiBackend } from "./io/signal-api.ts";
import type { Readiness } from "./io/hub-status.ts";
import type { Clock, InlineModel, ServedModel } from "./ports.ts";
import { CodedError } from "./std/errors.ts";
import { RingBuffer } from "./std/ring-buffer.ts";
import { nsToMs, type MonoNanos } from "./std/time.ts";
import {
  tradeView,
  type HealthReply,
  type ModelInfo,
  type PredictReply,
  type PredictRequest,
  type TopFeature,
  type WeightInfo,
} from "./wire/api.ts";

export interface PredictBackendDeps {
  readonly clock: Clock;
  readonly actors: EngineActors;
  readonly inference: EngineInference;
  readonly registry: Registry;
  readonly readiness: () => Readiness;
}

const LATENCIES_MAX = 1_000;
const TOP_FEATURES = 5;
/** What a bot leaves out, where no live book can tell: bid and ask this far from the price. */
const HALF_SPREAD = 0.001;
/** Values at rest of features whose rest is not 0. */
const NEUTRAL: Readonly<Record<string, number>> = { rsi14: 50 };

const FEATURE_INDEX: ReadonlyMap<string, number> = new Map(
  MARKET_FEATURES.features.map(({ name }, index) => [name, index]),
);

const neutralVector = (): FeatureVector =>
  Float64Array.from(MARKET_FEATURES.features, ({ name }) => NEUTRAL[name] ?? 0);

/** The set that a model reads; `market` where it names none. */
const setOf = ({ featureSchemaHash }: ServedModel): DeclaredSet =>
  FEATURE_SETS.find(({ hash }) => hash === featureSchemaHash) ??
  MARKET_FEATURES;

export class PredictBackend implements SignalApiBackend {
  readonly #deps: PredictBackendDeps;
  readonly #trees: readonly InlineModel[];
  readonly #startedNs: MonoNanos;
  readonly #latenciesMs = new RingBuffer<number>(LATENCIES_MAX);
  readonly #neutral = neutralVector();
  #predictions = 0;

  constructor(deps: PredictBackendDeps) {
    this.#deps = deps;
    this.#startedNs = deps.clock.nowNs();
    // What a request states are features of the market set: models of another one have nothing to judge.
    this.#trees = deps.inference.models
      .filter((served) => setOf(served) === MARKET_FEATURES)
      .map(({ name }) => deps.inference.inline(name))
      .filter((model) => model !== undefined);
  }

  /**
   * P(up) of the tree models, pooled in log-odds by the symbol's current weights. The vector is the symbol's own where its book is
   * live, neutral elsewhere; what the request states replaces the features that it determines.
   */
  predict(request: PredictRequest): PredictReply {
    const { clock } = this.#deps;
    const startedNs = clock.nowNs();
    if (this.#trees.length === 0) throw new CodedError("E_MODEL_UNKNOWN");
    const symbol = this.#known(request.symbol);
    const features = this.#features(symbol, request);
    const weights = this.#weights(symbol);
    const logOdds = this.#logOdds(features, weights);
    const topFeatures = this.#topFeatures(features, weights, logOdds);
    const latencyMs = nsToMs(clock.nowNs() - startedNs);
    this.#predictions++;
    if (this.#latenciesMs.isFull) this.#latenciesMs.shift();
    this.#latenciesMs.push(latencyMs);
    return {
      ...tradeView(1 / (1 + Math.exp(-logOdds))),
      model_version: this.#modelVersion(),
      latency_ms: latencyMs,
      timestamp: new Date(
        (request.eventUs ?? clock.nowUs()) / 1000,
      ).toISOString(),
      top_features: topFeatures,
    };
  }

  latest(symbol: SymbolId): Signal | undefined {
    return this.#deps.actors.board.latest(symbol);
  }

  health(): HealthReply {
    const { clock, actors, readiness } = this.#deps;
    const { ready, reasons } = readiness();
    const signals = actors.board.all();
    const latencies = [...this.#latenciesMs];
    const isServed = this.#trees.length > 0;
    return {
      status: ready && isServed ? "healthy" : "degraded",
      ready,
      reasons,
      model_loaded: isServed,
      model_version: this.#modelVersion(),
      uptime_seconds: (clock.nowNs() - this.#startedNs) / 1e9,
      total_predictions: this.#predictions,
      avg_latency_ms:
        latencies.reduce((sum, ms) => sum + ms, 0) /
        Math.max(1, latencies.length),
      symbols: signals.length,
      live: signals.filter(({ live }) => live).length,
    };
  }

  models(): readonly ModelInfo[] {
    const { inference, registry } = this.#deps;
    return inference.models.map((served) => {
      const entry = registry.entries.find(
        ({ manifest }) => manifest.name === served.name,
      );
      const { trainedAt } = entry?.manifest.training ?? {};
      return {
        name: served.name,
        version: served.version,
        family: served.family,
        placement: served.placement,
        horizonMs: served.horizonMs,
        ttlMs: served.ttlMs,
        sha256: entry?.manifest.sha256 ?? "",
        trainedAt: typeof trainedAt === "string" ? trainedAt : "",
        features:
          served.input === "features"
            ? setOf(served).features.map(({ name }) => name)
            : [],
        metrics: entry?.manifest.metrics ?? {},
      };
    });
  }

  /** Of one symbol, or the mean over all: sums of evidence would let busy symbols speak for the others. */
  weights(symbol?: SymbolId): readonly WeightInfo[] {
    const { inspector } = this.#deps.actors;
    if (symbol !== undefined) {
      const views = inspector.weights(this.#known(symbol) ?? symbol);
      if (views === undefined) throw new CodedError("E_SYMBOL_UNKNOWN");
      return views.map(weightInfo);
    }
    return meanWeights(
      inspector
        .symbols()
        .map((each) => (inspector.weights(each) ?? []).map(weightInfo)),
    );
  }

  /** The symbol as asked for, or the one of the same name on the venue that we listen to. */
  #known(symbol: SymbolId): SymbolId | undefined {
    const symbols = this.#deps.actors.inspector.symbols();
    if (symbols.includes(symbol)) return symbol;
    const ticker = tickerOf(symbol);
    return symbols.find((known) => tickerOf(known) === ticker);
  }

  #features(
    symbol: SymbolId | undefined,
    request: PredictRequest,
  ): FeatureVector {
    const live =
      symbol !== undefined && this.latest(symbol)?.book.state === "LIVE"
        ? this.#deps.actors.inspector.features(symbol)
        : undefined;
    const features = live ?? this.#neutral.slice();
    overlay(features, live === undefined ? withDefaults(request) : request);
    return features;
  }

  /** By tree model, normalised over these; equal where nothing is known. */
  #weights(symbol: SymbolId | undefined): readonly number[] {
    const views =
      symbol === undefined
        ? undefined
        : this.#deps.actors.inspector.weights(symbol);
    const raw = this.#trees.map(
      ({ served }) =>
        views?.find(({ model }) => model === served.name)?.weight ?? 1,
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    return raw.map((weight) => (sum > 0 ? weight / sum : 1 / raw.length));
  }

  #logOdds(features: FeatureVector, weights: readonly number[]): number {
    return this.#trees.reduce((sum, model, i) => {
      const p = model.predict(features);
      return sum + weights[i]! * Math.log(p / (1 - p));
    }, 0);
  }

  /** By how much the log-odds move when one feature is put to rest: exact for this request, unlike a model's global importance. */
  #topFeatures(
    features: FeatureVector,
    weights: readonly number[],
    logOdds: number,
  ): readonly TopFeature[] {
    const probe = features.slice();
    const effects = MARKET_FEATURES.features.map(({ name }, i) => {
      const value = features[i]!;
      const rest = this.#neutral[i]!;
      if (value === rest) return { name, value, effect: 0 };
      probe[i] = rest;
      const effect = Math.abs(this.#logOdds(probe, weights) - logOdds);
      probe[i] = value;
      return { name, value, effect };
    });
    return effects
      .sort((a, b) => b.effect - a.effect)
      .slice(0, TOP_FEATURES)
      .map(({ name, value }) => ({ name, value }));
  }

  #modelVersion(): string {
    return this.#trees
      .map(({ served }) => `${served.name}/${served.version}`)
      .join("+");
  }
}

const set = (features: FeatureVector, name: string, value: number): void => {
  const index = FEATURE_INDEX.get(name);
  if (index !== undefined && Number.isFinite(value)) features[index] = value;
};

const imbalance = (bid: number, ask: number): number =>
  bid + ask > 0 ? (bid - ask) / (bid + ask) : 0;

/** Puts what a request states in place of the features that it determines. */
const overlay = (features: FeatureVector, request: PredictRequest): void => {
  const { best_bid: bid, best_ask: ask } = request;
  const { bid_volume: bidSize, ask_volume: askSize } = request;
  const { bid_depth_5: bidDepth, ask_depth_5: askDepth } = request;
  const isQuoted = bid !== undefined && ask !== undefined && ask > bid;
  const mid = isQuoted ? (bid + ask) / 2 : request.price;
  if (isQuoted) set(features, "spreadBps", (1e4 * (ask - bid)) / mid);
  set(features, "lastTradeBps", 1e4 * Math.log(request.price / mid));
  if (bidSize !== undefined && askSize !== undefined) {
    const ratio = imbalance(bidSize, askSize);
    set(features, "imbalance1", ratio);
    set(features, "quoteImbalance", ratio);
    // Microprice less mid is half the spread times the imbalance.
    const halfSpreadBps = isQuoted ? (5e3 * (ask - bid)) / mid : 0;
    set(features, "micropriceBps", halfSpreadBps * ratio);
    set(features, "quoteMicropriceBps", halfSpreadBps * ratio);
  }
  if (bidDepth !== undefined && askDepth !== undefined)
    set(features, "imbalance5", imbalance(bidDepth, askDepth));
};

/** For a symbol without a live book: half of the volume on each side, a spread of 0.2 %, depths as the volume. */
const withDefaults = (request: PredictRequest): PredictRequest => {
  const { price, volume = 0 } = request;
  return {
    best_bid: price * (1 - HALF_SPREAD),
    best_ask: price * (1 + HALF_SPREAD),
    bid_volume: volume / 2,
    ask_volume: volume / 2,
    bid_depth_5: volume,
    ask_depth_5: volume,
    ...request,
  };
};

const weightInfo = (view: WeightInfo): WeightInfo => ({
  model: view.model,
  alpha: view.alpha,
  beta: view.beta,
  mean: view.mean,
  weight: view.weight,
  lower: view.lower,
  upper: view.upper,
  outcomes: view.outcomes,
});

const meanWeights = (
  perSymbol: readonly (readonly WeightInfo[])[],
): readonly WeightInfo[] => {
  const models = perSymbol[0]?.map(({ model }) => model) ?? [];
  const n = Math.max(1, perSymbol.length);
  return models.map((model, i) => {
    const mean = (key: Exclude<keyof WeightInfo, "model">): number =>
      perSymbol.reduce((sum, views) => sum + views[i]![key], 0) / n;
    return {
      model,
      alpha: mean("alpha"),
      beta: mean("beta"),
      mean: mean("mean"),
      weight: mean("weight"),
      lower: mean("lower"),
      upper: mean("upper"),
      outcomes: Math.round(mean("outcomes") * n),
    };
  });
};
