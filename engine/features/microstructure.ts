/** One symbol's microstructure features: follows its events in constant amortised time each, writes the vector once a turn. */
import type { FeatureVector } from "../domain/feature.ts";
import type { BookDelta, BookSnapshot, Trade } from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { FIRST_NS, MicroClock, NOW_NS } from "./micro-clock.ts";
import { MicroFlow } from "./micro-flow.ts";
import {
  BUY,
  EVENT_NS,
  MID,
  MOVE,
  MicroInputs,
  PRICE,
  SECOND,
  SELL,
  SETTLED_SECOND,
  SIGNED,
  SIZE,
  SLOT,
} from "./micro-inputs.ts";
import { MicroLead } from "./micro-lead.ts";
import type { LeadingMid } from "./micro-lead.ts";
import { MICRO_LEVELS } from "./micro-levels.ts";
import { MicroMids } from "./micro-mids.ts";
import { MicroResilience } from "./micro-resilience.ts";
import { MicroShape } from "./micro-shape.ts";
import { MicroState } from "./micro-state.ts";
import { MicroTrades } from "./micro-trades.ts";
import { MicroVolatility } from "./micro-volatility.ts";
import { MicroVpin } from "./micro-vpin.ts";
import { MicropriceTable } from "./microprice-table.ts";
import { MICROSTRUCTURE_SET } from "./microstructure-set.ts";

/** Where each group begins in the vector. */
const FLOW_AT = 0;
const SHAPE_AT = FLOW_AT + MicroFlow.FEATURES;
const TRADES_AT = SHAPE_AT + MicroShape.FEATURES;
const VPIN_AT = TRADES_AT + MicroTrades.FEATURES;
const VOLATILITY_AT = VPIN_AT + MicroVpin.FEATURES;
const RESILIENCE_AT = VOLATILITY_AT + MicroVolatility.FEATURES;
const LEAD_AT = RESILIENCE_AT + MicroResilience.FEATURES;

/** Positions in the state of the set itself: the mid of the last second, when the inputs last came. */
const SECOND_MID = 0;
const BOOK_NS = 1;
const TRADE_NS = 2;
const FIELDS = 3;

const SECOND_NS = 1e9;
const SLOT_NS = 1e8;
/** Seconds of silence that are made up for; the longest window is full of stillness then. */
const CATCH_UP_MAX = 300;
/** The minute's windows are full; those of five minutes say themselves that they are not. */
const WARM_AFTER_NS = 61e9;

/** How much of the past each feature needs. */
const WARM_UPS_NS = Float64Array.from(
  MICROSTRUCTURE_SET.features,
  ({ warmUp }) => (warmUp.unit === "ms" ? warmUp.count * 1e6 : 0),
);
const LONGEST_WARM_UP_NS = Math.max(...WARM_UPS_NS);

export interface MicrostructureOptions {
  /** A symbol that leads this one; its features are NaN without. */
  readonly leading?: LeadingMid;
  /** The table of the microprice, as a model's manifest states it. */
  readonly constants?: Readonly<Record<string, number>>;
}

