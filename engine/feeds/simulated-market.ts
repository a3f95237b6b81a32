/** One simulated symbol: traders who sense the fair value rest, cancel and take orders in a limit-order book. */
import type { Side } from "../domain/market-event.ts";
import type { Random } from "../std/random.ts";
import { SimulatedBook } from "./simulated-book.ts";
import type { BookSideName, Fill } from "./simulated-book.ts";
import { FairValue } from "./simulated-fair-value.ts";
import type { SimulatedSymbol } from "./simulated-symbols.ts";

export interface Execution extends Fill {
  readonly side: Side;
}

const LEVELS_START = 60;
const LEVELS_MIN = 40;
const LEVELS_MAX = 120;

/** A self-exciting share of order flow: each taker raises the rate of the orders that follow. */
const EXCITATION_JUMP = 0.12;
const EXCITATION_MAX = 3;
const EXCITATION_DECAY_PER_S = 1.5;
/** Takers split their orders: the sign of the recent ones persists. */
const FLOW_JUMP = 0.25;
const FLOW_DECAY_PER_S = 0.8;

/** Distance between quotes that makers of a liquid symbol keep, whatever its tick. */
const QUOTE_BPS = 0.4;
/** Traders sense the value only so well: this much of a gap is one unit of conviction. */
const GAP_BPS = 1.2;
/** How much more or less than usual a maker shows at the touch. */
const SKEW_MAX = 6;

export class SimulatedMarket {
  readonly spec: SimulatedSymbol;
  readonly book: SimulatedBook;
  readonly value: FairValue;
  readonly #random: Random;
  readonly #ordersPerSecond: number;
  readonly #lotsPerOrder: number;
  readonly #quoteTicks: number;
  /** How far the mid is from the value before traders feel it, in ticks. */
  readonly #gapTicks: number;
  #excitation = 0;
  /** Decayed sum of taker signs, about in [-1, 1]. */
  #flow = 0;

