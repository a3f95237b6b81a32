/** All that the page knows, changed by the connection and read by the views once a frame. */
import type { ConnectionState } from "./connection.ts";
import { decimalsOf } from "./format.ts";
import type { BookState, Ladder, Signal, SignalClass, Status } from "./wire.ts";

const CALLS_MAX = 60;
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
  /** The class last called, HOLD before the first. */
  called: SignalClass;
  /** Mids of the last minute, one a second, for the small line in the list. */
  readonly trail: number[];
  trailSecond: number;
  /** Signals a second, from holes in seq as well as from frames. */
  perSecond: number;
  rateSeq: number;
  rateAtMs: number;
}

/** A symbol that took a side, or became strong about it. */
export interface Call {
  readonly key: string;
  readonly symbol: string;
  readonly name: SignalClass;
  readonly emittedUs: number;
  readonly price: number;
  readonly decimals: number;
  readonly probability: number;
}

export const midOf = ({ book }: Signal): number =>
  (book.bidPrice + book.askPrice) / 2;

export class Store {
  readonly symbols = new Map<string, SymbolView>();
  /** Newest first. */
  readonly calls: Call[] = [];
  selected = "";
  ladder: Ladder | undefined;
  status: Status | undefined;
  /** Local time at which the status arrived. */
  statusAtMs = Number.NEGATIVE_INFINITY;
  connection: ConnectionState = "connecting";
  /** Local time at which the connection was last made. */
  openedAtMs = 0;
  epoch = "";
  #order: string[] = [];
  /** Engine's clock minus ours. */
  offsetUs = 0;

  get view(): SymbolView | undefined {
    return this.symbols.get(this.selected);
  }

  /** In the engine's order, that of first sight: it stays as it is for as long as the engine runs. */
  get names(): readonly string[] {
    return this.#order.filter((name) => this.symbols.has(name));
  }

  hello(epoch: string, symbols: readonly string[]): void {
    // Another run of the engine: its signals are numbered anew, and what the old one said is void.
    if (this.epoch !== "" && this.epoch !== epoch) this.symbols.clear();
    this.epoch = epoch;
    this.openedAtMs = performance.now();
    this.#order = [...symbols];
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
        called: signal.live ? signal.class : "HOLD",
        trail: [],
        trailSecond: 0,
        perSecond: 0,
        rateSeq: signal.seq,
        rateAtMs: nowMs,
      };
      this.symbols.set(signal.symbol, view);
      if (!this.#order.includes(signal.symbol)) this.#order.push(signal.symbol);
    } else if (signal.seq <= view.signal.seq) return false;
    const moved = midOf(signal) - midOf(view.signal);
    if (moved !== 0) view.move = Math.sign(moved);
    view.signal = signal;
    view.atMs = nowMs;
    this.#measure(view, nowMs);
    if (signal.book.state === "LIVE") this.#trace(view);
    if (signal.live) this.#call(view);
    return true;
  }

  #call(view: SymbolView): void {
    const { symbol, signal, called, decimals } = view;
    const { class: name, seq, epoch, emittedUs, probability } = signal;
    // Back to HOLD is no call, and the same side again only when it has become strong.
    if (name === "HOLD" || name === called) return;
    if (called.endsWith(name)) return;
    view.called = name;
    this.calls.unshift({
      key: `${epoch} ${symbol} ${seq}`,
      symbol,
      name,
      emittedUs,
      price: midOf(signal),
      decimals,
      probability,
    });
    if (this.calls.length > CALLS_MAX) this.calls.pop();
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

const STATUS_OLD_MS = 5000;

/** The hub may answer while the engine behind it hangs: its status tells. */
export const isEngineHeard = (store: Store): boolean =>
  performance.now() - Math.max(store.statusAtMs, store.openedAtMs) <
  STATUS_OLD_MS;

/** "live" is the engine's word, and holds only as long as the engine is heard. */
export const isTrusted = (store: Store, signal: Signal): boolean =>
  store.connection === "open" && isEngineHeard(store) && signal.live;

/** What to call the state of the selected book. */
export const stateOf = (
  store: Store,
): BookState | "OFFLINE" | "SILENT" | "NO DATA" => {
  if (store.connection !== "open") return "OFFLINE";
  if (!isEngineHeard(store)) return "SILENT";
  return store.view?.signal.book.state ?? "NO DATA";
};
