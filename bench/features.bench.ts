/**
 * What the features cost, by themselves: no decoding, no models, no rival, one thread, closed loop.
 *
 * A book update is the book's own delta applied, then the follow-up and one write of all event sets, beside a leading symbol that moves; the same
 * deltas through the book alone are measured beside it and taken off, in time as in bytes. A trade is its follow-up and one write. A bar is one row of the grid through all bar sets and the frames. `windowRatio` compares equal graphs with windows of
 * 5 and of 1,440 bars: above 1.2, a cost has crept in that grows with the window. `bytesPerEvent` is the growth of the heap over a loop that no
 * collection interrupts, per event: above 0, something is boxed or made anew.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BookDelta, Trade } from "../engine/domain/market-event.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { BarGraph } from "../engine/features/bar-inputs.ts";
import { BarSetRun } from "../engine/features/bar-set-run.ts";
import { growth } from "../engine/features/bar-terms.ts";
import { exponential } from "../engine/features/fading-series.ts";
import type { EventFeatures } from "../engine/features/event-features.ts";
import { FeatureSet } from "../engine/features/feature-set.ts";
import { BAR_SETS } from "../engine/features/feature-sets.ts";
import { FrameFeatures } from "../engine/features/frame-features.ts";
import { Microstructure } from "../engine/features/microstructure.ts";
import {
  drawdown,
  moments,
  rollingMean,
} from "../engine/features/rolling-series.ts";
import type { SeriesRun } from "../engine/features/series-graph.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { Reference } from "../engine/market/references.ts";
import { Random } from "../engine/std/random.ts";
import { monoNanos, unixMicros, type MonoNanos } from "../engine/std/time.ts";
import { BookTape } from "./book-tape.ts";

export interface FeaturesBench {
  readonly features: number;
  readonly nsPerBookUpdate: number;
  readonly nsPerBar: number;
  readonly bytesPerEvent: number;
  readonly windowRatio: number;
  /** The parts. */
  readonly bookFeatures: number;
  readonly barFeatures: number;
  readonly nsPerBookAlone: number;
  readonly bytesPerBookUpdate: number;
  readonly nsPerTrade: number;
  readonly bytesPerTrade: number;
  readonly bytesPerBar: number;
  readonly nsPerBarOfWindow5: number;
  readonly nsPerBarOfWindow1440: number;
}

export interface FeaturesBenchOptions {
  readonly events: number;
  readonly onProgress?: (text: string) => void;
}

/** The best of a few: what else runs on the machine only ever adds. */
const REPEATS = 7;
const OBSERVER_MS = 30;
const UPDATE_NS = 1_000_000;
/** While warming: what runs once a second is then compiled too, as it is after some minutes of any market. */
const WARM_UPDATE_NS = 50_000_000;
const LEADER_EVERY = 64;
const TRADES = 1024;
const DELTAS_MAX = 20_000;
const WINDOWS = [5, 1440] as const;
/** Bars per loop: some blocks of the longest window. */
const WINDOW_BARS = 10 * 1440;

type Loop = (events: number) => void;

const bestNs = (events: number, loop: Loop): number => {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++) {
    const from = process.hrtime.bigint();
    loop(events);
    best = Math.min(best, Number(process.hrtime.bigint() - from) / events);
  }
  return best;
};

const exposedGc = (): (() => void) => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
};

/** Bytes an event, from loops that no collection interrupted; the least, for the optimiser's own allocations are no part of it. */
const bytesPerEvent = async (events: number, loop: Loop): Promise<number> => {
  const collect = exposedGc();
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  observer.observe({ entryTypes: ["gc"] });
  // Collections are told late.
  const told = (): Promise<void> => delay(OBSERVER_MS);
  const grown = async (count: number): Promise<number> => {
    collect();
    await told();
    const before = collections;
    const from = process.memoryUsage().heapUsed;
    loop(count);
    const bytes = process.memoryUsage().heapUsed - from;
    await told();
    return collections === before ? bytes : Number.POSITIVE_INFINITY;
  };
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < REPEATS; i++)
    // What the measuring itself takes is in both and goes out in the difference.
    least = Math.min(least, (await grown(events)) - (await grown(0)));
  observer.disconnect();
  return Math.max(0, Math.round(least)) / events;
};

