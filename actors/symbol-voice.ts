/** Makes one symbol's signals and gives them to the sinks; remembers what was said last. */
import type {
  BookReason,
  BookState,
  SentimentView,
  Signal,
  SignalTrigger,
} from "../engine/domain/signal.ts";
import type { Fusion } from "../engine/fusion/fuser.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { SignalSink } from "../engine/ports.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { BookCensus } from "./book-census.ts";
import type { ConsensusReached } from "./messages.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import type { SymbolTurn } from "./symbol-turn.ts";

export interface SymbolVoiceDeps {
  readonly sinks: readonly SignalSink[];
  readonly stages: StageRecorder;
  readonly counters: SymbolCounters;
  readonly census: BookCensus;
  readonly epoch: string;
}

export class SymbolVoice {
  /** Of the last signal. */
  saidState: BookState | undefined;
  saidReason: BookReason | undefined;
  saidNs = Number.NEGATIVE_INFINITY;
  readonly #slot: SymbolSlot;
  readonly #book: OrderBook;
  readonly #turn: SymbolTurn;
  readonly #clock: Clock;
  readonly #deps: SymbolVoiceDeps;
  #consensus: ConsensusReached | undefined;

  constructor(
    slot: SymbolSlot,
    book: OrderBook,
    turn: SymbolTurn,
    clock: Clock,
    deps: SymbolVoiceDeps,
  ) {
    this.#slot = slot;
    this.#book = book;
    this.#turn = turn;
    this.#clock = clock;
    this.#deps = deps;
  }

  said(state: BookState, reason: BookReason): boolean {
    return this.saidState === state && this.saidReason === reason;
  }

  /** The sentiment that signals carry until its time is over. */
  heard(consensus: ConsensusReached): void {
    this.#consensus = consensus;
  }

  speak(
    trigger: SignalTrigger,
    fusion: Fusion,
    state: BookState,
    reason: BookReason,
    nowNs: MonoNanos,
  ): void {
    const clock = this.#clock;
    const turn = this.#turn;
    const fusedNs = clock.nowNs();
    const sentiment = this.#sentiment(nowNs);
    // "published" is when the sinks are about to be given the signal: they must find it complete.
    const stampsNs = turn.stampsNs(fusedNs, clock.nowNs());
    const book = this.#book;
    const signal: Signal = {
      v: 1,
      symbol: this.#slot.symbol,
      epoch: this.#deps.epoch,
      seq: ++this.#slot.seq,
      eventUs: turn.eventUs,
      receivedUs: turn.eventReceivedUs,
      emittedUs: clock.nowUs(),
      trigger,
      live: state === "LIVE" && fusion.sources.length > 0,
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
    this.saidState = state;
    this.saidReason = reason;
    this.saidNs = nowNs;
    this.#deps.census.said(this.#slot, state, reason, nowNs);
    for (const sink of this.#deps.sinks) sink.publish(full);
    this.#deps.counters.signals.add(1);
    this.#deps.stages.record(stampsNs);
  }

  #sentiment(nowNs: MonoNanos): SentimentView | undefined {
    const said = this.#consensus;
    if (said === undefined) return undefined;
    const ageMs = nsToMs(Math.max(0, nowNs - said.basisNs));
    if (ageMs >= said.ttlMs) {
      this.#consensus = undefined;
      return undefined;
    }
    const { label, score, confidence } = said.consensus;
    return { label, score, confidence, headlineId: said.headlineId, ageMs };
  }
}
