/** The closed bars of one interval, each once and in order, of what the venue tells and what is built here. */
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import type { KeptBars } from "./bar-archive.ts";
import type { BarCoverage, MarketTime } from "./bar-builder.ts";
import { flatBar, keptBar, saveBar, savedBar } from "./bar-fill.ts";
import type { BarFrame } from "./bar-fill.ts";
import { intervalStart } from "./bar-kind.ts";
import { BarSeries } from "./bar-series.ts";

export type BarSource = "venue" | "built";

export interface BarLanePolicies {
  /**
   * Whose bar counts where both tell the same interval. `first`: the one that comes first, unless it is damaged. `venue`, `built`: the
   * named one, if it comes within the wait.
   */
  readonly prefer: "first" | BarSource;
  /** How long after its end an interval waits for the preferred bar while there is another. */
  readonly preferWaitMs: number;
  /** How long after its end an interval without any bar waits before it is filled: a later bar of it is too late. */
  readonly fillWaitMs: number;
  /** Intervals filled flat in a row; a longer hole empties the series, so that a window never spans one. */
  readonly flatMax: number;
}

export const BAR_LANE_DEFAULTS: BarLanePolicies = {
  prefer: "first",
  preferWaitMs: 1000,
  fillWaitMs: 5000,
  flatMax: 600,
};

/** Intervals that may wait for their turn at once. */
const PENDING_MAX = 8;
/** A source that was silent for this many intervals is not waited for. */
const SPEAKS_WITHIN = 2;
const NEVER = Number.NEGATIVE_INFINITY;

/** One interval that is not settled: what each source said of it. */
interface Pending {
  venue: Bar | undefined;
  built: Bar | undefined;
  coverage: BarCoverage;
}

interface Waiting {
  readonly bar: Bar;
  readonly source: BarSource;
  readonly coverage: BarCoverage;
}

/** A lane as it was kept. */
interface KeptLane {
  readonly nextUs: number;
  readonly bars: KeptBars | undefined;
  readonly waiting: readonly Waiting[];
}

export class BarLane {
  readonly series: BarSeries;
  /** Bars of intervals that were settled before: told again, by the other source, or too late. */
  repeated = 0;
  /** Repeated bars that say something else than what was settled. */
  conflicts = 0;
  /** Bars that do not begin where an interval begins, overlapping two. */
  misaligned = 0;
  /** Bars that were still open. */
  unclosed = 0;
  /** Intervals without any bar that were filled flat. */
  filled = 0;
  /** Holes too long to be filled. */
  holes = 0;
  /** Bars settled. */
  settled = 0;
  readonly #symbol: SymbolId;
  readonly #intervalUs: number;
  readonly #policies: BarLanePolicies;
  readonly #onClosed: (bar: Bar, coverage: BarCoverage) => void;
  readonly #pending: readonly Pending[];
  #waiting = 0;
  #nextUs = NEVER;
  #nowUs = NEVER;
  #close = Number.NaN;
  #lastVenueUs = NEVER;
  #lastBuiltUs = NEVER;
  /** A bar far ahead, believed once another one agrees. */
  #farUs = NEVER;
  #kept: KeptLane | undefined;