export const runFeaturesBench = async (
  options: FeaturesBenchOptions,
): Promise<FeaturesBench> => {
  const { events } = options;
  const tell = options.onProgress ?? (() => undefined);
  tell("book updates");
  const book = bookLoops(events);
  book.spaced(WARM_UPDATE_NS);
  for (const loop of [book.withFeatures, book.trades, book.alone])
    warm(loop, events);
  book.spaced(UPDATE_NS);
  const withFeatures = bestNs(events, book.withFeatures);
  const alone = bestNs(events, book.alone);
  const bookBytes = Math.max(
    0,
    (await bytesPerEvent(events, book.withFeatures)) -
      (await bytesPerEvent(events, book.alone)),
  );
  tell("trades");
  const nsPerTrade = bestNs(events, book.trades);
  const tradeBytes = await bytesPerEvent(events, book.trades);
  tell("bars");
  const bars = barLoop();
  const barEvents = Math.max(1, events >> 2);
  warm(bars.loop, barEvents);
  const nsPerBar = bestNs(barEvents, bars.loop);
  const barBytes = await bytesPerEvent(barEvents, bars.loop);
  tell("windows");
  const [short, long] = windowCosts();
  return {
    features: book.features + bars.features,
    nsPerBookUpdate: round(withFeatures - alone),
    nsPerBar: round(nsPerBar),
    bytesPerEvent: Math.max(bookBytes, tradeBytes, barBytes),
    windowRatio: Math.round((1000 * long) / short) / 1000,
    bookFeatures: book.features,
    barFeatures: bars.features,
    nsPerBookAlone: round(alone),
    bytesPerBookUpdate: bookBytes,
    nsPerTrade: round(nsPerTrade),
    bytesPerTrade: tradeBytes,
    bytesPerBar: barBytes,
    nsPerBarOfWindow5: round(short),
    nsPerBarOfWindow1440: round(long),
  };
};

const round = (ns: number): number => Math.round(10 * ns) / 10;

const warm = (loop: Loop, events: number): void => {
  for (let i = 0; i < 3; i++) loop(events);
};

/** A delta of which the bench sets the time; never a small integer, or the field would be boxed at each change. */
class TimedDelta implements BookDelta {
  readonly type = "bookDelta";
  readonly symbol: BookDelta["symbol"];
  readonly eventUs = unixMicros(0);
  readonly receivedUs = unixMicros(0);
  receivedNs = monoNanos(0.5);
  readonly prevSeq: number;
  readonly seq: number;
  readonly bids: BookDelta["bids"];
  readonly asks: BookDelta["asks"];

  constructor(delta: BookDelta) {
    this.symbol = delta.symbol;
    this.prevSeq = delta.prevSeq;
    this.seq = delta.seq;
    this.bids = delta.bids;
    this.asks = delta.asks;
  }
}

/** As `TimedDelta`. */
class TimedTrade implements Trade {
  readonly type = "trade";
  readonly symbol: Trade["symbol"];
  readonly eventUs = unixMicros(0);
  readonly receivedUs = unixMicros(0);
  receivedNs = monoNanos(0.5);
  readonly price: number;
  readonly size: number;
  readonly side: Trade["side"];
  readonly tradeId = 0;

  constructor(symbol: Trade["symbol"], price: number, random: Random) {
    this.symbol = symbol;
    this.price = price * (1 + 1e-5 * (random.next() - 0.5));
    this.size = 0.01 + random.next();
    this.side = random.next() < 0.5 ? "buy" : "sell";
  }
}

