/** All that the page knows, changed by the connection and read by the views once a frame. */
import type { ConnectionState } from "./connection.ts";
import { decimalsOf } from "./format.ts";
import type { Ladder, Signal, Status } from "./wire.ts";

const TRAIL_LENGTH = 60;
const RATE_WINDOW_MS = 2000;

/** One symbol as shown. */
export interface SymbolView {
  readonly symbol: string;
  signal: Signal;
  /** Local monotonic time of arrival. */
  atMs: number;
  /** Decimals of its prices: the most seen. */
  decimals: number;
  /** Sign of the last move of the mid. */
  move: number;
  /** Mids of the last minute, one a second, for the small line in the list. */
  readonly trail: number[];
  trailSecond: number;
  /** Signals a second, from holes in seq as well as from frames. */
  perSecond: number;
  rateSeq: number;
  rateAtMs: number;
}

export const midOf = ({ book }: Signal): number =>
  (book.bidPrice + book.askPrice) / 2;

export class Store {
  readonly symbols = new Map<string, SymbolView>();
  selected = "";
  ladder: Ladder | undefined;
  status: Status | undefined;
  /** Local time at which the status arrived. */
  statusAtMs = Number.NEGATIVE_INFINITY;
  connection: ConnectionState = "connecting";
  retryMs = 0;
  epoch = "";
  /** Engine's clock minus ours. */
  offsetUs = 0;

  get view(): SymbolView | undefined {
    return this.symbols.get(this.selected);
  }

  /** In the order of first sight would jump between reloads; by name it does not. */
  get names(): readonly string[] {
    return [...this.symbols.keys()].sort();
  }

  hello(epoch: string): void {
    // Another run of the engine: its signals are numbered anew, and what the old one said is void.
    if (this.epoch !== "" && this.epoch !== epoch) this.symbols.clear();
    this.epoch = epoch;
  }

  /** False for a signal older than the one shown. */
  take(signal: Signal): boolean {
    const nowMs = performance.now();
    let view = this.symbols.get(signal.symbol);
    if (view === undefined) {
      view = {
        symbol: signal.symbol,
        signal,
        atMs: nowMs,
        decimals: 0,
        move: 0,
        trail: [],
        trailSecond: 0,
        perSecond: 0,
        rateSeq: signal.seq,
        rateAtMs: nowMs,
      };
      this.symbols.set(signal.symbol, view);
    } else if (signal.seq <= view.signal.seq) return false;
    const moved = midOf(signal) - midOf(view.signal);
    if (moved !== 0) view.move = Math.sign(moved);
    view.signal = signal;
    view.atMs = nowMs;
    this.#measure(view, nowMs);
    if (signal.book.state === "LIVE") this.#trace(view);
    return true;
  }

  #measure(view: SymbolView, nowMs: number): void {
    const elapsedMs = nowMs - view.rateAtMs;
    if (elapsedMs < RATE_WINDOW_MS) return;
    view.perSecond = ((view.signal.seq - view.rateSeq) * 1000) / elapsedMs;
    view.rateSeq = view.signal.seq;
    view.rateAtMs = nowMs;
  }

  #trace(view: SymbolView): void {
    const { book, emittedUs } = view.signal;
    view.decimals = Math.max(
      view.decimals,
      decimalsOf(book.bidPrice),
      decimalsOf(book.askPrice),
    );
    const second = Math.floor(emittedUs / 1e6);
    const mid = midOf(view.signal);
    if (second === view.trailSecond) view.trail[view.trail.length - 1] = mid;
    else view.trail.push(mid);
    if (view.trail.length > TRAIL_LENGTH) view.trail.shift();
    view.trailSecond = second;
  }
}

/** "live" is the engine's word, and holds only as long as the engine is heard. */
export const isTrusted = (store: Store, signal: Signal): boolean =>
  store.connection === "open" && signal.live;
