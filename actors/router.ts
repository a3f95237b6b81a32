/** From an event's symbol to its actor: spawns on first sight, up to a bound, and again after passivation. */
import type { Headline } from "../engine/domain/headline.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import type {
  Funding,
  MarketEvent,
  OpenInterest,
} from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { Instruments } from "../engine/market/instruments.ts";
import type { Logger } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { BookCensus } from "./book-census.ts";
import type { NewsMessage, SymbolMessage } from "./messages.ts";
import type { ActorProps } from "./runtime/actor.ts";
import type { ActorRef, TellResult } from "./runtime/actor-ref.ts";
import type { ActorSystem } from "./runtime/actor-system.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import { SymbolSlot } from "./symbol-slot.ts";

export interface RouterDeps {
  readonly system: ActorSystem;
  readonly clock: Clock;
  /** Actors at once. References have their place besides. */
  readonly symbolsMax: number;
  readonly isReference: (symbol: SymbolId) => boolean;
  /** By derivative: the symbols that look at its funding and open interest. */
  readonly followersOf: ReadonlyMap<SymbolId, readonly SymbolId[]>;
  readonly counters: SymbolCounters;
  readonly census: BookCensus;
  readonly instruments: Instruments;
  readonly log: Logger;
  /** An event's symbol found no place. */
  readonly onRefused: (symbol: SymbolId) => void;
  readonly propsOf: (slot: SymbolSlot) => ActorProps<SymbolMessage>;
}

/** "refused": past the limit on symbols (E_SYMBOL_LIMIT). */
export type RouteResult = TellResult | "refused";

interface Route {
  readonly slot: SymbolSlot;
  readonly ref: ActorRef<SymbolMessage>;
}

/** Sequences kept of symbols whose actors are gone, in multiples of the limit on actors. */
const SEQS_PER_SYMBOL = 4;
const REFUSALS_LOGGED_EVERY_NS = 60_000_000_000;

