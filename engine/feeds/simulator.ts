/** A seeded market of several symbols with regimes and news: the same seed gives the same events, byte for byte. */
import type { BookSnapshot } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { Random } from "../std/random.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { FeedEvent } from "./feed-event.ts";
import { SimulatedMarket } from "./simulated-market.ts";
import { simulatedHeadline } from "./simulated-news.ts";
import { SIMULATED_SYMBOLS } from "./simulated-symbols.ts";
import type { SimulatedSymbol } from "./simulated-symbols.ts";

export interface MarketSimulatorOptions {
  readonly seed: number;
  readonly symbols?: readonly SimulatedSymbol[];
  /** Wall time of the first event. */
  readonly startUs?: number;
  /** Monotonic time of the first event: not 0, which in stamps means "never happened". */
  readonly startNs?: number;
  /** Book updates of one symbol in a calm market. */
  readonly updatesPerSecond?: number;
  readonly ordersPerUpdate?: number;
  /** Mean time between two headlines, over all symbols. */
  readonly newsEverySeconds?: number;
  /** Best bid and ask as events of their own, beside the book's. */
  readonly quotes?: "none" | "onChange";
}

export interface SimulatedEvent {
  /** Since the start; never less than the one before. */
  readonly simNs: number;
  readonly event: FeedEvent;
}

/** The latent values move on this grid; orders arrive between. */
const STEP_NS = 50_000_000;
const NS_PER_S = 1_000_000_000;

/** A symbol with the times of what happens to it next. */
interface Lane {
  readonly market: SimulatedMarket;
  readonly random: Random;
  orderNs: number;
  updateNs: number;
  decayedNs: number;
  tradeId: number;
  quotedBid: number;
  quotedAsk: number;
}

export class MarketSimulator {
  readonly symbols: readonly SymbolId[];
  readonly #lanes: readonly Lane[];
  readonly #bySymbol: ReadonlyMap<SymbolId, Lane>;
  readonly #random: Random;
  readonly #seed: number;
  readonly #startUs: number;
  readonly #startNs: number;
  readonly #updatesPerSecond: number;
  readonly #newsEverySeconds: number;
  readonly #quotes: "none" | "onChange";
  /** Happened and not yet handed out: at most the fills of one order, or one snapshot a symbol. */
  readonly #ready: SimulatedEvent[] = [];
  #readyAt = 0;
  #nowNs = 0;
  #stepNs = STEP_NS;
  #newsNs: number;
  #headlines = 0;

