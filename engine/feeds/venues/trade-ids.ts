/** Which trades are new: venues tell some of them again after a subscription. */
import type { MapperCore } from "./mapper-core.ts";

/** Trades of one symbol that are remembered, to know a repetition. */
const RECENT_IDS_MAX = 1000;

/** Tells new trades from those that were there before, where their ids rise. */
export class TradeIds {
  readonly #core: MapperCore;
  #last = 0;

  constructor(core: MapperCore) {
    this.#core = core;
  }

  get last(): number {
    return this.#last;
  }

  /** Trades up to this one are known, or known to be lost. */
  skipTo(tradeId: number): void {
    this.#last = Math.max(this.#last, tradeId);
  }

  /** False for a trade that was there before. */
  take(tradeId: number): boolean {
    if (tradeId <= this.#last) {
      this.#core.counts.duplicates++;
      return false;
    }
    this.#last = tradeId;
    return true;
  }

  /** As above, where the ids are also without holes. */
  takeNext(tradeId: number): boolean {
    const last = this.#last;
    if (!this.take(tradeId)) return false;
    if (last > 0) this.#core.counts.lostTrades += tradeId - last - 1;
    return true;
  }
}

/** Trades whose ids do not rise, told again after a new subscription: the last few are remembered. */
export class RecentIds {
  readonly #core: MapperCore;
  readonly #ids = new Set<string | number>();

  constructor(core: MapperCore) {
    this.#core = core;
  }

  /** False for a trade that was there before. */
  take(id: string | number): boolean {
    if (this.#ids.has(id)) {
      this.#core.counts.duplicates++;
      return false;
    }
    this.#ids.add(id);
    if (this.#ids.size > RECENT_IDS_MAX) {
      const [oldest] = this.#ids;
      this.#ids.delete(oldest!);
    }
    return true;
  }
}
