/** How many books are in which state, and why: for metrics, and for the alarm that every feed fell silent at once. */
import { BOOK_REASONS, BOOK_STATES } from "../engine/domain/signal.ts";
import type { BookReason, BookState } from "../engine/domain/signal.ts";
import type { Counter, Gauge, Logger, Telemetry } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import type { MonoNanos } from "../engine/std/time.ts";
import type { SymbolSlot } from "./symbol-slot.ts";

interface Tally {
  count: number;
  readonly gauge: Gauge;
}

/** What an operator looks up for a book that is not live. */
const ERROR_OF: Readonly<Record<BookReason, ErrorCode | undefined>> = {
  none: undefined,
  noSnapshot: undefined,
  gap: "E_BOOK_GAP",
  crossed: "E_BOOK_CROSSED",
  locked: "E_BOOK_CROSSED",
  suspect: "E_BOOK_SUSPECT",
  silent: "E_TIME_STALE",
  frozen: "E_TIME_STALE",
  disconnected: "E_DEP_NATS",
  checksum: "E_BOOK_CHECKSUM",
  overflow: "E_LIMIT_QUEUE",
  resync: undefined,
  operator: undefined,
  noSync: "E_BOOK_NOSYNC",
  actorRestarted: "E_ACTOR_RESTARTING",
};

export class BookCensus {
  readonly #states: Readonly<Record<BookState, Tally>>;
  readonly #reasons: Readonly<Record<BookReason, Tally>>;
  readonly #alarm: Gauge;
  readonly #alarms: Counter;
  readonly #log: Logger;
  #isSilent = false;

  constructor(telemetry: Telemetry, log: Logger) {
    const tally = (label: "state" | "reason", value: string): Tally => ({
      count: 0,
      gauge: telemetry.gauge(
        label === "state" ? "fusewire_books" : "fusewire_books_not_live",
        label === "state" ? "Books by state" : "Books that are not LIVE by why",
        { [label]: value },
      ),
    });
    this.#states = tallies(BOOK_STATES, (state) => tally("state", state));
    this.#reasons = tallies(BOOK_REASONS, (reason) => tally("reason", reason));
    this.#alarm = telemetry.gauge(
      "fusewire_feed_silent",
      "1 while no book is live and at least one has fallen silent",
    );
    this.#alarms = telemetry.counter(
      "fusewire_feed_silences_total",
      "Times that every live book fell silent",
    );
    this.#log = log;
  }

  /** Holds until a book is LIVE again: symbols that leave for being idle do not end it. */
  get isFeedSilent(): boolean {
    return this.#isSilent;
  }

  /** A signal has said this of the symbol's book. */
  said(
    slot: SymbolSlot,
    state: BookState,
    reason: BookReason,
    nowNs: MonoNanos,
  ): void {
    if (slot.state === state && slot.reason === reason) return;
    this.#leave(slot);
    slot.state = state;
    slot.reason = reason;
    slot.sinceNs = nowNs;
    const error = ERROR_OF[reason];
    if (error !== undefined) {
      slot.lastError = error;
      slot.lastErrorNs = nowNs;
    }
    move(this.#states[state], 1);
    if (reason !== "none") move(this.#reasons[reason], 1);
    this.#checkSilence(reason);
  }

  /** Its actor is gone for good. */
  left(slot: SymbolSlot): void {
    this.#leave(slot);
    slot.state = undefined;
  }

  #leave({ state, reason }: SymbolSlot): void {
    if (state === undefined) return;
    move(this.#states[state], -1);
    if (reason !== "none") move(this.#reasons[reason], -1);
  }

  #checkSilence(reason: BookReason): void {
    const isSilent =
      this.#states.LIVE.count === 0 &&
      (this.#isSilent || reason === "silent" || reason === "frozen");
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#alarm.set(isSilent ? 1 : 0);
    if (!isSilent) {
      this.#log.info("feed.back");
      return;
    }
    this.#alarms.add(1);
    this.#log.error("feed.silent", {
      code: "E_TIME_STALE",
      symbols: this.#reasons.silent.count + this.#reasons.frozen.count,
    });
  }
}

const tallies = <K extends string>(
  keys: readonly K[],
  make: (key: K) => Tally,
): Record<K, Tally> =>
  Object.fromEntries(keys.map((key) => [key, make(key)])) as Record<K, Tally>;

const move = (tally: Tally, by: 1 | -1): void => {
  tally.count += by;
  tally.gauge.set(tally.count);
};
