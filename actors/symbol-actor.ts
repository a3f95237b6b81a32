/** One symbol, from its market events to its signals: book, bars, features, models, trust, fusion. */
import type { Bar, MarketEvent } from "../engine/domain/market-event.ts";
import type {
  BookReason,
  BookState,
  SentimentView,
  Signal,
  SignalTrigger,
} from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { FeatureSet } from "../engine/features/feature-set.ts";
import type { WeightOptions } from "../engine/fusion/bayes-weights.ts";
import { Fuser } from "../engine/fusion/fuser.ts";
import type { FuserOptions, Fusion } from "../engine/fusion/fuser.ts";
import type { LedgerOptions } from "../engine/fusion/outcome-ledger.ts";
import { BarBuilder } from "../engine/market/bar-builder.ts";
import { BarSeries } from "../engine/market/bar-series.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import type {
  BookChange,
  BookSyncOptions,
} from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import type {
  Inference,
  Logger,
  PredictionLog,
  SignalSink,
  StateStore,
} from "../engine/ports.ts";
import { unreachable } from "../engine/std/assert.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { Clock, MonoNanos, UnixMicros } from "../engine/std/time.ts";
import type {
  ConsensusReached,
  MarketEventArrived,
  PredictionArrived,
  SymbolMessage,
} from "./messages.ts";
import type {
  Actor,
  ActorContext,
  ActorProps,
  StopReason,
} from "./runtime/actor.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import type { SymbolInspector } from "./symbol-inspector.ts";
import { SymbolModels } from "./symbol-models.ts";
import type { SymbolModelOptions } from "./symbol-models.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import { WeightKeeper } from "./weight-keeper.ts";

export interface SymbolActorOptions {
  readonly mailboxMax: number;
  /** Passivated after this long without any message. */
  readonly idleMs: number;
  readonly depthMax: number;
  readonly bookSync: BookSyncOptions;
  /** Interval of the bars that the features look at. */
  readonly barIntervalMs: number;
  readonly models: SymbolModelOptions;
  readonly fuser: FuserOptions;
  readonly weights: WeightOptions;
  readonly ledger: LedgerOptions;
  /** Least time between two signals; changes of state are told at once. */
  readonly minIntervalMs: number;
  /** Weights are saved at most this often. */
  readonly saveEveryMs: number;
}

export interface SymbolActorDeps {
  readonly inference: Inference;
  readonly sinks: readonly SignalSink[];
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly stages: StageRecorder;
  readonly counters: SymbolCounters;
  readonly inspector: SymbolInspector;
  readonly log: Logger;
  readonly requestSnapshot: (symbol: SymbolId) => void;
  readonly epoch: string;
  readonly options: SymbolActorOptions;
}

/** Bars of one interval, built from trades or told as they are. */
interface BarLane {
  readonly builder: BarBuilder;
  readonly series: BarSeries;
  hasClosed: boolean;
}

/** The staleness check comes this much after the limit: the limit itself is still fresh. */
const FRESHNESS_SLACK_MS = 1;
/** A reminder this late was refused by a full mailbox. */
const REMINDER_LATE_NS = 50_000_000;
const NS_PER_MS = 1_000_000;

const NEVER = Number.NEGATIVE_INFINITY;
const ZERO_NS = 0 as MonoNanos;

export class SymbolActor implements Actor<SymbolMessage> {
  readonly #symbol: SymbolId;
  readonly #slot: SymbolSlot;
  readonly #deps: SymbolActorDeps;
  readonly #context: ActorContext<SymbolMessage>;
  readonly #clock: Clock;
  readonly #book: OrderBook;
  readonly #sync: BookSync;
  readonly #lanes: readonly BarLane[];
  readonly #features = new FeatureSet();
  readonly #fuser: Fuser;
  readonly #models: SymbolModels;
  readonly #keeper: WeightKeeper;
  #consensus: ConsensusReached | undefined;

  // What this turn has seen so far.
  #trigger: SignalTrigger | undefined;
  #hasMarketNews = false;
  #arrivedSources: number[] = [];
  #receivedNs: MonoNanos = ZERO_NS;
  #decodedNs: MonoNanos = ZERO_NS;
  #enqueuedNs: MonoNanos = ZERO_NS;
  #dequeuedNs: MonoNanos = ZERO_NS;
  #featuredNs: MonoNanos = ZERO_NS;
  #submittedNs: MonoNanos = ZERO_NS;
  #predictedNs: MonoNanos = ZERO_NS;

