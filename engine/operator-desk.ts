/** What an operator sees and may order, whichever road the question came by. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type {
  FeatureHealth,
  SymbolHealth,
} from "../actors/symbol-inspector.ts";
import type { Instrument } from "./domain/instrument.ts";
import type { SymbolId } from "./domain/symbol.ts";
import type { Desk } from "./io/signal-api.ts";
import type { Clock } from "./ports.ts";
import { STALE_NAMED_MAX } from "./wire/operator-api.ts";
import type {
  SetInfo,
  SymbolInfo,
  SymbolsReply,
  SymbolsRequest,
} from "./wire/operator-api.ts";

export interface OperatorDeskDeps {
  readonly clock: Clock;
  readonly actors: EngineActors;
  /** Throws E_SYMBOL_UNKNOWN, E_ACTOR_QUARANTINED or E_LIMIT_QUEUE. */
  readonly orderResync: (symbol: SymbolId) => void;
}

export class OperatorDesk implements Desk {
  readonly #deps: OperatorDeskDeps;

  constructor(deps: OperatorDeskDeps) {
    this.#deps = deps;
  }

  symbols({ after, limit }: SymbolsRequest): SymbolsReply {
    const all = this.#deps.actors.inspector.symbols().sort();
    const from =
      after === undefined ? 0 : all.filter((symbol) => symbol <= after).length;
    return this.#reply(all.slice(from, from + limit), all.length);
  }

  /** For a page: at most so many, those first that are not LIVE. */
  worstSymbols(limit: number): SymbolsReply {
    const { inspector } = this.#deps.actors;
    const all = inspector.symbols().sort();
    const isLive = (symbol: SymbolId): boolean =>
      inspector.stateOf(symbol) === "LIVE";
    return this.#reply(
      [...all.filter((symbol) => !isLive(symbol)), ...all.filter(isLive)].slice(
        0,
        limit,
      ),
      all.length,
    );
  }

  resync(symbol: SymbolId): void {
    this.#deps.orderResync(symbol);
  }

  #reply(symbols: readonly SymbolId[], total: number): SymbolsReply {
    const { actors, clock } = this.#deps;
    const { inspector, instruments, census } = actors;
    const now = { receivedNs: clock.nowNs(), receivedUs: clock.nowUs() };
    return {
      symbols: symbols.flatMap((symbol) => {
        const health = inspector.health(symbol, now.receivedNs);
        if (health === undefined) return [];
        const sets = inspector.featureHealth(symbol, now).map(setInfoOf);
        return [infoOf(health, instruments.of(symbol), sets)];
      }),
      total,
      feedSilent: census.isFeedSilent,
    };
  }
}

/** No number that is not finite reaches the wire: what never was is left out. */
const infoOf = (
  health: SymbolHealth,
  instrument: Instrument | undefined,
  sets: readonly SetInfo[],
): SymbolInfo => {
  const { lastError, lastErrorAgeMs, fundingRate, fundingAgeMs } = health;
  const { openInterest, openInterestAgeMs, ...rest } = health;
  return {
    symbol: rest.symbol,
    state: rest.state,
    reason: rest.reason,
    forMs: rest.forMs,
    seq: rest.seq,
    bidPrice: rest.bidPrice,
    askPrice: rest.askPrice,
    gaps: rest.gaps,
    crossed: rest.crossed,
    resyncs: rest.resyncs,
    ...(lastError === undefined ? {} : { lastError, lastErrorAgeMs }),
    ...(fundingAgeMs === Infinity ? {} : { fundingRate, fundingAgeMs }),
    ...(openInterestAgeMs === Infinity
      ? {}
      : { openInterest, openInterestAgeMs }),
    ...(instrument === undefined
      ? {}
      : { tickSize: instrument.tickSize, lotSize: instrument.lotSize }),
    ...(sets.length === 0 ? {} : { sets }),
  };
};

const setInfoOf = ({
  set,
  isWarm,
  staleInput,
  stale,
}: FeatureHealth): SetInfo => ({
  set,
  warm: isWarm,
  ...(staleInput === undefined ? {} : { awaits: staleInput }),
  stale: stale.length,
  staleFeatures: stale.slice(0, STALE_NAMED_MAX),
});
