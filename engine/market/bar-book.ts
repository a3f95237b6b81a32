/** All bars of one symbol: from its trades and from what the venue tells, one series a kind, each bar once, in order, closed. */
import type {
  Bar,
  GapReason,
  MarketEvent,
  Trade,
} from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { bytesOfNumbers, numbersOfBytes } from "../std/sections.ts";
import type { Sections } from "../std/sections.ts";
import { decodeBars, encodeBars } from "./bar-archive.ts";
import { BarAggregator } from "./bar-aggregator.ts";
import { BAR_BUILDER_DEFAULTS, BarBuilder } from "./bar-builder.ts";
import type { BarBuilderOptions, MarketTime } from "./bar-builder.ts";
import { BarClock } from "./bar-clock.ts";
import { barKindText, isOfKind } from "./bar-kind.ts";
import type { BarKind } from "./bar-kind.ts";
import { BAR_LANE_DEFAULTS, BarLane } from "./bar-lane.ts";
import type { BarLanePolicies } from "./bar-lane.ts";
import { BarSeries } from "./bar-series.ts";
import {
  BAR_SIZE_BUILDER_DEFAULTS,
  BarSizeBuilder,
} from "./bar-size-builder.ts";
import type { BarSizeBuilderOptions } from "./bar-size-builder.ts";
import { BarTradeIds } from "./bar-trade-ids.ts";

/** A kind of bar and how many of them are kept. */
export interface BarRequest {
  readonly kind: BarKind;
  readonly length: number;
}

export interface BarBookOptions
  extends
    BarLanePolicies,
    Pick<BarBuilderOptions, "graceMs" | "lateTrades" | "firstBar">,
    Pick<BarSizeBuilderOptions, "overshoot" | "splitMax"> {
  /** Latest trades remembered, to know one that is told twice. */
  readonly tradeIdsMax: number;
  /** How far ahead of its own course the venue's time may jump before it is doubted. */
  readonly aheadMaxMs: number;
}

export const BAR_BOOK_DEFAULTS: BarBookOptions = {
  ...BAR_LANE_DEFAULTS,
  ...BAR_SIZE_BUILDER_DEFAULTS,
  graceMs: BAR_BUILDER_DEFAULTS.graceMs,
  lateTrades: "drop",
  firstBar: "skip",
  tradeIdsMax: 4096,
  aheadMaxMs: 60_000,
};

/** What did not become a bar as it came. */
export interface BarCounts {
  duplicateTrades: number;
  lateTrades: number;
  /** Trades and times too far ahead to be believed. */
  ahead: number;
  repeatedBars: number;
  conflictingBars: number;
  misalignedBars: number;
  filledBars: number;
  holes: number;
}

/** A lane of time bars with what builds its bars: trades, or the bars of the lane that it is made of. */
interface TimeLane {
  readonly kind: BarKind;
  readonly lane: BarLane;
  readonly builder: BarBuilder | undefined;
  readonly aggregator: BarAggregator | undefined;
  readonly below: BarLane | undefined;
  grown: number;
}

interface SizeLane {
  readonly kind: BarKind;
  readonly series: BarSeries;
  readonly builder: BarSizeBuilder;
  source: "none" | "venue" | "built";
  hasGrown: boolean;
}

export class BarBook {
  readonly #symbol: SymbolId;
  readonly #options: BarBookOptions;
  readonly #ids: BarTradeIds;
  readonly #clock: BarClock;
  /** Shortest first: a lane is settled before those that are made of it. */
  readonly #time: readonly TimeLane[];
  readonly #sized: readonly SizeLane[];
  readonly #onClosed: (bar: Bar) => void;
  #closed = 0;