export class Microstructure implements EventFeatures {
  readonly schema: DeclaredSet = MICROSTRUCTURE_SET;
  /** Owned here and overwritten by each `write`: copy to keep. */
  readonly values: FeatureVector = new Float64Array(
    MICROSTRUCTURE_SET.features.length,
  );
  readonly #state = new MicroState(
    MicroInputs.STATE +
      MicroClock.STATE +
      FIELDS +
      MicroFlow.STATE +
      MicroShape.STATE +
      MicroTrades.STATE +
      MicroVpin.STATE +
      MicroVolatility.STATE +
      MicroResilience.STATE +
      MicroMids.STATE +
      MicroLead.STATE,
  );
  readonly #inputs = new MicroInputs(this.#state);
  readonly #clock = new MicroClock(this.#state, this.#inputs);
  readonly #own = this.#state.take(FIELDS);
  readonly #flow = new MicroFlow(this.#state, this.#inputs);
  readonly #shape: MicroShape;
  readonly #trades = new MicroTrades(this.#state, this.#inputs);
  readonly #vpin = new MicroVpin(this.#state, this.#inputs);
  readonly #volatility = new MicroVolatility(this.#state);
  readonly #resilience = new MicroResilience(this.#state, this.#inputs);
  readonly #mids = new MicroMids(this.#state, this.#inputs);
  readonly #lead: MicroLead;

  constructor(options: MicrostructureOptions = {}) {
    this.#shape = new MicroShape(
      this.#state,
      this.#inputs,
      new MicropriceTable(options.constants ?? MICROSTRUCTURE_SET.constants),
    );
    this.#lead = new MicroLead(this.#state, this.#inputs, options.leading);
    this.#own[BOOK_NS] = -Infinity;
    this.#own[TRADE_NS] = -Infinity;
  }

  /** After each book event that left a live book; windows run on the event's receive time. */
  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    if (!book.hasBothSides) {
      this.onVoid();
      return;
    }
    const inputs = this.#inputs;
    inputs.values[EVENT_NS] = event.receivedNs;
    this.#advance();
    book.copyTop(inputs.top, MICRO_LEVELS);
    inputs.readTop();
    this.#own[BOOK_NS] = this.#clock.values[NOW_NS]!;
    this.#flow.onBook();
    this.#shape.onBook();
    this.#trades.onBook();
  }

  /** After a gap or any other loss of the book: the next book is not a change of the last. */
  onVoid(): void {
    this.#inputs.values[MID] = 0;
    this.#flow.onVoid();
    this.#shape.onVoid();
    this.#trades.onVoid();
  }

  /** Trades count while there is a book: its mid decides the sign where the venue does not name the aggressor. */
  onTrade(trade: Trade): void {
    if (!this.#clock.hasBegun) return;
    const { values } = this.#inputs;
    const { side, price, size } = trade;
    values[EVENT_NS] = trade.receivedNs;
    this.#advance();
    const mid = values[MID]!;
    if (mid === 0) return;
    const sign =
      side === "buy" ? 1 : side === "sell" ? -1 : Math.sign(price - mid);
    values[SIGNED] = sign * size;
    values[SIZE] = size;
    values[PRICE] = price;
    values[BUY] = (1 + sign) / 2;
    values[SELL] = (1 - sign) / 2;
    this.#own[TRADE_NS] = this.#clock.values[NOW_NS]!;
    this.#trades.onTrade();
    this.#vpin.onTrade();
    this.#resilience.onTrade();
  }

  /** Nothing: the book's own updates say it a moment later, with all their levels. */
  onQuote(): void {}

  /** Nothing: what bars hold is counted from trades and mids. */
  onBar(): void {}

  /** A minute of book has been seen. */
  get isWarm(): boolean {
    return this.#seenNs >= WARM_AFTER_NS;
  }

  /** Once a turn, over the final book. NaN wherever a feature is not known; all of them while the book lacks a side. */
  write(book: OrderBook, latest: Received): FeatureVector {
    // The first book begins the clock: what is warm counts from there.
    if (!this.#clock.hasBegun) return this.values.fill(NaN);
    const { top, values: inputs } = this.#inputs;
    inputs[EVENT_NS] = latest.receivedNs;
    this.#advance();
    if (!book.hasBothSides || inputs[MID] === 0) return this.values.fill(NaN);
    book.copyTop(top, MICRO_LEVELS);
    this.#writeAll();
    return this.values;
  }

  #writeAll(): void {
    const { values } = this;
    this.#flow.write(values, FLOW_AT);
    this.#shape.write(values, SHAPE_AT);
    this.#trades.write(values, TRADES_AT);
    this.#vpin.write(values, VPIN_AT);
    this.#volatility.write(values, VOLATILITY_AT);
    this.#resilience.write(values, RESILIENCE_AT);
    this.#mids.sayReturn();
    this.#lead.write(values, LEAD_AT);
    const seenNs = this.#seenNs;
    if (seenNs >= LONGEST_WARM_UP_NS) return;
    for (let i = 0; i < values.length; i++)
      if (seenNs < WARM_UPS_NS[i]!) values[i] = NaN;
  }

  ageMs(feature: number, { receivedNs }: Received): number {
    let oldestMs = 0;
    const { inputs } = this.schema.features[feature]!;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!;
      const lastNs = this.#own[input === "trade" ? TRADE_NS : BOOK_NS]!;
      const ageMs =
        input === "otherBook"
          ? this.#lead.ageMs(receivedNs)
          : (receivedNs - lastNs) / 1e6;
      oldestMs = Math.max(oldestMs, ageMs);
    }
    return oldestMs;
  }

  snapshot(): Float64Array {
    return this.#state.snapshot();
  }

  restore(snapshot: Float64Array): void {
    this.#state.restore(snapshot);
  }

  get #seenNs(): number {
    const { values } = this.#clock;
    return values[NOW_NS]! - values[FIRST_NS]!;
  }

  /** Fades everything up to an event and settles the grids with what stood until then; time never runs backwards here. */
  #advance(): void {
    const clock = this.#clock;
    if (clock.advance()) {
      this.#flow.fade(clock);
      this.#shape.fade(clock);
      this.#trades.fade(clock);
      this.#resilience.fade(clock);
    }
    this.#settleGrids();
  }

  #settleGrids(): void {
    const { values } = this.#inputs;
    // Not an event's that is told late.
    const nowNs = this.#clock.values[NOW_NS]!;
    const slot = Math.ceil(nowNs / SLOT_NS);
    if (slot <= values[SLOT]!) return;
    values[SLOT] = slot;
    this.#resilience.advance();
    this.#mids.advance();
    const second = Math.ceil(nowNs / SECOND_NS);
    if (second <= values[SECOND]!) return;
    const before = values[SECOND]!;
    values[SETTLED_SECOND] =
      before === 0 ? second : Math.max(before, second - CATCH_UP_MAX);
    values[SECOND] = second;
    this.#settleSeconds();
    this.#vpin.advance(this.#clock);
  }

  /** From SETTLED_SECOND until SECOND, at the mid that stood. */
  #settleSeconds(): void {
    const own = this.#own;
    const { values } = this.#inputs;
    for (
      ;
      values[SETTLED_SECOND]! < values[SECOND]!;
      values[SETTLED_SECOND]!++
    ) {
      const mid = values[MID]!;
      const before = own[SECOND_MID]!;
      own[SECOND_MID] = mid;
      if (mid === 0) {
        this.#volatility.skipSecond();
        this.#resilience.skipSecond();
        this.#lead.skipSecond();
        continue;
      }
      this.#resilience.pushSecond();
      if (before === 0) {
        this.#lead.beginSecond();
        continue;
      }
      values[MOVE] = 1e4 * Math.log(mid / before);
      this.#volatility.push(values, MOVE);
      this.#lead.pushSecond();
    }
  }
}
