/** Brings back the books that only a new snapshot can, by REST or by subscribing again: bounded, with growing patience a symbol. */
import type { SymbolId } from "../../domain/symbol.ts";
import type { Clock, Logger } from "../../ports.ts";
import { CodedError, type ErrorCode } from "../../std/errors.ts";
import { msToNs } from "../../std/time.ts";
import type { VenueProfile } from "../venues/venue-profile.ts";
import type { ClientLimits } from "./client-limits.ts";
import type { RestQueue } from "./rest-queue.ts";
import type { VenueMetrics } from "./venue-metrics.ts";

export interface BookResyncOptions {
  readonly profile: VenueProfile;
  readonly restUrl: string;
  readonly rest: RestQueue;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: VenueMetrics;
  readonly send: (message: string) => void;
  /** Gives the answer to the mapper; false when the book still waits after it: the snapshot was older than what it must join. */
  readonly onSnapshot: (symbol: SymbolId, body: string) => boolean;
}

interface Attempt {
  tries: number;
  /** No further one before this. */
  nextNs: number;
  /** A fetch is under way. */
  cancel: (() => void) | undefined;
}

export class BookResync {
  readonly #options: BookResyncOptions;
  readonly #attempts = new Map<SymbolId, Attempt>();
  #toSubscribe: SymbolId[] = [];

  constructor(options: BookResyncOptions) {
    this.#options = options;
  }

  /** Asks for the books that are not being asked for, none too soon after its last time; many share a message. */
  request(symbols: Iterable<SymbolId>): void {
    for (const symbol of symbols) this.#request(symbol);
    const again = this.#toSubscribe;
    if (again.length === 0) return;
    this.#toSubscribe = [];
    const { profile, send } = this.#options;
    for (const message of profile.unsubscribe(again, ["book"])) send(message);
    for (const message of profile.subscribe(again, ["book"])) send(message);
  }

  #request(symbol: SymbolId): void {
    const { clock, limits, profile, metrics } = this.#options;
    const attempt = this.#attempts.get(symbol) ?? {
      tries: 0,
      nextNs: Number.NEGATIVE_INFINITY,
      cancel: undefined,
    };
    const nowNs = clock.nowNs();
    if (attempt.cancel !== undefined || nowNs < attempt.nextNs) return;
    this.#attempts.set(symbol, attempt);
    metrics.counters.resyncs.add(1);
    attempt.tries++;
    const { resyncMinMs, resyncMaxMs, resyncTriesMax } = limits;
    if (profile.resync === "rest") {
      attempt.nextNs = nowNs + msToNs(resyncMinMs);
      this.#fetch(symbol, attempt, (error) =>
        this.#giveUp(symbol, attempt, error),
      );
      return;
    }
    const isLast = attempt.tries >= resyncTriesMax;
    const waitMs = isLast
      ? resyncMaxMs
      : Math.min(resyncMaxMs, resyncMinMs * 2 ** attempt.tries);
    attempt.nextNs = nowNs + msToNs(waitMs);
    if (profile.snapshot !== undefined && attempt.tries % 2 === 0)
      this.#fetch(symbol, attempt, () => undefined);
    else this.#toSubscribe.push(symbol);
    if (isLast) this.#giveUp(symbol, attempt, new CodedError("E_BOOK_NOSYNC"));
  }

  /** The book is back. Its patience stays for a while: one that breaks at once must not become a flood of snapshots. */
  satisfied(symbol: SymbolId): void {
    const attempt = this.#attempts.get(symbol);
    if (attempt === undefined) return;
    const { clock, limits } = this.#options;
    if (attempt.tries <= 1) attempt.tries = 0;
    attempt.nextNs = Math.min(
      attempt.nextNs,
      clock.nowNs() + msToNs(limits.resyncMinMs),
    );
  }

  stop(): void {
    for (const { cancel } of this.#attempts.values()) cancel?.();
    this.#attempts.clear();
  }

  #fetch(
    symbol: SymbolId,
    attempt: Attempt,
    onFailed: (error: CodedError) => void,
  ): void {
    const { profile, restUrl, rest, onSnapshot } = this.#options;
    const request = profile.snapshot?.(symbol, restUrl);
    if (request === undefined) return;
    // Before the queue is asked: it may refuse at once.
    attempt.cancel = () => undefined;
    const cancel = rest.add({
      ...request,
      accept: (body) => {
        if (!onSnapshot(symbol, body)) return "stale";
        attempt.cancel = undefined;
        return "taken";
      },
      onFailed: (error) => {
        attempt.cancel = undefined;
        onFailed(error);
      },
    });
    if (this.#isFetching(attempt)) attempt.cancel = cancel;
  }

  #isFetching({ cancel }: Attempt): boolean {
    return cancel !== undefined;
  }

  /** Not for ever: after the longest wait the book is asked for again. */
  #giveUp(symbol: SymbolId, attempt: Attempt, cause: CodedError): void {
    const { clock, limits, log, metrics } = this.#options;
    attempt.tries = 0;
    attempt.nextNs = clock.nowNs() + msToNs(limits.resyncMaxMs);
    metrics.counters.unsyncable.add(1);
    log.error("venue.bookNoSync", {
      code: "E_BOOK_NOSYNC" satisfies ErrorCode,
      cause: cause.code,
      symbol,
    });
  }
}
