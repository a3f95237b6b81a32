/** One symbol, from its market events to its signals: book, bars, features, models, trust, fusion. */
import type { BookReason, BookState } from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { BookSync } from "../engine/market/book-sync.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { Reference } from "../engine/market/references.ts";
import { unreachable } from "../engine/std/assert.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import { BookVigil } from "./book-vigil.ts";
import type { MarketEventArrived, SymbolMessage } from "./messages.ts";
import type {
  Actor,
  ActorContext,
  ActorProps,
  StopReason,
} from "./runtime/actor.ts";
import { Reminder } from "./reminder.ts";
import { SymbolBelief } from "./symbol-belief.ts";
import type { SymbolFeatures } from "./symbol-features.ts";
import { symbolMailbox } from "./symbol-mailbox.ts";
import { SymbolMarket } from "./symbol-market.ts";
import type { SymbolActorDeps } from "./symbol-options.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import { SymbolTurn } from "./symbol-turn.ts";
import { SymbolVoice } from "./symbol-voice.ts";
import type { VenueClock } from "./venue-clocks.ts";
import type { WeightKeeper } from "./weight-keeper.ts";

/** An actor that crashes this soon after it took up what was kept of its bars may crash of them: the next begins anew. */
const RESUME_APART_NS = 60e9;
export class SymbolActor implements Actor<SymbolMessage> {
  readonly #symbol: SymbolId;
  readonly #slot: SymbolSlot;
  readonly #deps: SymbolActorDeps;
  readonly #context: ActorContext<SymbolMessage>;
  readonly #clock: Clock;
  readonly #market: SymbolMarket;
  readonly #book: OrderBook;
  readonly #sync: BookSync;
  readonly #features: SymbolFeatures;
  readonly #reference: Reference | undefined;
  readonly #tellFindings: () => void;
  readonly #vigil: BookVigil;
  readonly #turn: SymbolTurn;
  readonly #belief: SymbolBelief;
  readonly #keeper: WeightKeeper;
  readonly #venueClock: VenueClock;
  readonly #voice: SymbolVoice;
  readonly #publishReminder: Reminder<SymbolMessage>;
  readonly #saveReminder: Reminder<SymbolMessage>;
  #lostSeen: number;