  constructor(options: MarketSimulatorOptions) {
    const {
      seed,
      symbols = SIMULATED_SYMBOLS,
      startUs = 1_700_000_000_000_000,
      startNs = NS_PER_S,
      updatesPerSecond = 25,
      ordersPerUpdate = 5,
      newsEverySeconds = 20,
      quotes = "none",
    } = options;
    if (symbols.length === 0)
      throw new CodedError("E_CONFIG_INVALID", { field: "symbols" });
    this.#seed = seed;
    this.#startUs = startUs;
    this.#startNs = startNs;
    this.#updatesPerSecond = updatesPerSecond;
    this.#newsEverySeconds = newsEverySeconds;
    this.#quotes = quotes;
    const root = new Random(seed);
    this.#random = root.fork("market");
    this.#lanes = symbols.map((spec) => {
      const random = root.fork(spec.symbol);
      const market = new SimulatedMarket(
        spec,
        random,
        updatesPerSecond * ordersPerUpdate,
      );
      return {
        market,
        random,
        orderNs: nextAfter(0, market.ratePerSecond, random),
        updateNs: this.#nextUpdateNs(0, random),
        decayedNs: 0,
        tradeId: 0,
        quotedBid: 0,
        quotedAsk: 0,
      };
    });
    this.symbols = symbols.map(({ symbol }) => symbol);
    this.#bySymbol = new Map(
      this.#lanes.map((lane) => [lane.market.spec.symbol, lane]),
    );
    this.#newsNs = nextAfter(0, 1 / newsEverySeconds, this.#random);
    for (const lane of this.#lanes) this.#push(this.#snapshotOf(lane));
  }

  /** Time of the last event handed out, since the start. */
  get simNs(): number {
    return this.#nowNs;
  }

  /** The next event in time; there is always one. */
  next(): SimulatedEvent {
    while (this.#readyAt === this.#ready.length) {
      this.#ready.length = 0;
      this.#readyAt = 0;
      this.#advance();
    }
    return this.#ready[this.#readyAt++]!;
  }

  /** The whole book as of now, deltas not yet told included: those are duplicates to whoever starts from it. */
  snapshot(symbol: SymbolId): BookSnapshot {
    return this.#snapshotOf(this.#lane(symbol));
  }

  /** What the traders know and the market does not: for labels and tests. */
  fairPrice(symbol: SymbolId): number {
    return this.#lane(symbol).market.value.price;
  }

  /** Endless; for replay and training, end it by count or time. */
  *[Symbol.iterator](): IterableIterator<SimulatedEvent> {
    for (;;) yield this.next();
  }

  #lane(symbol: SymbolId): Lane {
    const lane = this.#bySymbol.get(symbol);
    if (lane === undefined) throw new CodedError("E_SYMBOL_UNKNOWN");
    return lane;
  }

  /** Runs whatever is due first. Ties: values, news, then symbols in their order, orders before updates. */
  #advance(): void {
    let dueNs = Math.min(this.#stepNs, this.#newsNs);
    let due: Lane | undefined;
    for (const lane of this.#lanes) {
      const laneNs = Math.min(lane.orderNs, lane.updateNs);
      if (laneNs >= dueNs) continue;
      dueNs = laneNs;
      due = lane;
    }
    this.#nowNs = dueNs;
    if (due !== undefined) {
      if (due.orderNs === dueNs) this.#order(due);
      else this.#update(due);
    } else if (this.#stepNs === dueNs) this.#step();
    else this.#news();
  }

  #step(): void {
    const common = this.#random.normal();
    for (const { market } of this.#lanes)
      market.value.step(STEP_NS / NS_PER_S, common);
    this.#stepNs += STEP_NS;
  }

  #order(lane: Lane): void {
    const { market } = lane;
    market.decay((this.#nowNs - lane.decayedNs) / NS_PER_S);
    lane.decayedNs = this.#nowNs;
    for (const { price, size, side } of market.arrive())
      this.#push({
        type: "trade",
        symbol: market.spec.symbol,
        ...this.#times(),
        tradeId: ++lane.tradeId,
        price,
        size,
        side,
      });
    if (this.#quotes === "onChange") this.#quote(lane);
    lane.orderNs = nextAfter(this.#nowNs, market.ratePerSecond, lane.random);
  }

  #update(lane: Lane): void {
    const { market } = lane;
    const change = market.book.takeChange();
    if (change !== undefined)
      this.#push({
        type: "bookDelta",
        symbol: market.spec.symbol,
        ...this.#times(),
        ...change,
      });
    lane.updateNs = this.#nextUpdateNs(this.#nowNs, lane.random);
  }

  #quote(lane: Lane): void {
    const { book, spec } = lane.market;
    if (book.bestBid === lane.quotedBid && book.bestAsk === lane.quotedAsk)
      return;
    lane.quotedBid = book.bestBid;
    lane.quotedAsk = book.bestAsk;
    this.#push({
      type: "quote",
      symbol: spec.symbol,
      ...this.#times(),
      seq: book.seq,
      bidPrice: book.priceOf(book.bestBid),
      bidSize: book.sizeOf(book.lots("bid", 0)),
      askPrice: book.priceOf(book.bestAsk),
      askSize: book.sizeOf(book.lots("ask", 0)),
    });
  }

  #news(): void {
    const { market } = this.#random.pick(this.#lanes);
    const { symbol, name } = market.spec;
    const cashtag = `$${symbol.slice(0, symbol.indexOf("USDT"))}`;
    const { text, impactBps } = simulatedHeadline(
      { cashtag, name },
      this.#random,
    );
    this.#push({
      id: `sim-${this.#seed}-${++this.#headlines}`,
      text,
      source: "simulator",
      symbols: [symbol],
      ...this.#times(),
    });
    market.value.hear(impactBps);
    this.#newsNs = nextAfter(
      this.#nowNs,
      1 / this.#newsEverySeconds,
      this.#random,
    );
  }

  #snapshotOf({ market }: Lane): BookSnapshot {
    const { book, spec } = market;
    return {
      type: "bookSnapshot",
      symbol: spec.symbol,
      ...this.#times(),
      seq: book.seq,
      bids: book.levels("bid"),
      asks: book.levels("ask"),
    };
  }

  /** Venues tell their updates at about equal times: half to one and a half of the mean. */
  #nextUpdateNs(nowNs: number, random: Random): number {
    const meanNs = NS_PER_S / this.#updatesPerSecond;
    return nowNs + Math.ceil(meanNs * (0.5 + random.next()));
  }

  #times(): {
    eventUs: UnixMicros;
    receivedUs: UnixMicros;
    receivedNs: MonoNanos;
  } {
    const us = unixMicros(this.#startUs + Math.floor(this.#nowNs / 1000));
    return {
      eventUs: us,
      receivedUs: us,
      receivedNs: monoNanos(this.#startNs + this.#nowNs),
    };
  }

  #push(event: FeedEvent): void {
    this.#ready.push({ simNs: this.#nowNs, event });
  }
}

/** At least 1 ns on, so that time moves. */
const nextAfter = (
  nowNs: number,
  ratePerSecond: number,
  random: Random,
): number =>
  nowNs + Math.ceil((random.exponential(ratePerSecond) + 1e-9) * NS_PER_S);