  // Times of the latest event of any turn.
  #eventUs = 0 as UnixMicros;
  #eventReceivedUs = 0 as UnixMicros;
  #eventReceivedNs: MonoNanos = ZERO_NS;

  // What the last signal said.
  #saidState: BookState | undefined;
  #saidReason: BookReason | undefined;
  #saidNs = NEVER;

  /** When a reminder is due that is under way; NEVER when none is. */
  #freshnessDueNs = NEVER;
  #resyncDueNs = NEVER;
  #publishDueNs = NEVER;
  #saveDueNs = NEVER;
  #progressNs = NEVER;
  #lostSeen: number;

  constructor(
    slot: SymbolSlot,
    deps: SymbolActorDeps,
    context: ActorContext<SymbolMessage>,
  ) {
    const { options, inference } = deps;
    this.#symbol = slot.symbol;
    this.#slot = slot;
    this.#deps = deps;
    this.#context = context;
    this.#clock = context.clock;
    this.#lostSeen = slot.lost;
    this.#book = new OrderBook({ depthMax: options.depthMax });
    this.#sync = new BookSync(this.#book, {
      ...options.bookSync,
      initialReason: context.incarnation > 1 ? "actorRestarted" : "noSnapshot",
    });
    const windows = SymbolModels.barWindows(inference.models);
    if (!windows.has(options.barIntervalMs))
      windows.set(options.barIntervalMs, 1);
    this.#lanes = Array.from(windows, ([intervalMs, length]) =>
      this.#lane(intervalMs, length),
    );
    this.#fuser = new Fuser(inference.models, options.fuser);
    this.#models = new SymbolModels(
      slot.symbol,
      inference,
      this.#fuser,
      context.clock,
      options.models,
      deps.counters.inlineFailures,
      (message) => context.self.tell(message),
    );
    this.#keeper = new WeightKeeper({
      symbol: slot.symbol,
      models: inference.models,
      clock: context.clock,
      store: deps.store,
      predictions: deps.predictions,
      log: deps.log,
      weights: options.weights,
      ledger: options.ledger,
    });
  }

  started(): void {
    const { inspector } = this.#deps;
    inspector.opened(this.#symbol, {
      book: this.#book,
      features: this.#features,
      weights: this.#keeper.weights,
      clock: this.#clock,
    });
    this.#load();
    if (this.#context.incarnation === 1) return;
    const nowNs = this.#clock.nowNs();
    this.#publishState(nowNs);
    this.#resync(nowNs);
  }

  stopped(reason: StopReason): void {
    this.#deps.inspector.closed(this.#symbol);
    this.#keeper.save();
    // Whoever listens must not go on trading on the last live signal.
    const state = reason === "quarantine" ? "QUARANTINED" : "SYNCING";
    const crashed = reason === "restart" || reason === "quarantine";
    const why = crashed ? "actorRestarted" : "disconnected";
    if (this.#saidState === undefined || this.#saidReason === why) return;
    // A crash may have left the book half changed.
    if (crashed) this.#book.clear();
    this.#forgetTurn();
    this.#publishDark(state, why, this.#clock.nowNs());
  }

  receive(message: SymbolMessage): void {
    switch (message.type) {
      case "marketEventArrived":
        this.#onMarketEvent(message);
        break;
      case "predictionArrived":
        this.#onPrediction(message);
        break;
      case "predictionMissed":
        this.#models.missed(message.miss);
        this.#trigger ??= "prediction";
        break;
      case "consensusReached":
        this.#consensus = message;
        this.#trigger ??= "prediction";
        break;
      case "weightsLoaded":
        if (message.incarnation === this.#context.incarnation)
          this.#keeper.loaded(message.bytes);
        break;
      case "weightsLoadFailed":
        if (message.incarnation === this.#context.incarnation)
          this.#keeper.loadFailed(message.error);
        break;
      case "freshnessDue":
        this.#freshnessDueNs = NEVER;
        break;
      case "resyncDue":
        this.#resyncDueNs = NEVER;
        break;
      case "publishDue":
        this.#publishDueNs = NEVER;
        this.#trigger ??= "book";
        break;
      case "saveDue":
        this.#saveDueNs = NEVER;
        this.#load();
        this.#keeper.save();
        break;
      default:
        unreachable(message);
    }
  }

  /** All work that is done once over the state that the turn's messages left. */
  turnEnded(): void {
    const nowNs = this.#clock.nowNs();
    if (this.#slot.lost !== this.#lostSeen) this.#onLost(nowNs);
    this.#sync.checkFresh(nowNs);
    this.#models.checkDeadlines(nowNs);
    this.#keeper.mature(nowNs);
    if (this.#sync.isLive) this.#turnLive(nowNs);
    else this.#turnDark(nowNs);
    if (this.#keeper.wantsStore) this.#remindToSave(nowNs);
    this.#forgetTurn();
  }

  #turnLive(nowNs: MonoNanos): void {
    this.#watchFreshness(nowNs);
    this.#keeper.follow(this.#book.mid);
    if (this.#trigger === undefined) return;
    if (this.#hasMarketNews) this.#judge();
    this.#stateOutcomes(nowNs);
    const { minIntervalMs } = this.#deps.options;
    const waitMs = minIntervalMs - nsToMs(nowNs - this.#saidNs);
    const changedState =
      this.#saidState !== "LIVE" || this.#saidReason !== "none";
    if (waitMs > 0 && !changedState) {
      this.#remindToPublish(nowNs, waitMs);
      return;
    }
    this.#publish(
      changedState ? "state" : this.#trigger,
      this.#fuser.fuse(this.#keeper.weights, nowNs),
      "LIVE",
      "none",
      nowNs,
    );
  }

  /** What the models make of the market as this turn left it. */
  #judge(): void {
    const features = this.#features.write(this.#book, this.#eventReceivedNs);
    this.#featuredNs = this.#clock.nowNs();
    // An answer that came in this turn has its stamps from another: those of the market count.
    this.#submittedNs = ZERO_NS;
    this.#predictedNs = ZERO_NS;
    this.#askOnClosedBars();
    if (!this.#features.isWarm) return;
    if (this.#models.askOnFeatures(features, this.#eventReceivedNs))
      this.#submittedNs = this.#clock.nowNs();
    this.#models.judge(features, this.#eventReceivedNs);
    this.#predictedNs = this.#clock.nowNs();
  }

  /** Without a live book there is nothing to say but that. */
  #turnDark(nowNs: MonoNanos): void {
    this.#keeper.voidBook();
    this.#models.voidBook();
    this.#askOnClosedBars();
    this.#resync(nowNs);
    this.#publishState(nowNs);
  }

  #onMarketEvent(message: MarketEventArrived): void {
    const { event } = message;
    if (this.#receivedNs === 0) {
      // The turn's oldest event is the one that is timed: its latency is the longest.
      this.#receivedNs = event.receivedNs;
      this.#decodedNs = message.decodedNs;
      this.#enqueuedNs = message.enqueuedNs;
      this.#dequeuedNs = this.#clock.nowNs();
    }
    const trigger = this.#apply(event);
    if (trigger === undefined) return;
    this.#trigger = trigger;
    this.#hasMarketNews = true;
    this.#eventUs = event.eventUs;
    this.#eventReceivedUs = event.receivedUs;
    if (event.receivedNs > this.#eventReceivedNs)
      this.#eventReceivedNs = event.receivedNs;
  }

  /** What the event would make us speak about; undefined when it changed nothing. */
  #apply(event: MarketEvent): SignalTrigger | undefined {
    for (const lane of this.#lanes) lane.builder.advanceTo(event);
    switch (event.type) {
      case "bookDelta":
      case "bookSnapshot": {
        const change = this.#sync.apply(event);
        this.#deps.counters.bookChanged(change);
        if (change === "delta" || change === "snapshot") {
          this.#progressNs = event.receivedNs;
          this.#features.onBook(this.#book, event);
          return "book";
        }
        return this.#bookLost(change);
      }
      case "gap":
        return this.#bookLost(this.#sync.apply(event));
      case "trade":
        for (const lane of this.#lanes) lane.builder.onTrade(event);
        this.#features.onTrade(event);
        return "trade";
      case "quote":
        this.#features.onQuote(event);
        return "quote";
      case "bar":
        return this.#onBar(event) ? "bar" : undefined;
      case "funding":
      case "openInterest":
        return undefined;
      default:
        return unreachable(event);
    }
  }

  #bookLost(change: BookChange): SignalTrigger | undefined {
    if (change === "voided" || change === "crossed" || change === "oneSided") {
      this.#features.onVoid();
      return "state";
    }
    return undefined;
  }

  #onBar(bar: Bar): boolean {
    let changed = false;
    for (const lane of this.#lanes) {
      if (!lane.series.push(bar)) continue;
      changed = true;
      lane.hasClosed = true;
      if (bar.intervalMs === this.#deps.options.barIntervalMs)
        this.#features.onBar(bar);
    }
    return changed;
  }

  #onPrediction(message: PredictionArrived): void {
    const index = this.#models.predicted(message.prediction);
    if (index === undefined) return;
    this.#arrivedSources.push(index);
    this.#submittedNs = message.submittedNs;
    this.#predictedNs = message.arrivedNs;
    this.#trigger ??= "prediction";
  }

  /** The router could not deliver book events. */
  #onLost(nowNs: MonoNanos): void {
    this.#lostSeen = this.#slot.lost;
    this.#sync.apply({
      type: "gap",
      symbol: this.#symbol,
      reason: "overflow",
      eventUs: this.#eventUs,
      receivedUs: this.#clock.nowUs(),
      receivedNs: nowNs,
    });
    this.#features.onVoid();
  }

  /** Those that spoke now stand by their word: inline models each turn, the others when their answer arrives. */
  #stateOutcomes(nowNs: MonoNanos): void {
    if (this.#hasMarketNews)
      for (const { index } of this.#models.inline)
        this.#stateOutcome(index, nowNs);
    for (const index of this.#arrivedSources) this.#stateOutcome(index, nowNs);
  }

  #stateOutcome(index: number, nowNs: MonoNanos): void {
    if (this.#fuser.freshness(index, nowNs) > 0)
      this.#keeper.state(index, this.#fuser.probability(index), nowNs);
  }

  #askOnClosedBars(): void {
    for (const lane of this.#lanes) {
      if (!lane.hasClosed) continue;
      lane.hasClosed = false;
      if (this.#models.askOnBars(lane.series, this.#eventReceivedNs))
        this.#submittedNs = this.#clock.nowNs();
    }
  }

  /** Tells where the book stands, once per change. */
  #publishState(nowNs: MonoNanos): void {
    const { state, reason } = this.#sync;
    if (state === this.#saidState && reason === this.#saidReason) return;
    this.#publishDark(state, reason, nowNs);
  }

  #publishDark(state: BookState, reason: BookReason, nowNs: MonoNanos): void {
    const silence = this.#fuser.silent(nowNs);
    this.#publish("state", silence, state, reason, nowNs);
  }

  #publish(
    trigger: SignalTrigger,
    fusion: Fusion,
    state: BookState,
    reason: BookReason,
    nowNs: MonoNanos,
  ): void {
    const fusedNs = this.#clock.nowNs();
    const book = this.#book;
    const live = state === "LIVE" && fusion.sources.length > 0;
    const sentiment = this.#sentiment(nowNs);
    // "published" is when the sinks are about to be given the signal: they must find it complete.
    const publishedNs = this.#clock.nowNs();
    const stampsNs = [
      this.#receivedNs,
      this.#decodedNs,
      this.#enqueuedNs,
      this.#dequeuedNs,
      this.#featuredNs,
      this.#submittedNs,
      this.#predictedNs,
      fusedNs,
      publishedNs,
    ];
    const signal: Signal = {
      v: 1,
      symbol: this.#symbol,
      epoch: this.#deps.epoch,
      seq: ++this.#slot.seq,
      eventUs: this.#eventUs,
      receivedUs: this.#eventReceivedUs,
      emittedUs: this.#clock.nowUs(),
      trigger,
      live,
      book: {
        state,
        reason,
        seq: book.seq,
        bidPrice: book.bidPrice(0),
        bidSize: book.bidSize(0),
        askPrice: book.askPrice(0),
        askSize: book.askSize(0),
      },
      direction: fusion.direction,
      class: fusion.class,
      probability: fusion.probability,
      confidence: fusion.confidence,
      logOdds: fusion.logOdds,
      agreement: fusion.agreement,
      horizonMs: fusion.horizonMs,
      sources: fusion.sources,
      missing: fusion.missing,
      stampsNs,
    };
    const full = sentiment === undefined ? signal : { ...signal, sentiment };
    this.#saidState = state;
    this.#saidReason = reason;
    this.#saidNs = nowNs;
    for (const sink of this.#deps.sinks) sink.publish(full);
    this.#deps.counters.signals.add(1);
    this.#deps.stages.record(stampsNs);
  }

  #sentiment(nowNs: MonoNanos): SentimentView | undefined {
    const said = this.#consensus;
    if (said === undefined) return undefined;
    const ageMs = Math.max(0, nowNs - said.basisNs) / NS_PER_MS;
    if (ageMs >= said.ttlMs) {
      this.#consensus = undefined;
      return undefined;
    }
    const { label, score, confidence } = said.consensus;
    return { label, score, confidence, headlineId: said.headlineId, ageMs };
  }

  // -------------------------------------------------------------- Reminders

  #watchFreshness(nowNs: MonoNanos): void {
    if (isUnderWay(this.#freshnessDueNs, nowNs)) return;
    const ageMs = nsToMs(nowNs - this.#progressNs);
    const delayMs =
      Math.max(0, this.#deps.options.bookSync.staleAfterMs - ageMs) +
      FRESHNESS_SLACK_MS;
    this.#freshnessDueNs = nowNs + delayMs * NS_PER_MS;
    this.#context.tellAfter(delayMs, { type: "freshnessDue" });
  }

  /** Asks the feed for a snapshot as often as the sync allows. */
  #resync(nowNs: MonoNanos): void {
    if (this.#sync.takeResync(nowNs)) {
      if (this.#sync.resyncs === this.#deps.options.bookSync.resyncMax)
        this.#deps.log.error("book.notSynced", {
          symbol: this.#symbol,
          code: "E_BOOK_NOSYNC",
          reason: this.#sync.reason,
        });
      this.#deps.requestSnapshot(this.#symbol);
    }
    if (isUnderWay(this.#resyncDueNs, nowNs)) return;
    const { resyncMinMs, resyncMaxMs } = this.#deps.options.bookSync;
    const waitMs = Math.min(
      resyncMaxMs,
      resyncMinMs * 2 ** Math.max(0, this.#sync.resyncs - 1),
    );
    this.#resyncDueNs = nowNs + waitMs * NS_PER_MS;
    this.#context.tellAfter(waitMs, { type: "resyncDue" });
  }

  #remindToPublish(nowNs: MonoNanos, waitMs: number): void {
    if (isUnderWay(this.#publishDueNs, nowNs)) return;
    this.#publishDueNs = nowNs + waitMs * NS_PER_MS;
    this.#context.tellAfter(waitMs, { type: "publishDue" });
  }

  #remindToSave(nowNs: MonoNanos): void {
    if (isUnderWay(this.#saveDueNs, nowNs)) return;
    const { saveEveryMs } = this.#deps.options;
    this.#saveDueNs = nowNs + saveEveryMs * NS_PER_MS;
    this.#context.tellAfter(saveEveryMs, { type: "saveDue" });
  }

  #load(): void {
    this.#keeper.load(this.#context.incarnation, (message) =>
      this.#context.self.tell(message),
    );
  }

  #lane(intervalMs: number, length: number): BarLane {
    const builder = new BarBuilder(
      { symbol: this.#symbol, intervalMs },
      (bar) => this.#onBar(bar),
    );
    const series = new BarSeries(intervalMs, length);
    return { builder, series, hasClosed: false };
  }

  #forgetTurn(): void {
    this.#trigger = undefined;
    this.#hasMarketNews = false;
    if (this.#arrivedSources.length > 0) this.#arrivedSources = [];
    this.#receivedNs = ZERO_NS;
    this.#decodedNs = ZERO_NS;
    this.#enqueuedNs = ZERO_NS;
    this.#dequeuedNs = ZERO_NS;
    this.#featuredNs = ZERO_NS;
    this.#submittedNs = ZERO_NS;
    this.#predictedNs = ZERO_NS;
  }
}

/** A reminder that should have come a while ago was lost, and counts as none. */
const isUnderWay = (dueNs: number, nowNs: MonoNanos): boolean =>
  dueNs !== NEVER && nowNs < dueNs + REMINDER_LATE_NS;

/** The newest quote, prediction or reminder stands for its kind; a book event or a trade stands for itself. */
const keyOf = (message: SymbolMessage): string | undefined => {
  switch (message.type) {
    case "marketEventArrived":
      return message.event.type === "quote" ? "quote" : undefined;
    case "predictionArrived":
      return `prediction/${message.prediction.model}`;
    case "predictionMissed":
      return `prediction/${message.miss.model}`;
    default:
      return message.type;
  }
};

export const symbolActorProps = (
  slot: SymbolSlot,
  deps: SymbolActorDeps,
): ActorProps<SymbolMessage> => ({
  create: (context) => new SymbolActor(slot, deps, context),
  mailbox: {
    capacityMax: deps.options.mailboxMax,
    overflow: "conflate",
    keyOf,
  },
  idleMs: deps.options.idleMs,
});
