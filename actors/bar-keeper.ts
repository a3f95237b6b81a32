/** One symbol's bars, and the features of bars that take hours to warm up, over its absence: kept now and then and when it leaves in order, brought back when it comes. */
import type { Bar } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { MINUTE_MS } from "../engine/features/live-bar-features.ts";
import type { BarBook } from "../engine/market/bar-book.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { Logger, StateStore } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import {
  bytesOfNumbers,
  decodeSections,
  encodeSections,
  numbersOfBytes,
} from "../engine/std/sections.ts";
import type { Sections } from "../engine/std/sections.ts";
import { msToNs } from "../engine/std/time.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { BarsLoaded } from "./messages.ts";
import type { SymbolFeatures } from "./symbol-features.ts";
import type { SymbolWindows } from "./symbol-windows.ts";

export interface BarKeeperDeps {
  readonly symbol: SymbolId;
  readonly bars: BarBook;
  readonly features: SymbolFeatures;
  readonly windows: SymbolWindows;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Kept at most this often while the symbol is here. */
  readonly everyMs: number;
}

/** Raised when what is kept changes its meaning. */
const VERSION = 2;
/** The version, and when it was kept: wall and monotonic clock. */
const KEPT_AT = "kept at";
/** Clocks that part less than this are of one machine that was not started anew. */
const SAME_BOOT_NS = 60e9;

export class BarKeeper {
  readonly #deps: BarKeeperDeps;
  readonly #everyNs: number;
  #hasNews = false;
  #hasMinutes = false;
  /** Until the store has answered, nothing is saved: that would overwrite what it holds. */
  #isAnswered = false;
  #savedNs: MonoNanos;

  constructor(deps: BarKeeperDeps) {
    this.#deps = deps;
    this.#everyNs = msToNs(deps.everyMs);
    this.#savedNs = deps.clock.nowNs();
  }

  closed(bar: Bar): void {
    this.#hasNews = true;
    if (bar.intervalMs === MINUTE_MS) this.#hasMinutes = true;
  }

  /** Asks the store; the answer comes as a message. A symbol can do without: its windows fill again. */
  load(tell: (message: BarsLoaded) => void): void {
    this.#deps.store.load(this.#key).then(
      (bytes) => tell({ type: "barsLoaded", bytes }),
      (error: unknown) => {
        this.beginAnew();
        this.#warn("bars.notLoaded", error);
      },
    );
  }

  /** Without what was kept. */
  beginAnew(): void {
    this.#isAnswered = true;
  }

  /** `book`: as it stands now, if it is live. */
  loaded(bytes: Uint8Array | undefined, book: OrderBook | undefined): void {
    this.#isAnswered = true;
    if (bytes === undefined) return;
    try {
      this.#resume(decodeSections(bytes), book);
    } catch (error) {
      this.#warn("bars.refused", error);
    }
  }

  /** At the end of a turn. */
  saveWhenDue(nowNs: MonoNanos): void {
    if (this.#hasNews && nowNs - this.#savedNs >= this.#everyNs) this.save();
  }

  save(): void {
    if (!this.#hasNews || !this.#isAnswered) return;
    const { bars, features, windows, store, clock } = this.#deps;
    this.#hasNews = false;
    this.#savedNs = clock.nowNs();
    const sections = bars.save();
    for (const [hash, snapshot] of features.kept())
      sections.set(featuresName(hash), bytesOfNumbers(snapshot));
    for (const [hash, snapshot] of windows.kept())
      sections.set(windowName(hash), bytesOfNumbers(snapshot));
    sections.set(
      KEPT_AT,
      bytesOfNumbers([VERSION, clock.nowUs(), this.#savedNs]),
    );
    store.save(this.#key, encodeSections(sections));
  }

  /** Features first: bars that are told again are known to them. */
  #resume(sections: Sections, book: OrderBook | undefined): void {
    const { bars, features, windows, clock } = this.#deps;
    const keptUnder = (name: string): Float64Array | undefined => {
      const bytes = sections.get(name);
      return bytes && numbersOfBytes(bytes);
    };
    const keptAt = sections.get(KEPT_AT) ?? new Uint8Array();
    const [version, keptUs, keptNs] = numbersOfBytes(keptAt);
    if (version !== VERSION)
      throw new CodedError("E_DEP_STORE", { field: "bars", detail: "version" });
    const receivedUs = clock.nowUs();
    const receivedNs = clock.nowNs();
    if (!this.#hasMinutes) {
      const movedNs = receivedNs - keptNs! - (receivedUs - keptUs!) * 1e3;
      const byNs = Math.abs(movedNs) < SAME_BOOT_NS ? 0 : movedNs;
      features.recall((hash) => keptUnder(featuresName(hash)), book, byNs);
      windows.recall((hash) => keptUnder(windowName(hash)));
    }
    bars.resume(sections, { eventUs: receivedUs, receivedUs, receivedNs });
  }

  get #key(): string {
    return `bars/${this.#deps.symbol}`;
  }

  /** What is not coded was another version's, and no state of ours. */
  #warn(event: string, error: unknown): void {
    const { symbol, log } = this.#deps;
    const code = error instanceof CodedError ? error.code : "E_DEP_STORE";
    log.warn(event, { symbol, code });
  }
}

const featuresName = (hash: string): string => `features ${hash}`;
const windowName = (hash: string): string => `window ${hash}`;