  constructor(
    symbol: SymbolId,
    requests: readonly BarRequest[],
    options: Partial<BarBookOptions>,
    onClosed: (bar: Bar) => void,
  ) {
    this.#symbol = symbol;
    this.#options = { ...BAR_BOOK_DEFAULTS, ...options };
    this.#ids = new BarTradeIds(this.#options.tradeIdsMax);
    this.#clock = new BarClock(this.#options.aheadMaxMs);
    this.#onClosed = onClosed;
    const wanted = longest(requests);
    const time: TimeLane[] = [];
    for (const request of wanted)
      if (request.kind.basis === "time")
        time.push(this.#timeLane(request, time));
    this.#time = time;
    this.#sized = wanted
      .filter(({ kind }) => kind.basis !== "time")
      .map((request) => this.#sizeLane(request));
  }

  /** False for a trade that was told before: it changed nothing. */
  onTrade(trade: Trade): boolean {
    if (!this.#ids.take(trade)) return false;
    if (!this.#clock.believes(trade)) return true;
    for (const { builder } of this.#time) builder?.onTrade(trade);
    for (const { builder } of this.#sized) builder.onTrade(trade);
    this.#settle(trade);
    return true;
  }

  /** A bar that the venue tells. True when it, or what it made whole, closed. */
  onBar(bar: Bar): boolean {
    const before = this.#closed;
    for (const { kind, lane } of this.#time)
      if (isOfKind(bar, kind)) lane.offer(bar, "venue", "whole");
    for (const lane of this.#sized)
      if (isOfKind(bar, lane.kind) && lane.source !== "built") {
        lane.source = "venue";
        this.#take(lane, bar);
      }
    return this.#closed > before;
  }

  /** Closes what has passed, by the venue's time of any event of the symbol. */
  advanceTo(event: MarketEvent): void {
    // A bar's own time is not the symbol's: it may be told late, or of long ago. A trade is judged when it is taken.
    if (event.type === "bar" || event.type === "trade") return;
    if (!this.#clock.believes(event)) return;
    for (const { builder } of this.#time) builder?.advanceTo(event);
    this.#settle(event);
  }

  /** Trades may be lost with a connection or an overflow; a hole in the book's sequence says nothing about them. */
  onGap(reason: GapReason): void {
    if (reason !== "disconnected" && reason !== "overflow") return;
    for (const { builder } of this.#time) builder?.onGap();
  }

  /** Undefined for a kind that is not kept. */
  series(kind: BarKind): BarSeries | undefined {
    const text = barKindText(kind);
    return (
      this.#time.find((lane) => barKindText(lane.kind) === text)?.lane.series ??
      this.#sized.find((lane) => barKindText(lane.kind) === text)?.series
    );
  }

  /** Each series that grew since the last call. */
  takeGrown(onGrown: (series: BarSeries) => void): void {
    for (const time of this.#time) {
      if (time.grown === time.lane.settled) continue;
      time.grown = time.lane.settled;
      onGrown(time.lane.series);
    }
    for (const lane of this.#sized) {
      if (!lane.hasGrown) continue;
      lane.hasGrown = false;
      onGrown(lane.series);
    }
  }

  /** All that `resume` goes on with: closed bars, those in progress, and the latest trade ids. */
  save(): Map<string, Uint8Array> {
    const sections = new Map<string, Uint8Array>();
    const put = (name: string, save: (to: StateWriter) => void): void => {
      const to = new StateWriter();
      save(to);
      sections.set(name, bytesOfNumbers(to.snapshot()));
    };
    const bars = encodeBars(this.#time.map(({ lane }) => lane.series));
    if (bars !== undefined) sections.set(BARS, bars);
    for (const { kind, lane, builder, aggregator } of this.#time) {
      put(`lane ${barKindText(kind)}`, (to) => lane.save(to));
      const growing = builder ?? aggregator;
      put(`growing ${barKindText(kind)}`, (to) => growing?.save(to));
    }
    for (const lane of this.#sized)
      put(sizedName(lane), (to) => {
        lane.builder.save(to);
        lane.series.save(to);
      });
    put(TRADES, (to) => this.#ids.save(to));
    return sections;
  }

  /** Lanes go on where they were kept, at the times given. One whose first bar came meanwhile goes on without. */
  resume(sections: Sections, at: MarketTime): void {
    const from = (name: string, resume: (from: StateReader) => void): void => {
      const bytes = sections.get(name);
      if (bytes !== undefined) resume(new StateReader(numbersOfBytes(bytes)));
    };
    const bars = sections.get(BARS);
    const kept = bars === undefined ? [] : decodeBars(bars);
    for (const { kind, lane, aggregator } of this.#time) {
      const own = kept.find((one) => one.intervalMs === kind.intervalMs);
      from(`lane ${barKindText(kind)}`, (state) => lane.resume(own, state, at));
      from(`growing ${barKindText(kind)}`, (state) =>
        aggregator?.resume(state),
      );
    }
    for (const lane of this.#sized)
      if (lane.source === "none")
        from(sizedName(lane), (state) => {
          lane.builder.resume(state);
          lane.series.load(state);
          state.end();
        });
    from(TRADES, (state) => this.#ids.resume(state));
    // Last, for they may tell a bar.
    for (const { kind, builder } of this.#time)
      from(`growing ${barKindText(kind)}`, (state) =>
        builder?.resume(state, at),
      );
  }

  counts(): BarCounts {
    const counts: BarCounts = {
      duplicateTrades: this.#ids.duplicates,
      lateTrades: 0,
      ahead: this.#clock.ahead,
      repeatedBars: 0,
      conflictingBars: 0,
      misalignedBars: 0,
      filledBars: 0,
      holes: 0,
    };
    for (const { lane, builder } of this.#time) {
      counts.lateTrades += builder?.late ?? 0;
      counts.repeatedBars += lane.repeated;
      counts.conflictingBars += lane.conflicts;
      counts.misalignedBars += lane.misaligned;
      counts.filledBars += lane.filled;
      counts.holes += lane.holes;
    }
    return counts;
  }

  #settle(at: MarketEvent): void {
    for (const { lane, aggregator, below } of this.#time) {
      if (aggregator !== undefined && below !== undefined)
        aggregator.follow(below, at);
      lane.advanceTo(at);
    }
  }

  #timeLane(request: BarRequest, shorter: readonly TimeLane[]): TimeLane {
    const { kind, length } = request;
    const { intervalMs } = kind;
    const lane: BarLane = new BarLane(
      this.#symbol,
      intervalMs,
      length,
      this.#options,
      (bar, coverage) => {
        for (const { aggregator, below } of this.#time)
          if (below === lane) aggregator?.onBar(bar, coverage);
        this.#close(bar);
      },
    );
    const below = shorter.findLast(
      ({ kind }) => intervalMs % kind.intervalMs === 0,
    );
    return {
      kind,
      lane,
      builder:
        below === undefined ? this.#builder(intervalMs, lane) : undefined,
      aggregator:
        below === undefined
          ? undefined
          : this.#aggregator(below.kind.intervalMs, intervalMs, lane),
      below: below?.lane,
      grown: 0,
    };
  }

  #builder(intervalMs: number, lane: BarLane): BarBuilder {
    const { graceMs, flatMax, lateTrades, firstBar } = this.#options;
    const symbol = this.#symbol;
    return new BarBuilder(
      { symbol, intervalMs, graceMs, flatMax, lateTrades, firstBar },
      (bar, coverage) => lane.offer(bar, "built", coverage),
    );
  }

  #aggregator(fromMs: number, toMs: number, lane: BarLane): BarAggregator {
    const { firstBar } = this.#options;
    return new BarAggregator(
      { symbol: this.#symbol, fromMs, toMs, firstBar },
      (bar, coverage) => lane.offer(bar, "built", coverage),
    );
  }

  #sizeLane(request: BarRequest): SizeLane {
    const { kind, length } = request;
    const { overshoot, splitMax } = this.#options;
    const lane: SizeLane = {
      kind,
      series: new BarSeries(0, length),
      builder: new BarSizeBuilder(
        { symbol: this.#symbol, kind, overshoot, splitMax },
        (bar) => {
          lane.source = "built";
          this.#take(lane, bar);
        },
      ),
      source: "none",
      hasGrown: false,
    };
    return lane;
  }

  #take(lane: SizeLane, bar: Bar): void {
    if (!lane.series.push(bar)) return;
    lane.hasGrown = true;
    this.#close(bar);
  }

  #close(bar: Bar): void {
    this.#closed++;
    this.#onClosed(bar);
  }
}

const BARS = "bars";
const TRADES = "trades";

/** A series of another length is another state. */
const sizedName = ({ kind, series }: SizeLane): string =>
  `lane ${barKindText(kind)} ${series.capacity}`;

/** One request a kind, with the longest length; shortest interval first. */
const longest = (requests: readonly BarRequest[]): readonly BarRequest[] => {
  const byKind = new Map<string, BarRequest>();
  for (const request of requests) {
    const text = barKindText(request.kind);
    assert(request.length > 0, "at least one bar of a kind is kept");
    if ((byKind.get(text)?.length ?? 0) < request.length)
      byKind.set(text, request);
  }
  return Array.from(byKind.values()).sort(
    (a, b) => a.kind.intervalMs - b.kind.intervalMs,
  );
};
