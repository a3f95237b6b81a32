/** From an event's symbol to its actor: spawns on first sight, up to a bound, and again after passivation. */
import type { Headline } from "../engine/domain/headline.ts";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { Logger } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { NewsMessage, SymbolMessage } from "./messages.ts";
import type { ActorProps } from "./runtime/actor.ts";
import type { ActorRef, TellResult } from "./runtime/actor-ref.ts";
import type { ActorSystem } from "./runtime/actor-system.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import { SymbolSlot } from "./symbol-slot.ts";

export interface RouterDeps {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly symbolsMax: number;
  readonly counters: SymbolCounters;
  readonly log: Logger;
  readonly propsOf: (slot: SymbolSlot) => ActorProps<SymbolMessage>;
}

/** "refused": past the limit on symbols (E_SYMBOL_LIMIT). */
export type RouteResult = TellResult | "refused";

interface Route {
  readonly slot: SymbolSlot;
  /** Undefined while nobody is there: passivated or stopped. */
  ref: ActorRef<SymbolMessage> | undefined;
}

/** Slots kept of symbols whose actors are gone, in multiples of the limit on actors. */
const SLOTS_PER_SYMBOL = 4;
const REFUSALS_LOGGED_EVERY_NS = 60_000_000_000;

export class Router {
  readonly #deps: RouterDeps;
  readonly #routes = new Map<SymbolId, Route>();
  #news: ActorRef<NewsMessage> | undefined;
  #actors = 0;
  /** No new slot starts below the sequence of one that was forgotten: a symbol's signals never count backwards. */
  #seqFloor = 0;
  #refusalLoggedNs = Number.NEGATIVE_INFINITY;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
  }

  /** Symbols with an actor. */
  get size(): number {
    return this.#actors;
  }

  symbols(): SymbolId[] {
    const symbols: SymbolId[] = [];
    for (const [symbol, { ref }] of this.#routes)
      if (ref !== undefined) symbols.push(symbol);
    return symbols;
  }

  sendNewsTo(news: ActorRef<NewsMessage>): void {
    this.#news = news;
  }

  /** Never throws: what cannot be delivered is counted, and a lost book event becomes a gap. */
  onEvent(
    event: MarketEvent,
    decodedNs: MonoNanos = event.receivedNs,
  ): RouteResult {
    const route = this.#routes.get(event.symbol);
    const ready =
      route?.ref === undefined ? this.#tryAdmit(event.symbol) : route;
    if (ready === undefined) return "refused";
    const message: SymbolMessage = {
      type: "marketEventArrived",
      event,
      decodedNs,
      enqueuedNs: this.#deps.clock.nowNs(),
    };
    const result = this.#tell(ready, message);
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

  /** To a symbol that has an actor; others have nothing to say about it. */
  tell(symbol: SymbolId, message: SymbolMessage): TellResult {
    return this.#routes.get(symbol)?.ref?.tell(message) ?? "dead";
  }

  /** The symbol's actor, spawned where there is none. Throws E_SYMBOL_LIMIT. */
  admit(symbol: SymbolId): ActorRef<SymbolMessage> {
    return this.#admit(symbol).ref!;
  }

  #tell(route: Route, message: SymbolMessage): RouteResult {
    const result = route.ref!.tell(message);
    if (result !== "dead" || this.#isAlive(route)) return result;
    // Passivated meanwhile: one with a quarantine is alive, and left alone.
    this.#forget(route);
    const again = this.#tryAdmit(route.slot.symbol);
    return again === undefined ? "refused" : again.ref!.tell(message);
  }

  #isAlive(route: Route): boolean {
    return this.#deps.system.lookup(route.ref!.path) !== undefined;
  }

  #tryAdmit(symbol: SymbolId): Route | undefined {
    try {
      return this.#admit(symbol);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#deps.counters.refused.add(1);
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
    if (known?.ref !== undefined) return known;
    if (this.#actors >= this.#deps.symbolsMax) this.#forgetDead();
    if (this.#actors >= this.#deps.symbolsMax)
      throw new CodedError("E_SYMBOL_LIMIT", { retryAfterMs: 60_000 });
    const slot = known?.slot ?? new SymbolSlot(symbol, this.#seqFloor);
    const ref = this.#deps.system.spawn(
      `symbols/${symbol}`,
      this.#deps.propsOf(slot),
    );
    const route = known ?? { slot, ref };
    route.ref = ref;
    this.#routes.set(symbol, route);
    this.#actors++;
    if (this.#routes.size > this.#deps.symbolsMax * SLOTS_PER_SYMBOL)
      this.#forgetOldestSlot();
    return route;
  }

  #forget(route: Route): void {
    route.ref = undefined;
    this.#actors--;
  }

  #forgetDead(): void {
    for (const route of this.#routes.values())
      if (route.ref !== undefined && !this.#isAlive(route)) this.#forget(route);
  }

  #forgetOldestSlot(): void {
    for (const [symbol, { slot, ref }] of this.#routes) {
      if (ref !== undefined) continue;
      this.#seqFloor = Math.max(this.#seqFloor, slot.seq);
      this.#routes.delete(symbol);
      return;
    }
  }
}

const BOOK_EVENTS: ReadonlySet<MarketEvent["type"]> = new Set([
  "bookSnapshot",
  "bookDelta",
  "gap",
] as const);
