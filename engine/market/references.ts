/**
 * The few symbols that say something about every other, such as BTCUSDT: where each stands and stood. Written by a reference's own
 * actor at the end of its turn, read by all others of the thread in theirs. Nothing is copied or told a symbol, so a thousand
 * symbols cost what one costs, and nobody is woken: a reader sees what the reference's last turn left.
 */
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import { nsToMs } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";

export const REFERENCES_MAX = 16;
/** Mids are kept this far apart, for this many: a minute. */
const STEP_NS = 100_000_000;
const STEPS = 601;
/** Minutes whose closes are kept: a day, as that many are filled where a follower's own are missing. */
const MINUTES = 1448;
const MINUTE_MS = 60_000;

const minuteSlot = (openUs: number): number =>
  Math.floor(openUs / (MINUTE_MS * 1000)) % MINUTES;

export class Reference {
  readonly symbol: SymbolId;
  /** 0 while the reference has no live book, as is every mid below. */
  mid = 0;
  spread = 0;
  /** The latest closed bar of the features' interval. */
  bar: Bar | undefined;
  /** Start of the latest closed minute; -Infinity before the first. */
  lastMinuteUs = Number.NEGATIVE_INFINITY;
  #movedNs = Number.NEGATIVE_INFINITY;
  readonly #mids = new Float64Array(STEPS);
  readonly #atNs = new Float64Array(STEPS);
  readonly #asked = new Float64Array(1);
  #next = 0;
  #count = 0;
  readonly #minutesUs = new Float64Array(MINUTES).fill(NaN);
  readonly #minuteCloses = new Float64Array(MINUTES);

  constructor(symbol: SymbolId) {
    this.symbol = symbol;
  }

  get isLive(): boolean {
    return this.mid > 0;
  }

  /** Infinity before the first live book. */
  ageMs(nowNs: MonoNanos): number {
    return Math.max(0, nsToMs(nowNs - this.#movedNs));
  }

  /** ln(mid / mid of then); 0 while there is no live book or no mid that old. */
  logReturn(overMs: number, nowNs: MonoNanos): number {
    const before = this.midBefore(overMs, nowNs);
    return before > 0 && this.mid > 0 ? Math.log(this.mid / before) : 0;
  }

  /** The newest mid that is at least so old; 0 where none is kept. */
  midBefore(agoMs: number, nowNs: MonoNanos): number {
    this.#asked[0] = nowNs - agoMs * 1e6;
    this.readMid(this.#asked, 0);
    return this.#asked[0];
  }

  /** In place: a moment in, the newest mid that is no younger out, 0 where none is kept. For who asks each event: an argument would be boxed. */
  readMid(inOut: Float64Array, at: number): void {
    const untilNs = inOut[at]!;
    let low = 0;
    let high = this.#count;
    // The first age, counted from the newest, that is old enough.
    while (low < high) {
      const age = (low + high) >>> 1;
      if (this.#atNs[this.#slot(age)]! <= untilNs) high = age;
      else low = age + 1;
    }
    inOut[at] = 0;
    if (low < this.#count) inOut[at] = this.#mids[this.#slot(low)]!;
  }

  /** At the end of a turn over a live book. */
  moved(mid: number, spread: number, nowNs: MonoNanos): void {
    this.mid = mid;
    this.spread = spread;
    this.#movedNs = nowNs;
    // The last at or before each step of the clock is kept, so that they are the same wherever a tape began.
    const isSameStep =
      this.#count > 0 &&
      Math.ceil(nowNs / STEP_NS) <=
        Math.ceil(this.#atNs[this.#slot(0)]! / STEP_NS);
    if (!isSameStep) {
      this.#next = this.#next + 1 === STEPS ? 0 : this.#next + 1;
      if (this.#count < STEPS) this.#count++;
    }
    const at = this.#slot(0);
    this.#mids[at] = mid;
    this.#atNs[at] = nowNs;
  }

  /** Bars of the features' interval, and minutes where somebody reads them. */
  closed(bar: Bar): void {
    if (bar.intervalMs !== MINUTE_MS) {
      this.bar = bar;
      return;
    }
    this.lastMinuteUs = bar.openUs;
    const at = minuteSlot(bar.openUs);
    this.#minutesUs[at] = bar.openUs;
    this.#minuteCloses[at] = bar.close;
  }

  /** Close of the minute that began then; NaN while it has not closed, and where it is not kept. */
  minuteClose(openUs: number): number {
    const at = minuteSlot(openUs);
    return this.#minutesUs[at] === openUs ? this.#minuteCloses[at]! : NaN;
  }

  /** The book is lost: what was before says nothing about what comes after. */
  voided(): void {
    this.mid = 0;
    this.spread = 0;
    this.#count = 0;
  }

  #slot(age: number): number {
    const at = this.#next - 1 - age;
    return at < 0 ? at + STEPS : at;
  }
}

export class References {
  readonly all: readonly Reference[];
  readonly #bySymbol: ReadonlyMap<SymbolId, Reference>;

  constructor(symbols: readonly SymbolId[]) {
    assert(symbols.length <= REFERENCES_MAX, "references are few");
    const bySymbol = new Map(
      symbols.map((symbol) => [symbol, new Reference(symbol)]),
    );
    this.all = [...bySymbol.values()];
    this.#bySymbol = bySymbol;
  }

  /** Undefined for a symbol that is none. */
  of(symbol: SymbolId): Reference | undefined {
    return this.#bySymbol.get(symbol);
  }
}