export class Router {
  readonly #deps: RouterDeps;
  readonly #routes = new Map<SymbolId, Route>();
  /** Of symbols that are gone, oldest first: one that comes again goes on counting. */
  readonly #seqs = new Map<SymbolId, number>();
  #news: ActorRef<NewsMessage> | undefined;
  #references = 0;
  /** No symbol starts below the sequence of one that was forgotten: a symbol's signals never count backwards. */
  #seqFloor = 0;
  #refusalLoggedNs = Number.NEGATIVE_INFINITY;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
  }

  /** Symbols with an actor. */
  get size(): number {
    return this.#routes.size;
  }

  symbols(): SymbolId[] {
    return [...this.#routes.keys()];
  }

  /** The symbol's actor was told something that it has not taken yet. */
  isBehind(symbol: SymbolId): boolean {
    return (this.#routes.get(symbol)?.ref.mailboxSize ?? 0) > 0;
  }

  sendNewsTo(news: ActorRef<NewsMessage>): void {
    this.#news = news;
  }

  /** Never throws: what cannot be delivered is counted, and a lost book event becomes a gap. */
  onEvent(
    event: MarketEvent,
    decodedNs: MonoNanos = event.receivedNs,
  ): RouteResult {
    const ready =
      this.#routes.get(event.symbol) ?? this.#tryAdmit(event.symbol);
    if (ready === undefined) return "refused";
    const message: SymbolMessage = {
      type: "marketEventArrived",
      event,
      decodedNs,
      enqueuedNs: this.#deps.clock.nowNs(),
    };
    const result = this.#tell(ready, message);
    if (event.type === "funding" || event.type === "openInterest")
      this.#tellFollowers(event);
    if (result === "rejected" && BOOK_EVENTS.has(event.type)) {
      ready.slot.lost++;
      this.#deps.counters.lost.add(1);
    }
    return result;
  }

  onHeadline(headline: Headline): TellResult {
    return (
      this.#news?.tell({ type: "headlineArrived", headline }) ?? "rejected"
    );
  }

  /** A venue's grid: for the books that are up and those that come. Throws E_INPUT_RANGE. */
  onInstrument(instrument: Instrument): void {
    const { symbol } = instrument;
    if (!this.#deps.instruments.learn(instrument)) return;
    this.tell(symbol, { type: "instrumentTold", instrument });
  }

  /** To a symbol that has an actor; others have nothing to say about it. */
  tell(symbol: SymbolId, message: SymbolMessage): TellResult {
    return this.#routes.get(symbol)?.ref.tell(message) ?? "dead";
  }

  /** An operator's: the symbol's book is void until a new snapshot. Throws E_SYMBOL_UNKNOWN or E_ACTOR_QUARANTINED. */
  orderResync(symbol: SymbolId): void {
    const route = this.#routes.get(symbol);
    if (route === undefined || !this.#isAlive(route))
      throw new CodedError("E_SYMBOL_UNKNOWN");
    this.#deps.log.info("book.resyncOrdered", { symbol });
    const result = route.ref.tell({ type: "resyncOrdered" });
    if (result === "dead") throw new CodedError("E_ACTOR_QUARANTINED");
    if (result === "rejected") throw new CodedError("E_LIMIT_QUEUE");
  }

  /** The symbol's actor has ended for good: told by the system, so that its place is free at once. */
  left(symbol: SymbolId): void {
    const route = this.#routes.get(symbol);
    if (route !== undefined && !this.#isAlive(route)) this.#forget(route);
  }

  /** The symbol's actor, spawned where there is none. Throws E_SYMBOL_LIMIT. */
  admit(symbol: SymbolId): ActorRef<SymbolMessage> {
    return this.#admit(symbol).ref;
  }

  #tellFollowers(event: Funding | OpenInterest): void {
    for (const symbol of this.#deps.followersOf.get(event.symbol) ?? [])
      this.tell(symbol, { type: "derivativeTold", event });
  }

  #tell(route: Route, message: SymbolMessage): RouteResult {
    const result = route.ref.tell(message);
    if (result !== "dead" || this.#isAlive(route)) return result;
    // Passivated meanwhile: one with a quarantine is alive, and left alone.
    this.#forget(route);
    const again = this.#tryAdmit(route.slot.symbol);
    return again === undefined ? "refused" : again.ref.tell(message);
  }

  #isAlive(route: Route): boolean {
    return this.#deps.system.lookup(route.ref.path) !== undefined;
  }

  #tryAdmit(symbol: SymbolId): Route | undefined {
    try {
      return this.#admit(symbol);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#deps.counters.refused.add(1);
      this.#deps.onRefused(symbol);
      const nowNs = this.#deps.clock.nowNs();
      if (nowNs - this.#refusalLoggedNs > REFUSALS_LOGGED_EVERY_NS) {
        this.#refusalLoggedNs = nowNs;
        this.#deps.log.warn("symbol.refused", { symbol, code: error.code });
      }
      return undefined;
    }
  }

  #admit(symbol: SymbolId): Route {
    const known = this.#routes.get(symbol);
    if (known !== undefined) return known;
    const isReference = this.#deps.isReference(symbol);
    if (!isReference && this.#isFull) throw limitReached();
    const slot = new SymbolSlot(
      symbol,
      this.#seqs.get(symbol) ?? this.#seqFloor,
    );
    const ref = this.#deps.system.spawn(
      `${SYMBOL_PATH}${symbol}`,
      this.#deps.propsOf(slot),
    );
    const route = { slot, ref };
    this.#routes.set(symbol, route);
    this.#seqs.delete(symbol);
    if (isReference) this.#references++;
    return route;
  }

  get #isFull(): boolean {
    return this.#routes.size - this.#references >= this.#deps.symbolsMax;
  }

  #forget({ slot }: Route): void {
    const { symbol, seq } = slot;
    this.#routes.delete(symbol);
    this.#deps.census.left(slot);
    if (this.#deps.isReference(symbol)) this.#references--;
    if (seq === 0) return;
    this.#seqs.set(symbol, seq);
    if (this.#seqs.size > this.#deps.symbolsMax * SEQS_PER_SYMBOL)
      this.#forgetOldestSeq();
  }

  #forgetOldestSeq(): void {
    for (const [symbol, seq] of this.#seqs) {
      this.#seqFloor = Math.max(this.#seqFloor, seq);
      this.#seqs.delete(symbol);
      return;
    }
  }
}

/** Where symbols' actors live, and the symbol of one; undefined for any other path. */
const SYMBOL_PATH = "symbols/";
export const symbolOfPath = (path: string): SymbolId | undefined =>
  path.startsWith(SYMBOL_PATH)
    ? (path.slice(SYMBOL_PATH.length) as SymbolId)
    : undefined;

const limitReached = (): CodedError =>
  new CodedError("E_SYMBOL_LIMIT", { retryAfterMs: 60_000 });

const BOOK_EVENTS: ReadonlySet<MarketEvent["type"]> = new Set([
  "bookSnapshot",
  "bookDelta",
  "gap",
] as const);