  constructor(
    symbol: SymbolId,
    intervalMs: number,
    capacity: number,
    policies: BarLanePolicies,
    onClosed: (bar: Bar, coverage: BarCoverage) => void,
  ) {
    this.series = new BarSeries(intervalMs, capacity);
    this.#symbol = symbol;
    this.#intervalUs = intervalMs * 1000;
    this.#policies = policies;
    this.#onClosed = onClosed;
    this.#pending = Array.from({ length: PENDING_MAX }, () => ({
      venue: undefined,
      built: undefined,
      coverage: "whole",
    }));
  }

  /** Every interval before is settled; -Infinity before the first bar. */
  get nextUs(): number {
    return this.#nextUs;
  }

  /** The bars that wait for their turn, for `resume`; the others are in the series. */
  save(to: StateWriter): void {
    to.number(this.#nextUs);
    to.number(
      this.#pending.reduce(
        (sum, { venue, built }) =>
          sum + Number(venue !== undefined) + Number(built !== undefined),
        0,
      ),
    );
    for (const { venue, built, coverage } of this.#pending)
      for (const bar of [venue, built]) {
        if (bar === undefined) continue;
        to.flag(bar === venue);
        to.flag(coverage === "damaged");
        saveBar(to, bar);
      }
  }

  /** What was kept of this lane; it waits for the first bar, which shows how long the symbol was away. */
  resume(kept: KeptBars | undefined, from: StateReader, at: MarketTime): void {
    const nextUs = from.number();
    const waiting: Waiting[] = [];
    for (let left = from.number(); left > 0; left--)
      waiting.push({
        source: from.flag() ? "venue" : "built",
        coverage: from.flag() ? "damaged" : "whole",
        bar: savedBar(this.#frame(at), from),
      });
    from.end();
    if (this.#nextUs === NEVER && nextUs !== NEVER)
      this.#kept = { nextUs, bars: kept, waiting };
  }

  offer(bar: Bar, source: BarSource, coverage: BarCoverage): void {
    const { openUs } = bar;
    if (!bar.closed) {
      this.unclosed++;
      return;
    }
    if (openUs % this.#intervalUs !== 0) {
      this.misaligned++;
      return;
    }
    if (this.#kept !== undefined) this.#resumeAt(bar, this.#kept);
    if (this.#nextUs === NEVER) this.#nextUs = openUs;
    if (openUs < this.#nextUs) {
      this.#repeat(bar);
      return;
    }
    if (openUs - this.#nextUs >= PENDING_MAX * this.#intervalUs) {
      if (source === "venue" && !this.#believesFar(openUs)) return;
      this.#jump(openUs, bar);
    }
    this.#farUs = NEVER;
    this.#wait(bar, source, coverage);
    this.#nowUs = Math.max(this.#nowUs, openUs + this.#intervalUs);
    this.#settle(bar);
  }

  /** Settles what has waited long enough by the venue's time. */
  advanceTo(at: MarketTime): void {
    const us = at.eventUs;
    if (us <= this.#nowUs || this.#nextUs === NEVER) return;
    this.#nowUs = us;
    if (us >= this.#nextUs + this.#intervalUs) this.#settle(at);
  }

  /** The bars from before, then flat ones for the time away: unless that was longer than is filled. */
  #resumeAt(bar: Bar, { nextUs, bars, waiting }: KeptLane): void {
    this.#kept = undefined;
    const away = (bar.openUs - nextUs) / this.#intervalUs;
    if (away > this.#policies.flatMax) return;
    const frame = this.#frame(bar);
    for (let i = 0; i < (bars?.length ?? 0); i++)
      this.#tell(keptBar(frame, bars!, i), "whole");
    this.#nextUs = nextUs;
    for (const one of waiting) this.#wait(one.bar, one.source, one.coverage);
    if (away > 0) this.#jump(bar.openUs, bar);
  }

  #repeat(bar: Bar): void {
    this.repeated++;
    const { series } = this;
    const age = (series.lastOpenUs - bar.openUs) / this.#intervalUs;
    if (age >= series.length) return;
    const isSame =
      series.at(age, 0) === bar.open &&
      series.at(age, 1) === bar.high &&
      series.at(age, 2) === bar.low &&
      series.at(age, 3) === bar.close;
    if (!isSame) this.conflicts++;
  }

  /** One bar with a false time must not void all the others: a second one near it has to agree. */
  #believesFar(openUs: number): boolean {
    const apartUs = Math.abs(openUs - this.#farUs);
    if (apartUs > 0 && apartUs < PENDING_MAX * this.#intervalUs) return true;
    this.#farUs = openUs;
    return false;
  }

  /** Settles all before `openUs`, or leaves a hole. */
  #jump(openUs: number, at: MarketTime): void {
    while (this.#waiting > 0) this.#settleNext(at, this.#pick("now"));
    const empty = (openUs - this.#nextUs) / this.#intervalUs;
    if (empty > this.#policies.flatMax) this.#leaveHole(openUs);
    else while (this.#nextUs < openUs) this.#settleNext(at, undefined);
  }

  #leaveHole(openUs: number): void {
    this.holes++;
    this.series.clear();
    this.#close = Number.NaN;
    this.#nextUs = openUs;
  }

  #slot(openUs: number): Pending {
    return this.#pending[(openUs / this.#intervalUs) % PENDING_MAX]!;
  }

  #wait(bar: Bar, source: BarSource, coverage: BarCoverage): void {
    const slot = this.#slot(bar.openUs);
    if (slot[source] !== undefined) {
      this.repeated++;
      return;
    }
    if (slot.venue === undefined && slot.built === undefined) this.#waiting++;
    slot[source] = bar;
    if (source === "venue") this.#lastVenueUs = bar.openUs;
    else {
      this.#lastBuiltUs = bar.openUs;
      slot.coverage = coverage;
    }
  }

  #settle(at: MarketTime): void {
    const { fillWaitMs, flatMax } = this.#policies;
    const fillUs = this.#nowUs - fillWaitMs * 1000;
    for (;;) {
      const bar = this.#waiting > 0 ? this.#pick("inTime") : undefined;
      if (bar === undefined && this.#nextUs + this.#intervalUs > fillUs) return;
      // Time alone has passed for too long: the next bar begins a new series.
      if (
        this.#waiting === 0 &&
        fillUs - this.#nextUs > flatMax * this.#intervalUs
      ) {
        this.#leaveHole(intervalStart(fillUs, this.#intervalUs));
        return;
      }
      this.#settleNext(at, bar ?? this.#pick("now"));
    }
  }

  /** The bar that counts for the next interval; undefined while it must wait, or for want of any. */
  #pick(when: "inTime" | "now"): Bar | undefined {
    const { venue, built, coverage } = this.#slot(this.#nextUs);
    const { prefer, preferWaitMs } = this.#policies;
    const preferred =
      prefer === "built" ? built : prefer === "venue" ? venue : undefined;
    if (preferred !== undefined) return preferred;
    const endUs = this.#nextUs + this.#intervalUs;
    const isDue = when === "now" || this.#nowUs >= endUs + preferWaitMs * 1000;
    if (prefer === "built")
      return isDue || !this.#speaks(this.#lastBuiltUs) ? venue : undefined;
    if (venue !== undefined) return venue;
    const waits =
      (prefer === "venue" || coverage === "damaged") &&
      this.#speaks(this.#lastVenueUs);
    return isDue || !waits ? built : undefined;
  }

  #speaks(lastUs: number): boolean {
    return lastUs >= this.#nextUs - SPEAKS_WITHIN * this.#intervalUs;
  }

  #settleNext(at: MarketTime, bar: Bar | undefined): void {
    const slot = this.#slot(this.#nextUs);
    const coverage = bar === slot.built ? slot.coverage : "whole";
    if (slot.venue !== undefined || slot.built !== undefined) {
      this.#waiting--;
      if (slot.venue !== undefined && slot.built !== undefined) this.repeated++;
      slot.venue = undefined;
      slot.built = undefined;
    }
    const openUs = this.#nextUs;
    this.#nextUs += this.#intervalUs;
    if (bar === undefined && Number.isNaN(this.#close)) return;
    const settled = bar ?? flatBar(this.#frame(at), openUs, this.#close);
    if (bar === undefined) this.filled++;
    this.#tell(settled, coverage);
  }

  #tell(bar: Bar, coverage: BarCoverage): void {
    this.settled++;
    this.#close = bar.close;
    this.series.push(bar);
    this.#onClosed(bar, coverage);
  }

  #frame(at: MarketTime): BarFrame {
    return { symbol: this.#symbol, intervalMs: this.series.intervalMs, at };
  }
}
