/** Makes bars of one interval from trades, on the venue's time. */
import type { Bar, MarketEvent, Trade } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { intervalStart, timeBars } from "./bar-kind.ts";
import type { BarKind } from "./bar-kind.ts";
import { BarSum } from "./bar-sum.ts";

export interface BarBuilderOptions {
  readonly symbol: SymbolId;
  readonly intervalMs: number;
  /** How far the venue's time must have passed an interval before it closes without a later trade. */
  readonly graceMs: number;
  /** Empty intervals filled with flat bars in a row; a longer silence leaves a hole. */
  readonly flatMax: number;
  /**
   * Trades older than the newest amend the bar that is still open. `drop`: a bar closes on the first trade past it. `await`: it stays
   * open for the grace, beside its successor, so that a trade as late as that still counts; closed bars come later by as much.
   */
  readonly lateTrades: "drop" | "await";
  /** The interval that the builder came into the middle of. */
  readonly firstBar: "emit" | "skip";
}

export const BAR_BUILDER_DEFAULTS = {
  intervalMs: 1000,
  graceMs: 200,
  flatMax: 600,
  lateTrades: "drop",
  firstBar: "emit",
} as const;

/** The times of any market event. */
export type MarketTime = Pick<
  MarketEvent,
  "eventUs" | "receivedUs" | "receivedNs"
>;

/** `damaged`: trades of it may have been lost. */
export type BarCoverage = "whole" | "damaged";

const NEVER = Number.NEGATIVE_INFINITY;

export class BarBuilder {
  /** Trades of an interval that had closed already: left out. */
  late = 0;
  /** Silences too long to be filled. */
  holes = 0;
  readonly #symbol: SymbolId;
  readonly #kind: BarKind;
  readonly #intervalUs: number;
  readonly #graceUs: number;
  readonly #flatMax: number;
  readonly #lateTrades: BarBuilderOptions["lateTrades"];
  readonly #firstBar: BarBuilderOptions["firstBar"];
  readonly #onBar: (bar: Bar, coverage: BarCoverage) => void;
  /** The oldest interval that is open. */
  #sum = new BarSum();
  /** The one after it; grows only where late trades are awaited. */
  #nextSum = new BarSum();
  #openUs = NEVER;
  /** The first time ever told. */
  #sinceUs = NEVER;
  /** Trades may be missing up to here. */
  #damagedUs = NEVER;
  #isCutOff = false;
  /** Nothing has come since it went on with what was kept. */
  #isResumed = false;

  constructor(
    options: Partial<BarBuilderOptions> & Pick<BarBuilderOptions, "symbol">,
    onBar: (bar: Bar, coverage: BarCoverage) => void,
  ) {
    const filled = { ...BAR_BUILDER_DEFAULTS, ...options };
    const { intervalMs, graceMs, lateTrades } = filled;
    assert(intervalMs > 0, "bar interval is positive");
    assert(
      lateTrades === "drop" || graceMs <= intervalMs,
      "late trades are awaited for one interval at most",
    );
    this.#symbol = filled.symbol;
    this.#kind = timeBars(intervalMs);
    this.#intervalUs = intervalMs * 1000;
    this.#graceUs = graceMs * 1000;
    this.#flatMax = filled.flatMax;
    this.#lateTrades = lateTrades;
    this.#firstBar = filled.firstBar;
    this.#onBar = onBar;
  }

