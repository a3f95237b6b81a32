/** All actors on a simulated clock and a manual executor, with a fake inference: a whole engine without a thread. */
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../../actors/engine-actors.ts";
import type {
  EngineActors,
  EngineActorsOptions,
} from "../../actors/engine-actors.ts";
import type { InspectionEvent } from "../../actors/runtime/inspection.ts";
import type { SymbolActorOptions } from "../../actors/symbol-options.ts";
import type { Headline } from "../../engine/domain/headline.ts";
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  Levels,
  MarketEvent,
  Trade,
} from "../../engine/domain/market-event.ts";
import type { Outcome } from "../../engine/domain/outcome.ts";
import type { Signal } from "../../engine/domain/signal.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import type { SymbolId } from "../../engine/domain/symbol.ts";
import { NO_LOG, NO_TELEMETRY } from "../../engine/ports.ts";
import type {
  Logger,
  ServedModel,
  StateStore,
  Telemetry,
} from "../../engine/ports.ts";
import { ManualExecutor } from "../../engine/std/executor.ts";
import { SimulatedClock } from "../../engine/std/simulated-clock.ts";
import { FakeInference, TREES } from "./fake-inference.ts";

export const BTC = symbolId("BTCUSDT.SIM");
export const ETH = symbolId("ETHUSDT.SIM");

/** Keeps what is saved; a load answers in a microtask. */
export class MemoryStore implements StateStore {
  readonly values = new Map<string, Uint8Array>();
  saves = 0;

  load(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.values.get(key));
  }

  save(key: string, value: Uint8Array): void {
    this.saves++;
    this.values.set(key, value);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }
}

type HeadField = "symbol" | "eventUs" | "receivedUs" | "receivedNs";
type FieldsOf<E> = E extends MarketEvent ? Omit<E, HeadField> : never;
/** An event but for what all events have. */
export type EventFields = FieldsOf<MarketEvent>;

export interface ActorStageOptions {
  readonly models?: readonly ServedModel[];
  readonly symbol?: Partial<SymbolActorOptions>;
  readonly engine?: Partial<Omit<EngineActorsOptions, "symbol">>;
  readonly store?: StateStore;
  readonly telemetry?: Telemetry;
  readonly log?: Logger;
}

export class ActorStage {
  readonly clock = new SimulatedClock(1_700_000_000_000_000, 1_000_000_000);
  readonly executor = new ManualExecutor();
  readonly inference: FakeInference;
  readonly store: StateStore;
  readonly signals: Signal[] = [];
  readonly outcomes: Outcome[] = [];
  readonly inspected: InspectionEvent[] = [];
  readonly snapshotsRequested: SymbolId[] = [];
  readonly actors: EngineActors;
  readonly #seqs = new Map<SymbolId, number>();

  constructor(options: ActorStageOptions = {}) {
    this.inference = new FakeInference(options.models ?? [TREES]);
    this.store = options.store ?? new MemoryStore();
    this.actors = createEngineActors({
      clock: this.clock,
      timers: this.clock,
      executor: this.executor,
      inference: this.inference,
      sinks: [{ publish: (signal) => this.signals.push(signal) }],
      store: this.store,
      predictions: { record: (outcome) => this.outcomes.push(outcome) },
      telemetry: options.telemetry ?? NO_TELEMETRY,
      log: options.log ?? NO_LOG,
      requestSnapshot: (symbol) => this.snapshotsRequested.push(symbol),
      epoch: "test",
      onInspect: (event) => this.inspected.push(event),
      options: {
        ...ENGINE_ACTORS_DEFAULTS,
        ...options.engine,
        symbol: { ...ENGINE_ACTORS_DEFAULTS.symbol, ...options.symbol },
      },
    });
  }

  get last(): Signal {
    const signal = this.signals.at(-1);
    if (signal === undefined) throw new Error("no signal yet");
    return signal;
  }

  of(symbol: SymbolId): Signal[] {
    return this.signals.filter((signal) => signal.symbol === symbol);
  }

  /** Queues the event without a turn. */
  tell(event: MarketEvent): string {
    return this.actors.router.onEvent(event);
  }

  /** Queues the events and lets everyone have their turns. */
  feed(...events: MarketEvent[]): void {
    for (const event of events) this.tell(event);
    this.run();
  }

  run(): void {
    this.executor.runUntilIdle();
  }

  /** Moves time by milliseconds, with turns after each. */
  advanceMs(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.clock.advanceMs(1);
      this.run();
    }
  }

  /** Lets promises of the store come back. */
  async settle(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      await Promise.resolve();
      this.run();
    }
  }

  snapshot(symbol: SymbolId, mid: number, seq?: number): BookSnapshot {
    const at = seq ?? this.#seq(symbol) + 1;
    this.#seqs.set(symbol, at);
    return {
      type: "bookSnapshot",
      ...this.#head(symbol),
      seq: at,
      bids: [mid - 0.5, 3, mid - 1.5, 5],
      asks: [mid + 0.5, 2, mid + 1.5, 4],
    };
  }

  /** The next delta; by default it changes sizes at levels far from the best. */
  delta(
    symbol: SymbolId,
    bids: Levels = [1, 1 + (this.#seq(symbol) % 7)],
    asks: Levels = [],
  ): BookDelta {
    const prevSeq = this.#seq(symbol);
    this.#seqs.set(symbol, prevSeq + 1);
    return {
      type: "bookDelta",
      ...this.#head(symbol),
      prevSeq,
      seq: prevSeq + 1,
      bids,
      asks,
    };
  }

  /** A delta that moves the best prices to around `mid` from around `from`. */
  move(symbol: SymbolId, from: number, mid: number): BookDelta {
    return this.delta(
      symbol,
      [from - 0.5, 0, from - 1.5, 0, mid - 0.5, 3, mid - 1.5, 5],
      [from + 0.5, 0, from + 1.5, 0, mid + 0.5, 2, mid + 1.5, 4],
    );
  }

  /** Advances the sequence as an update does that never arrives. */
  lose(symbol: SymbolId): void {
    this.#seqs.set(symbol, this.#seq(symbol) + 1);
  }

  gap(symbol: SymbolId): Gap {
    return { type: "gap", ...this.#head(symbol), reason: "disconnected" };
  }

  trade(symbol: SymbolId, price: number, size = 1): Trade {
    return {
      type: "trade",
      ...this.#head(symbol),
      tradeId: this.clock.nowNs(),
      price,
      size,
      side: "buy",
    };
  }

  /** Any other event, of this moment. */
  event(symbol: SymbolId, fields: EventFields): MarketEvent {
    return { ...this.#head(symbol), ...fields };
  }

  headline(id: string, text: string, ...symbols: SymbolId[]): Headline {
    const { eventUs, receivedUs, receivedNs } = this.#head(BTC);
    return {
      id,
      text,
      source: "test",
      symbols,
      eventUs,
      receivedUs,
      receivedNs,
    };
  }

  /** Live books around 100 whose features are warm, five and a half seconds on. */
  warm(...symbols: SymbolId[]): void {
    for (const symbol of symbols) this.feed(this.snapshot(symbol, 100));
    for (let i = 0; i < 11; i++) {
      this.advanceMs(500);
      for (const symbol of symbols) this.feed(this.delta(symbol));
    }
  }

  #seq(symbol: SymbolId): number {
    return this.#seqs.get(symbol) ?? 1000;
  }

  #head(symbol: SymbolId) {
    return {
      symbol,
      eventUs: this.clock.nowUs(),
      receivedUs: this.clock.nowUs(),
      receivedNs: this.clock.nowNs(),
    };
  }
}