/** The same deltas over and over, each at its own time, through the book with its features and through the book alone. */
const bookLoops = (events: number) => {
  const symbol = new BookTape(1).at(0);
  const zeroUs = unixMicros(0);
  const snapshot = symbol.snapshot(zeroUs);
  const deltas = Array.from(
    { length: Math.min(events, DELTAS_MAX) },
    () => new TimedDelta(symbol.delta(zeroUs)),
  );
  const book = new OrderBook({ depthMax: 1000 });
  book.applySnapshot(snapshot.bids, snapshot.asks, snapshot.seq);
  const leading = new Reference(symbolId("LEADER.BENCH"));
  const random = new Random("trades");
  const trades = Array.from(
    { length: TRADES },
    () => new TimedTrade(snapshot.symbol, book.mid, random),
  );
  const sets: readonly EventFeatures[] = [
    new FeatureSet(),
    new Microstructure({ leading }),
  ];
  // In an array: a number that a closure shares would be made anew at each change.
  const now = Float64Array.of(0.5, UPDATE_NS);
  let at = deltas.length;
  let trade = 0;
  const apply = (): TimedDelta => {
    if (at === deltas.length) {
      at = 0;
      book.applySnapshot(snapshot.bids, snapshot.asks, snapshot.seq);
      for (const features of sets) features.onVoid();
    }
    const delta = deltas[at++]!;
    now[0]! += now[1]!;
    delta.receivedNs = now[0] as MonoNanos;
    if (at % LEADER_EVERY === 0)
      leading.moved(delta.bids[0] ?? book.mid, 0.5, delta.receivedNs);
    book.applyDelta(delta.bids, delta.asks, delta.seq);
    return delta;
  };
  return {
    features: sets.reduce((sum, { values }) => sum + values.length, 0),
    withFeatures: (count: number): void => {
      for (let i = 0; i < count; i++) {
        const delta = apply();
        for (const features of sets) {
          features.onBook(book, delta);
          features.write(book, delta);
        }
      }
    },
    alone: (count: number): void => {
      for (let i = 0; i < count; i++) apply();
    },
    trades: (count: number): void => {
      for (let i = 0; i < count; i++) {
        const next = trades[trade]!;
        trade = trade + 1 === TRADES ? 0 : trade + 1;
        now[0]! += now[1]!;
        next.receivedNs = now[0] as MonoNanos;
        for (const features of sets) {
          features.onTrade(next);
          features.write(book, next);
        }
      }
    },
    spaced: (ns: number): void => {
      now[1] = ns;
    },
  };
};

/** Rows of a random walk through all bar sets. */
const barLoop = () => {
  const run = new BarSetRun(BAR_SETS);
  const frames = new FrameFeatures();
  let minute = 0;
  const rows = walk(4096);
  const { inputs } = run;
  let at = 0;
  return {
    features: run.values.length + frames.values.length,
    loop: (count: number): void => {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < inputs.length; j++)
          inputs[j] = rows[at * inputs.length + j]!;
        run.push();
        frames.push(minute++, inputs);
        at = at + 1 === 4096 ? 0 : at + 1;
      }
    },
  };
};

/** Bars with a book, a leading symbol and the rest beside them, in input order. */
const walk = (rows: number): Float64Array => {
  const random = new Random("bars");
  const width = new BarSetRun([]).inputs.length;
  const out = new Float64Array(rows * width);
  let price = 100;
  for (let row = 0; row < rows; row++) {
    const open = price;
    price *= 1 + 0.002 * (random.next() - 0.5);
    const spread = price * 0.001 * random.next();
    const bar = [
      open,
      Math.max(open, price) + spread,
      Math.min(open, price) - spread,
      price,
      1 + 10 * random.next(),
      1,
      price - spread,
      price + spread,
    ];
    for (let j = 0; j < width; j++)
      out[row * width + j] = bar[j] ?? random.next();
  }
  return out;
};

/** Ten of each kind of window over ten series, all of one length. */
const windowRun = (n: number): SeriesRun => {
  const g = new BarGraph();
  for (let k = 1; k <= 10; k++) {
    const series = growth(g, g.inputs.close, k);
    moments(g, series, n);
    rollingMean(g, series, n);
    exponential(g, series, n);
    g.lag(series, n);
    drawdown(
      g,
      g.map(`${k}+`, [series], (slot) => (x) => {
        x[slot] = 1 + x[series.slot]!;
      }),
      n,
    );
  }
  return g.compile();
};

/** Both lengths in turn, so that neither has the quieter machine. */
const windowCosts = (): readonly [number, number] => {
  const rows = walk(4096);
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const runs = WINDOWS.map((n) => windowRun(n));
  const width = rows.length / 4096;
  for (let repeat = 0; repeat < REPEATS; repeat++)
    for (const [i, run] of runs.entries()) {
      const from = process.hrtime.bigint();
      for (let bar = 0; bar < WINDOW_BARS; bar++) {
        const at = (bar & 4095) * width;
        for (let j = 0; j < width; j++) run.x[j] = rows[at + j]!;
        run.step();
      }
      const ns = Number(process.hrtime.bigint() - from) / WINDOW_BARS;
      best[i] = Math.min(best[i]!, ns);
    }
  return [best[0]!, best[1]!];
};