  constructor(spec: SimulatedSymbol, random: Random, ordersPerSecond: number) {
    this.spec = spec;
    this.#random = random.fork("orders");
    this.value = new FairValue(spec, random.fork("value"));
    this.book = new SimulatedBook(spec);
    this.#ordersPerSecond = ordersPerSecond;
    this.#lotsPerOrder = spec.orderSize / spec.lotSize;
    this.#quoteTicks = Math.max(
      1,
      Math.round((spec.startPrice * QUOTE_BPS * 1e-4) / spec.tickSize),
    );
    this.#gapTicks = Math.max(
      0.75,
      (spec.startPrice * GAP_BPS * spec.volatility * 1e-4) / spec.tickSize,
    );
    this.#seed();
  }

  /** Of order arrivals, now. */
  get ratePerSecond(): number {
    return this.#ordersPerSecond * this.value.activity * (1 + this.#excitation);
  }

  decay(seconds: number): void {
    this.#excitation *= Math.exp(-EXCITATION_DECAY_PER_S * seconds);
    this.#flow *= Math.exp(-FLOW_DECAY_PER_S * seconds);
  }

  /** One order arrives; what it executed, nearest price first. */
  arrive(): readonly Execution[] {
    const { book } = this;
    const fair = this.value.price / this.spec.tickSize;
    const gap = clamp((fair - book.mid) / this.#gapTicks, 3);
    const takeShare = 0.04 + 0.02 * Math.abs(gap);
    const cancelShare =
      0.4 * Math.min(1.3, (book.count("bid") + book.count("ask")) / 150);
    const draw = this.#random.next();
    if (draw < takeShare) return this.#take(gap);
    if (draw < takeShare + cancelShare) this.#cancel(gap);
    else this.#rest(gap, fair);
    return [];
  }

  #take(gap: number): readonly Execution[] {
    const { book } = this;
    const lean = 0.9 * gap + 0.7 * book.imbalance(3) + 0.6 * this.#flow;
    const isBuy = this.#chance(lean);
    const sign = isBuy ? 1 : -1;
    const reach = Math.floor(this.#quoteTicks * this.#random.next());
    const limitTick = isBuy ? book.bestAsk + reach : book.bestBid - reach;
    const fills = book.take(
      isBuy ? "ask" : "bid",
      this.#orderLots(0.9, 1.1),
      limitTick,
    );
    this.#flow = clamp(this.#flow + FLOW_JUMP * sign, 1.5);
    this.#excitation = Math.min(
      EXCITATION_MAX,
      this.#excitation + EXCITATION_JUMP,
    );
    return fills.map((fill) => ({ ...fill, side: isBuy ? "buy" : "sell" }));
  }

  /** Makers pull quotes on the side that the value and the book's weight threaten. */
  #cancel(gap: number): void {
    const { book } = this;
    const isAsk = this.#chance(0.9 * gap + 0.5 * book.imbalance(1));
    const side: BookSideName = isAsk ? "ask" : "bid";
    const conviction = isAsk ? gap : -gap;
    const count = book.count(side);
    if (count > LEVELS_MAX) {
      book.cancel(side, count - 1, Infinity);
      return;
    }
    const i =
      this.#random.next() < 0.15 * conviction
        ? 0
        : Math.min(count - 1, Math.floor(this.#random.exponential(0.15)));
    const lots = book.lots(side, i);
    const share =
      this.#random.next() < 0.3 ? 1 : 0.1 + 0.8 * this.#random.next();
    book.cancel(side, i, Math.max(1, Math.round(lots * share)));
  }

  #rest(gap: number, fair: number): void {
    const { book } = this;
    const isBid = this.#chance(0.8 * gap);
    const side: BookSideName = isBid ? "bid" : "ask";
    const inward = isBid ? 1 : -1;
    const own = isBid ? book.bestBid : book.bestAsk;
    const count = book.count(side);
    if (count < LEVELS_MIN) {
      const step = 1 + this.#random.int(2 * this.#quoteTicks);
      const tick = book.tick(side, count - 1) - inward * step;
      if (tick > 0) book.add(side, tick, this.#orderLots(2.5, 0.7));
      return;
    }
    // Near the touch, makers show size where they expect the price to go, and little against it.
    const skew = Math.min(
      SKEW_MAX,
      Math.max(1 / SKEW_MAX, Math.exp(2.4 * gap * inward)),
    );
    const spread = book.bestAsk - book.bestBid;
    const room = Math.min(
      spread - 1,
      // A maker's best quote is short of the value.
      Math.floor((isBid ? fair - own : own - fair) - 0.25 * this.#quoteTicks),
    );
    const eager = spread > this.#quoteTicks ? 0.6 : 0.15;
    if (room >= 1 && this.#random.next() < eager) {
      const step = 1 + this.#random.int(room);
      book.add(side, own + inward * step, this.#orderLots(0.8 * skew, 0.5));
      return;
    }
    const away = this.#distance();
    const tick = own - inward * away;
    const near = away <= this.#quoteTicks ? skew : 1;
    const depth = 1 + (0.1 * away) / this.#quoteTicks;
    if (tick > 0) book.add(side, tick, this.#orderLots(depth * near, 0.5));
  }

  /** Heavy-tailed, in ticks from the best: most orders join the first levels. */
  #distance(): number {
    const pareto = (1 - this.#random.next()) ** (-1 / 1.4) - 1;
    return Math.min(
      40 * this.#quoteTicks,
      Math.floor(pareto * 1.2 * this.#quoteTicks),
    );
  }

  #orderLots(scale: number, sigma: number): number {
    const lots =
      scale * this.#lotsPerOrder * Math.exp(sigma * this.#random.normal());
    return Math.max(1, Math.round(lots));
  }

  #chance(logit: number): boolean {
    return this.#random.next() < 1 / (1 + Math.exp(-logit));
  }

  #seed(): void {
    const middle = Math.round(this.spec.startPrice / this.spec.tickSize);
    for (let i = 0; i < LEVELS_START; i++) {
      const away = 1 + i + this.#random.int(this.#quoteTicks);
      this.book.add("bid", middle - away, this.#orderLots(1 + 0.05 * i, 0.6));
      this.book.add("ask", middle + away, this.#orderLots(1 + 0.05 * i, 0.6));
    }
    this.book.takeChange();
  }
}

const clamp = (value: number, bound: number): number =>
  Math.min(bound, Math.max(-bound, value));