  constructor(
    slot: SymbolSlot,
    deps: SymbolActorDeps,
    context: ActorContext<SymbolMessage>,
  ) {
    const { clock } = context;
    this.#symbol = slot.symbol;
    this.#slot = slot;
    this.#deps = deps;
    this.#context = context;
    this.#clock = clock;
    this.#lostSeen = slot.lost;
    this.#market = new SymbolMarket(
      slot,
      deps,
      clock,
      context.incarnation > 1 ? "actorRestarted" : "noSnapshot",
    );
    this.#book = this.#market.book;
    this.#sync = this.#market.sync;
    this.#features = this.#market.features;
    this.#reference = this.#market.reference;
    this.#tellFindings = deps.counters.findings.of(this.#sync.counts);
    this.#vigil = new BookVigil(this.#sync, slot, deps, context);
    this.#turn = new SymbolTurn(clock);
    this.#belief = new SymbolBelief(
      slot,
      deps,
      context,
      this.#market,
      this.#turn,
    );
    this.#keeper = this.#belief.keeper;
    this.#venueClock = deps.counters.clocks.of(slot.symbol);
    this.#voice = new SymbolVoice(slot, this.#book, this.#turn, clock, deps);
    this.#publishReminder = new Reminder(context, { type: "publishDue" });
    this.#saveReminder = new Reminder(context, { type: "saveDue" });
  }

  started(): void {
    const { inspector } = this.#deps;
    inspector.opened(this.#symbol, {
      slot: this.#slot,
      sync: this.#sync,
      derivative: this.#market.derivative,
      book: this.#book,
      features: this.#features,
      weights: this.#keeper.weights,
      clock: this.#clock,
    });
    this.#load();
    const nowNs = this.#clock.nowNs();
    this.#takeUpBars(nowNs);
    if (this.#context.incarnation === 1) return;
    this.#publishState(nowNs);
    this.#vigil.askForSnapshot(nowNs);
  }

  stopped(reason: StopReason): void {
    this.#deps.inspector.closed(this.#symbol);
    this.#keeper.save();
    this.#reference?.voided();
    // Whoever listens must not go on trading on the last live signal.
    const state = reason === "quarantine" ? "QUARANTINED" : "SYNCING";
    const crashed = reason === "restart" || reason === "quarantine";
    // What a crash leaves may be what caused it: what was kept before stands.
    if (!crashed) this.#market.barKeeper.save();
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
        this.#belief.predicted(message);
        break;
      case "predictionMissed":
        this.#belief.models.missed(message.miss);
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
      case "derivativeTold":
        this.#market.onDerivative(message.event);
        break;
      case "articleJudged":
        this.#features.onArticle(message.article);
        this.#market.windows.onArticle(message.article);
        break;
      case "barsLoaded":
        this.#market.barKeeper.loaded(
          message.bytes,
          this.#sync.isLive ? this.#book : undefined,
        );
        break;
      case "instrumentTold":
        this.#book.useTick(message.instrument.tickSize);
        break;
      case "resyncOrdered":
        this.#market.lose("operator", this.#turn.eventUs);
        break;
      case "freshnessDue":
        this.#vigil.freshness.arrived();
        break;
      case "resyncDue":
        this.#vigil.resync.arrived();
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
    this.#belief.advance(nowNs);
    if (this.#sync.isLive) this.#turnLive(nowNs);
    else this.#turnDark(nowNs);
    if (this.#keeper.wantsStore) this.#remindToSave(nowNs);
    this.#market.barKeeper.saveWhenDue(nowNs);
    this.#tellFindings();
    this.#turn.forget();
  }

  #turnLive(nowNs: MonoNanos): void {
    const turn = this.#turn;
    this.#vigil.watchFreshness(nowNs);
    if (this.#sync.wantsRefresh) this.#vigil.askForSnapshot(nowNs);
    this.#keeper.follow(this.#book.mid);
    this.#reference?.moved(this.#book.mid, this.#book.spread, nowNs);
    if (turn.trigger === undefined) return;
    if (turn.hasMarketNews) this.#belief.judge();
    this.#belief.stateOutcomes(nowNs);
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
      this.#belief.fuse(nowNs),
      "LIVE",
      "none",
      nowNs,
    );
  }

  /** Without a live book there is nothing to say but that. */
  #turnDark(nowNs: MonoNanos): void {
    this.#belief.voidBook();
    this.#reference?.voided();
    this.#belief.askOnClosedBars();
    this.#vigil.askForSnapshot(nowNs);
    this.#publishState(nowNs);
  }

  #onMarketEvent(message: MarketEventArrived): void {
    this.#turn.dequeued(message);
    this.#venueClock.observe(message.event);
    const trigger = this.#market.apply(message.event);
    if (trigger !== undefined) this.#turn.moved(message.event, trigger);
  }

  /** The router could not deliver book events. */
  #onLost(): void {
    this.#lostSeen = this.#slot.lost;
    this.#market.lose("overflow", this.#turn.eventUs);
  }

  /** Tells where the book stands, once per change. */
  #publishState(nowNs: MonoNanos): void {
    const { state, reason } = this.#sync;
    if (!this.#voice.said(state, reason))
      this.#publishDark(state, reason, nowNs);
  }

  #publishDark(state: BookState, reason: BookReason, nowNs: MonoNanos): void {
    const silence = this.#belief.silent(nowNs);
    this.#voice.speak("state", silence, state, reason, nowNs);
  }

  #takeUpBars(nowNs: MonoNanos): void {
    const slot = this.#slot;
    if (nowNs - slot.resumedNs < RESUME_APART_NS) {
      this.#market.barKeeper.beginAnew();
      return;
    }
    slot.resumedNs = nowNs;
    this.#market.barKeeper.load((message) => this.#context.self.tell(message));
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

export const symbolActorProps = (
  slot: SymbolSlot,
  deps: SymbolActorDeps,
): ActorProps<SymbolMessage> => ({
  create: (context) => new SymbolActor(slot, deps, context),
  mailbox: symbolMailbox(deps.options.mailboxMax),
  idleMs: deps.options.idleMs,
});
