/** One symbol, from its market events to its signals: book, bars, features, models, trust, fusion. */
import type {
  GapReason,
  MarketEvent,
  Quote,
} from "../engine/domain/market-event.ts";
import type {
  BookReason,
  BookState,
  SignalTrigger,
} from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { WeightOptions } from "../engine/fusion/bayes-weights.ts";
import { MINUTE_MS } from "../engine/features/live-bar-features.ts";
import { Fuser } from "../engine/fusion/fuser.ts";
import type { FuserOptions } from "../engine/fusion/fuser.ts";
import type { LedgerOptions } from "../engine/fusion/outcome-ledger.ts";
import type { BarBook } from "../engine/market/bar-book.ts";
import type { BarSeries } from "../engine/market/bar-series.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import type { BookChange } from "../engine/market/book-change.ts";
import type { BookSyncOptions } from "../engine/market/book-sync-options.ts";
import { DerivativeState } from "../engine/market/derivative-state.ts";
import type { Instruments } from "../engine/market/instruments.ts";
import type { Reference, References } from "../engine/market/references.ts";
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
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import { BarKeeper } from "./bar-keeper.ts";
import type { BookCensus } from "./book-census.ts";
import type {
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
import { Reminder } from "./reminder.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import { symbolBars } from "./symbol-bars.ts";
import type { SymbolBarOptions } from "./symbol-bars.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import type { SymbolInspector } from "./symbol-inspector.ts";
import { SymbolFeatures, readsMinutes } from "./symbol-features.ts";
import { SymbolModels } from "./symbol-models.ts";
import type { SymbolModelOptions } from "./symbol-models.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import { SymbolTurn } from "./symbol-turn.ts";
import { SymbolVoice } from "./symbol-voice.ts";
import type { VenueClock } from "./venue-clocks.ts";
import { WeightKeeper } from "./weight-keeper.ts";

export interface SymbolActorOptions {
  readonly mailboxMax: number;
  /** Passivated after this long without any message. */
  readonly idleMs: number;
  readonly depthMax: number;
  readonly bookSync: BookSyncOptions;
  /** Interval of the bars that the features look at. */
  readonly barIntervalMs: number;
  readonly bars: SymbolBarOptions;
  readonly models: SymbolModelOptions;
  readonly fuser: FuserOptions;
  readonly weights: WeightOptions;
  readonly ledger: LedgerOptions;
  /** Least time between two signals; changes of state are told at once. */
  readonly minIntervalMs: number;
  /** Weights are saved at most this often. */
  readonly saveEveryMs: number;
  /** Bars and their features are kept at most this often. */
  readonly barsEveryMs: number;
}

export interface SymbolActorDeps {
  readonly inference: Inference;
  readonly sinks: readonly SignalSink[];
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly stages: StageRecorder;
  readonly counters: SymbolCounters;
  readonly census: BookCensus;
  readonly inspector: SymbolInspector;
  readonly instruments: Instruments;
  readonly references: References;
  readonly log: Logger;
  readonly requestSnapshot: (symbol: SymbolId) => void;
  readonly epoch: string;
  readonly options: SymbolActorOptions;
}

/** The staleness check comes this much after the limit: the limit itself is still fresh. */
const FRESHNESS_SLACK_MS = 1;
const RESUME_APART_NS = 60e9;
/** Bars that the features look at, kept so that a symbol comes back with them. */
const FEATURE_BARS = 61;

export class SymbolActor implements Actor<SymbolMessage> {
  readonly #symbol: SymbolId;
  readonly #slot: SymbolSlot;
  readonly #deps: SymbolActorDeps;
  readonly #context: ActorContext<SymbolMessage>;
  readonly #clock: Clock;
  readonly #book: OrderBook;
  readonly #sync: BookSync;
  readonly #tellFindings: () => void;
  readonly #bars: BarBook;
  readonly #barKeeper: BarKeeper;
  readonly #features: SymbolFeatures;
  readonly #derivative = new DerivativeState();
  /** Where this symbol writes what it stands at, if it is one that others look at. */
  readonly #reference: Reference | undefined;
  readonly #fuser: Fuser;
  readonly #models: SymbolModels;
  readonly #keeper: WeightKeeper;
  readonly #turn: SymbolTurn;
  readonly #venueClock: VenueClock;
  readonly #voice: SymbolVoice;
  readonly #freshnessReminder: Reminder<SymbolMessage>;
  readonly #resyncReminder: Reminder<SymbolMessage>;
  readonly #publishReminder: Reminder<SymbolMessage>;
  readonly #saveReminder: Reminder<SymbolMessage>;
  #lostSeen: number;

  constructor(
    slot: SymbolSlot,
    deps: SymbolActorDeps,
    context: ActorContext<SymbolMessage>,
  ) {
    const { options, inference } = deps;
    const { clock } = context;
    this.#symbol = slot.symbol;
    this.#slot = slot;
    this.#deps = deps;
    this.#context = context;
    this.#clock = clock;
    this.#lostSeen = slot.lost;
    this.#reference = deps.references.of(slot.symbol);
    this.#book = new OrderBook({
      depthMax: options.depthMax,
      tickSize: deps.instruments.of(slot.symbol)?.tickSize ?? 0,
    });
    this.#sync = new BookSync(this.#book, {
      ...options.bookSync,
      initialReason: context.incarnation > 1 ? "actorRestarted" : "noSnapshot",
    });
    this.#tellFindings = deps.counters.findings.of(this.#sync.counts);
    const windows = SymbolModels.barWindows(inference.models);
    windows.set(
      options.barIntervalMs,
      Math.max(FEATURE_BARS, windows.get(options.barIntervalMs) ?? 0),
    );
    if (readsMinutes(inference.models))
      windows.set(MINUTE_MS, Math.max(1, windows.get(MINUTE_MS) ?? 0));
    const ofFeatures = new Set([options.barIntervalMs, MINUTE_MS]);
    this.#bars = symbolBars(
      slot.symbol,
      windows,
      options.bars,
      deps.counters.bars,
      (bar) => {
        this.#barKeeper.closed(bar);
        if (!ofFeatures.has(bar.intervalMs)) return;
        this.#features.onBar(bar);
        this.#reference?.closed(bar);
      },
    );
    this.#fuser = new Fuser(inference.models, options.fuser);
    const leading = deps.references.all.find(
      ({ symbol }) => symbol !== slot.symbol,
    );
    this.#features = new SymbolFeatures(
      inference.models,
      leading === undefined ? {} : { leading },
    );
    this.#barKeeper = new BarKeeper({
      symbol: slot.symbol,
      bars: this.#bars,
      features: this.#features,
      store: deps.store,
      clock,
      log: deps.log,
      everyMs: options.barsEveryMs,
    });
    this.#models = new SymbolModels(
      slot.symbol,
      inference,
      this.#features,
      this.#fuser,
      clock,
      options.models,
      deps.counters.inlineFailures,
      (message) => context.self.tell(message),
    );
    this.#keeper = new WeightKeeper({
      symbol: slot.symbol,
      models: inference.models,
      clock,
      store: deps.store,
      predictions: deps.predictions,
      log: deps.log,
      weights: options.weights,
      ledger: options.ledger,
    });
    this.#turn = new SymbolTurn(clock);
    this.#venueClock = deps.counters.clocks.of(slot.symbol);
    this.#voice = new SymbolVoice(slot, this.#book, this.#turn, clock, deps);
    this.#freshnessReminder = new Reminder(context, { type: "freshnessDue" });
    this.#resyncReminder = new Reminder(context, { type: "resyncDue" });
    this.#publishReminder = new Reminder(context, { type: "publishDue" });
    this.#saveReminder = new Reminder(context, { type: "saveDue" });
  }

  started(): void {
    const { inspector } = this.#deps;
    inspector.opened(this.#symbol, {
      slot: this.#slot,
      sync: this.#sync,
      derivative: this.#derivative,
      book: this.#book,
      features: this.#features.market,
      weights: this.#keeper.weights,
      clock: this.#clock,
    });
    this.#load();
    const nowNs = this.#clock.nowNs();
    this.#takeUpBars(nowNs);
    if (this.#context.incarnation === 1) return;
    this.#publishState(nowNs);
    this.#resync(nowNs);
  }

  stopped(reason: StopReason): void {
    this.#deps.inspector.closed(this.#symbol);
    this.#keeper.save();
    this.#reference?.voided();
    // Whoever listens must not go on trading on the last live signal.
    const state = reason === "quarantine" ? "QUARANTINED" : "SYNCING";
    const crashed = reason === "restart" || reason === "quarantine";
    // What a crash leaves may be what caused it: what was kept before stands.
    if (!crashed) this.#barKeeper.save();
    const why = crashed ? "actorRestarted" : "disconnected";
    const { saidState, saidReason } = this.#voice;
    if (saidState === undefined || saidReason === why) return;
    // A crash may have left the book half changed.
    if (crashed) this.#book.clear();
    this.#turn.forget();
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
        this.#turn.trigger ??= "prediction";
        break;
      case "consensusReached":
        this.#voice.heard(message);
        this.#turn.trigger ??= "prediction";
        break;
      case "weightsLoaded":
        if (message.incarnation === this.#context.incarnation)
          this.#keeper.loaded(message.bytes);
        break;
      case "weightsLoadFailed":
        if (message.incarnation === this.#context.incarnation)
          this.#keeper.loadFailed(message.error);
        break;
      case "articleJudged":
        this.#features.onArticle(message.article);
        break;
      case "barsLoaded":
        this.#barKeeper.loaded(
          message.bytes,
          this.#sync.isLive ? this.#book : undefined,
        );
        break;
      case "resyncOrdered":
        this.#loseBook("operator");
        break;
      case "freshnessDue":
        this.#freshnessReminder.arrived();
        break;
      case "resyncDue":
        this.#resyncReminder.arrived();
        break;
      case "publishDue":
        this.#publishReminder.arrived();
        this.#turn.trigger ??= "book";
        break;
      case "saveDue":
        this.#saveReminder.arrived();
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
    if (this.#slot.lost !== this.#lostSeen) this.#onLost();
    this.#sync.checkFresh(nowNs);
    this.#models.checkDeadlines(nowNs);
    this.#keeper.mature(nowNs);
    if (this.#sync.isLive) this.#turnLive(nowNs);
    else this.#turnDark(nowNs);
    if (this.#keeper.wantsStore) this.#remindToSave(nowNs);
    this.#barKeeper.saveWhenDue(nowNs);
    this.#tellFindings();
    this.#turn.forget();
  }

  #turnLive(nowNs: MonoNanos): void {
    const turn = this.#turn;
    this.#watchFreshness(nowNs);
    if (this.#sync.wantsRefresh) this.#resync(nowNs);
    this.#keeper.follow(this.#book.mid);
    this.#reference?.moved(this.#book.mid, this.#book.spread, nowNs);
    if (turn.trigger === undefined) return;
    if (turn.hasMarketNews) this.#judge();
    this.#stateOutcomes(nowNs);
    const changedState = !this.#voice.said("LIVE", "none");
    const { minIntervalMs } = this.#deps.options;
    const waitMs = minIntervalMs - nsToMs(nowNs - this.#voice.saidNs);
    if (waitMs > 0 && !changedState) {
      if (!this.#publishReminder.isUnderWay(nowNs))
        this.#publishReminder.set(nowNs, waitMs);
      return;
    }
    this.#voice.speak(
      changedState ? "state" : turn.trigger,
      this.#fuser.fuse(this.#keeper.weights, nowNs),
      "LIVE",
      "none",
      nowNs,
    );
  }

  /** What the models make of the market as this turn left it. */
  #judge(): void {
    const turn = this.#turn;
    const basisNs = turn.latest.receivedNs;
    this.#features.write(this.#book, turn.latest);
    turn.featured();
    this.#askOnClosedBars();
    if (!this.#features.market.isWarm) return;
    if (this.#models.askOnFeatures(basisNs)) turn.submitted();
    this.#models.judge(basisNs);
    turn.predicted();
  }

  /** Without a live book there is nothing to say but that. */
  #turnDark(nowNs: MonoNanos): void {
    this.#keeper.voidBook();
    this.#models.voidBook();
    this.#reference?.voided();
    this.#askOnClosedBars();
    this.#resync(nowNs);
    this.#publishState(nowNs);
  }

  #onMarketEvent(message: MarketEventArrived): void {
    this.#turn.dequeued(message);
    this.#venueClock.observe(message.event);
    const trigger = this.#apply(message.event);
    if (trigger !== undefined) this.#turn.moved(message.event, trigger);
  }

  /** What the event would make us speak about; undefined when it changed nothing. */
  #apply(event: MarketEvent): SignalTrigger | undefined {
    this.#bars.advanceTo(event);
    switch (event.type) {
      case "bookDelta":
      case "bookSnapshot": {
        const change = this.#sync.apply(event);
        this.#deps.counters.bookChanged(change);
        if (change === "delta" || change === "snapshot") {
          this.#features.onBook(this.#book, event);
          return "book";
        }
        return this.#bookLost(change);
      }
      case "gap":
        this.#bars.onGap(event.reason);
        return this.#bookLost(this.#sync.apply(event));
      case "trade":
        if (!this.#sync.isPlausible(event.price)) {
          this.#deps.counters.suspectPrices.add(1);
          return undefined;
        }
        if (!this.#bars.onTrade(event)) return undefined;
        this.#features.onTrade(event);
        return "trade";
      case "quote":
        return this.#onQuote(event);
      case "bar":
        return this.#bars.onBar(event) ? "bar" : undefined;
      case "funding":
        this.#derivative.onFunding(event);
        this.#features.onFunding(event);
        return undefined;
      case "openInterest":
        this.#derivative.onOpenInterest(event);
        return undefined;
      default:
        return unreachable(event);
    }
  }

  #onQuote(quote: Quote): SignalTrigger | undefined {
    const { bidPrice, askPrice } = quote;
    // Such a price is no news: the market cannot have gone there within moments.
    if (
      !this.#sync.isPlausible(bidPrice) ||
      !this.#sync.isPlausible(askPrice)
    ) {
      this.#deps.counters.suspectPrices.add(1);
      return undefined;
    }
    if (this.#sync.onQuote(quote) === "voided") {
      this.#deps.counters.bookChanged("voided");
      return this.#bookLost("voided");
    }
    this.#features.onQuote(quote);
    return "quote";
  }

  #bookLost(change: BookChange): SignalTrigger | undefined {
    if (this.#sync.isLive) return undefined;
    switch (change) {
      case "voided":
      case "crossed":
      case "locked":
      case "suspect":
      case "oneSided":
        this.#features.onVoid();
        return "state";
      default:
        return undefined;
    }
  }

  #onPrediction(message: PredictionArrived): void {
    const index = this.#models.predicted(message.prediction);
    if (index !== undefined) this.#turn.answered(index, message);
  }

  /** The router could not deliver book events. */
  #onLost(): void {
    this.#lostSeen = this.#slot.lost;
    this.#bars.onGap("overflow");
    this.#loseBook("overflow");
  }

  #loseBook(reason: GapReason): void {
    this.#sync.apply({
      type: "gap",
      symbol: this.#symbol,
      reason,
      eventUs: this.#turn.eventUs,
      receivedUs: this.#clock.nowUs(),
      receivedNs: this.#clock.nowNs(),
    });
    this.#features.onVoid();
  }

  /** Those that spoke now stand by their word: inline models each turn, the others when their answer arrives. */
  #stateOutcomes(nowNs: MonoNanos): void {
    if (this.#turn.hasMarketNews)
      for (const { index } of this.#models.inline)
        this.#stateOutcome(index, nowNs);
    for (const index of this.#turn.arrivedSources)
      this.#stateOutcome(index, nowNs);
  }

  #stateOutcome(index: number, nowNs: MonoNanos): void {
    if (this.#fuser.freshness(index, nowNs) > 0)
      this.#keeper.state(index, this.#fuser.probability(index), nowNs);
  }

  #askOnClosedBars(): void {
    this.#bars.takeGrown(this.#askOnBars);
  }

  readonly #askOnBars = (series: BarSeries): void => {
    if (this.#models.askOnBars(series, this.#turn.latest.receivedNs))
      this.#turn.submitted();
  };

  /** Tells where the book stands, once per change. */
  #publishState(nowNs: MonoNanos): void {
    const { state, reason } = this.#sync;
    if (!this.#voice.said(state, reason))
      this.#publishDark(state, reason, nowNs);
  }

  #publishDark(state: BookState, reason: BookReason, nowNs: MonoNanos): void {
    const silence = this.#fuser.silent(nowNs);
    this.#voice.speak("state", silence, state, reason, nowNs);
  }

  // -------------------------------------------------------------- Reminders

  #watchFreshness(nowNs: MonoNanos): void {
    if (this.#freshnessReminder.isUnderWay(nowNs)) return;
    this.#freshnessReminder.set(
      nowNs,
      Math.max(0, nsToMs(this.#sync.freshUntilNs - nowNs)) + FRESHNESS_SLACK_MS,
    );
  }

  /** Asks the feed for a snapshot as often as the sync allows. */
  #resync(nowNs: MonoNanos): void {
    const { state, reason } = this.#sync;
    if (this.#sync.takeResync(nowNs)) {
      this.#slot.resyncs++;
      this.#deps.requestSnapshot(this.#symbol);
    } else if (this.#sync.reason === "noSync" && reason !== "noSync")
      this.#deps.log.error("book.notSynced", {
        symbol: this.#symbol,
        code: "E_BOOK_NOSYNC",
        state,
        reason,
      });
    if (this.#resyncReminder.isUnderWay(nowNs)) return;
    this.#resyncReminder.set(nowNs, this.#sync.resyncWaitMs(nowNs));
  }

  /** One that crashes soon after it took them up may crash of them: the next begins anew. */
  #takeUpBars(nowNs: MonoNanos): void {
    const slot = this.#slot;
    if (nowNs - slot.resumedNs < RESUME_APART_NS) return;
    slot.resumedNs = nowNs;
    this.#barKeeper.load((message) => this.#context.self.tell(message));
  }

  #remindToSave(nowNs: MonoNanos): void {
    if (!this.#saveReminder.isUnderWay(nowNs))
      this.#saveReminder.set(nowNs, this.#deps.options.saveEveryMs);
  }

  #load(): void {
    this.#keeper.load(this.#context.incarnation, (message) =>
      this.#context.self.tell(message),
    );
  }
}

/** The newest quote, funding, prediction or reminder stands for its kind; a book event, a trade or a bar stands for itself. */
const keyOf = (message: SymbolMessage): string | undefined => {
  switch (message.type) {
    case "marketEventArrived":
      return NEWEST_COUNTS.has(message.event.type)
        ? message.event.type
        : undefined;
    case "predictionArrived":
      return `prediction/${message.prediction.model}`;
    case "predictionMissed":
      return `prediction/${message.miss.model}`;
    case "articleJudged":
      return undefined;
    default:
      return message.type;
  }
};

const NEWEST_COUNTS: ReadonlySet<MarketEvent["type"]> = new Set([
  "quote",
  "funding",
  "openInterest",
] as const);

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