  /** Bars that the trade closes are told before it is counted. */
  onTrade(trade: Trade): void {
    if (this.#isCutOff) this.#reconnected(trade);
    const openUs = intervalStart(trade.eventUs, this.#intervalUs);
    if (openUs < this.#openUs) {
      this.late++;
      return;
    }
    if (this.#openUs === NEVER) this.#start(trade, openUs);
    else {
      const dueUs = this.#lateTrades === "drop" ? openUs : this.#dueUs(trade);
      if (dueUs > this.#openUs) this.#closeBefore(dueUs, trade);
    }
    (openUs === this.#openUs ? this.#sum : this.#nextSum).addTrade(trade);
  }

  /** Closes what has passed, by the time of any event of the symbol. */
  advanceTo(at: MarketTime): void {
    if (this.#sinceUs === NEVER) this.#sinceUs = at.eventUs;
    if (this.#isCutOff) this.#reconnected(at);
    if (at.eventUs - this.#graceUs < this.#openUs + this.#intervalUs) return;
    if (this.#openUs === NEVER) return;
    this.#closeBefore(this.#dueUs(at), at);
  }

  /** Trades may be lost from now until the next event: the bars of that time are damaged. */
  onGap(): void {
    this.#isCutOff = true;
  }

  save(to: StateWriter): void {
    to.numbers([this.#openUs, this.#sinceUs, this.#damagedUs]);
    this.#sum.save(to);
    this.#nextSum.save(to);
  }

  /**
   * Goes on with the bar that was in progress before an absence. Trades may have been lost meanwhile: it is damaged. Where trades have come
   * already, a bar of before is told as it stands, and one of the same interval is added to.
   */
  resume(from: StateReader, at: MarketTime): void {
    const openUs = from.number();
    const sinceUs = from.number();
    const damagedUs = from.number();
    const sum = new BarSum();
    const nextSum = new BarSum();
    sum.load(from);
    nextSum.load(from);
    from.end();
    if (openUs === NEVER || this.#isTooOld(openUs, this.#sinceUs)) return;
    this.#damagedUs = Math.max(this.#damagedUs, damagedUs, this.#sinceUs);
    if (this.#sinceUs === NEVER) this.#isCutOff = this.#isResumed = true;
    this.#sinceUs = sinceUs;
    if (this.#openUs === NEVER) {
      this.#openUs = openUs;
      this.#sum = sum;
      this.#nextSum = nextSum;
    } else if (openUs === this.#openUs) {
      this.#sum.addSum(sum);
      this.#nextSum.addSum(nextSum);
    } else if (openUs < this.#openUs && !sum.isEmpty)
      this.#tell(sum, openUs, "damaged", at);
  }

  /** What was kept longer ago than is filled is no part of what comes. */
  #isTooOld(openUs: number, nowUs: number): boolean {
    return nowUs - openUs > this.#flatMax * this.#intervalUs;
  }

  #reconnected(at: MarketTime): void {
    this.#isCutOff = false;
    if (this.#isResumed && this.#isTooOld(this.#openUs, at.eventUs)) {
      this.#openUs = NEVER;
      this.#sinceUs = at.eventUs;
    }
    this.#isResumed = false;
    if (at.eventUs > this.#damagedUs) this.#damagedUs = at.eventUs;
  }

  #dueUs(at: MarketTime): number {
    return intervalStart(at.eventUs - this.#graceUs, this.#intervalUs);
  }

  #start(trade: Trade, openUs: number): void {
    if (this.#sinceUs === NEVER) this.#sinceUs = trade.eventUs;
    this.#openUs = openUs;
    this.#sum.begin(0);
    this.#nextSum.begin(0);
  }

  /** Closes every interval before `openUs`, those without trades flat. */
  #closeBefore(openUs: number, at: MarketTime): void {
    this.#closeOldest(at);
    if (!this.#sum.isEmpty && this.#openUs < openUs) this.#closeOldest(at);
    const empty = (openUs - this.#openUs) / this.#intervalUs;
    if (empty > this.#flatMax) {
      this.holes++;
      this.#openUs = openUs;
      return;
    }
    for (let i = 0; i < empty; i++) this.#closeOldest(at);
  }

  #tell(
    sum: BarSum,
    openUs: number,
    coverage: BarCoverage,
    at: MarketTime,
  ): void {
    const { receivedUs, receivedNs } = at;
    const eventUs = openUs + this.#intervalUs;
    const times = { openUs, eventUs, receivedUs, receivedNs };
    this.#onBar(
      sum.toBar(this.#symbol, this.#kind, times, "anyKnown"),
      coverage,
    );
  }

  #closeOldest(at: MarketTime): void {
    const sum = this.#sum;
    const endUs = this.#openUs + this.#intervalUs;
    if (this.#firstBar === "emit" || this.#openUs >= this.#sinceUs)
      this.#tell(
        sum,
        this.#openUs,
        this.#openUs < this.#damagedUs ? "damaged" : "whole",
        at,
      );
    const { close } = sum;
    this.#sum = this.#nextSum;
    this.#nextSum = sum;
    this.#openUs = endUs;
    if (this.#sum.isEmpty) this.#sum.begin(close);
    sum.begin(close);
  }
}
