/** Looks after one symbol's book between events: at its age when the limit has come, and at snapshots that are still to come. */
import type { BookSync } from "../engine/market/book-sync.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { MonoNanos } from "../engine/std/time.ts";
import type { SymbolMessage } from "./messages.ts";
import { Reminder } from "./reminder.ts";
import type { ActorContext } from "./runtime/actor.ts";
import type { SymbolActorDeps } from "./symbol-options.ts";
import type { SymbolSlot } from "./symbol-slot.ts";

/** The staleness check comes this much after the limit: the limit itself is still fresh. */
const FRESHNESS_SLACK_MS = 1;

export class BookVigil {
  readonly freshness: Reminder<SymbolMessage>;
  readonly resync: Reminder<SymbolMessage>;
  readonly #sync: BookSync;
  readonly #slot: SymbolSlot;
  readonly #deps: Pick<SymbolActorDeps, "requestSnapshot" | "log">;

  constructor(
    sync: BookSync,
    slot: SymbolSlot,
    deps: Pick<SymbolActorDeps, "requestSnapshot" | "log">,
    context: ActorContext<SymbolMessage>,
  ) {
    this.#sync = sync;
    this.#slot = slot;
    this.#deps = deps;
    this.freshness = new Reminder(context, { type: "freshnessDue" });
    this.resync = new Reminder(context, { type: "resyncDue" });
  }

  /** Of a live book. */
  watchFreshness(nowNs: MonoNanos): void {
    if (this.freshness.isUnderWay(nowNs)) return;
    this.freshness.set(
      nowNs,
      Math.max(0, nsToMs(this.#sync.freshUntilNs - nowNs)) + FRESHNESS_SLACK_MS,
    );
  }

  /** Asks the feed for a snapshot as often as the sync allows. */
  askForSnapshot(nowNs: MonoNanos): void {
    const { symbol } = this.#slot;
    const { state, reason } = this.#sync;
    if (this.#sync.takeResync(nowNs)) {
      this.#slot.resyncs++;
      this.#deps.requestSnapshot(symbol);
    } else if (this.#sync.reason === "noSync" && reason !== "noSync")
      this.#deps.log.error("book.notSynced", {
        symbol,
        code: "E_BOOK_NOSYNC",
        state,
        reason,
      });
    if (this.resync.isUnderWay(nowNs)) return;
    this.resync.set(nowNs, this.#sync.resyncWaitMs(nowNs));
  }
}
