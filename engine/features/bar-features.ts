/** What the last minute of one-second bars says; computed when a bar closes, read each turn. */
import type { Bar } from "../domain/market-event.ts";
import { BarSeries } from "../market/bar-series.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";

export const FEATURE_BAR_MS = 1000;
/** 60 bars and the close before them. */
const BARS = 61;
const RSI_BARS = 14;
const VOLUME_RATIO_MIN = 0.01;
const HIGH = 1;
const LOW = 2;
const CLOSE = 3;
const VOLUME = 4;
const VWAP = 5;

/** Positions in the state: what is written, then the means of rises and falls and of how many moves they are. */
const RETURN_10 = 0;
const RETURN_60 = 1;
const RSI = 2;
const RANGE_30 = 3;
const VOLUME_RATIO = 4;
const VWAP_30 = 5;
const GAIN = 6;
const LOSS = 7;
const MOVES = 8;
const FIELDS = 9;

export class BarFeatures {
  readonly #series = new BarSeries(FEATURE_BAR_MS, BARS);
  /** As of the last bar. */
  readonly #state = new Float64Array(FIELDS);

  constructor() {
    this.#state[RSI] = 50;
  }

  save(to: StateWriter): void {
    this.#series.save(to);
    to.numbers(this.#state);
  }

  load(from: StateReader): void {
    this.#series.load(from);
    from.numbers(this.#state);
  }

  /** Bars of other intervals, open, doubled or late ones change nothing. */
  onBar(bar: Bar): void {
    const series = this.#series;
    const state = this.#state;
    const closeBefore = series.length > 0 ? series.at(0, CLOSE) : 0;
    if (!series.push(bar)) return;
    if (closeBefore > 0) this.#updateRsi(bar.close - closeBefore);
    state[RETURN_10] = this.#returnBps(10);
    state[RETURN_60] = this.#returnBps(60);
    this.#updateWindows();
  }

  /** Six features. Windows that are not full yet count what there is. */
  write(top: Float64Array, to: Float64Array, at: number): void {
    const mid = (top[0]! + top[2]!) / 2;
    const state = this.#state;
    const vwap30 = state[VWAP_30]!;
    for (let i = RETURN_10; i < VWAP_30; i++) to[at + i] = state[i]!;
    to[at + VWAP_30] = vwap30 > 0 ? 1e4 * Math.log(mid / vwap30) : 0;
  }

  /** A plain mean over the first 14 moves, Wilder's smoothing from then on. */
  #updateRsi(move: number): void {
    const state = this.#state;
    const moves = Math.min(state[MOVES]! + 1, RSI_BARS);
    state[MOVES] = moves;
    state[GAIN]! += (Math.max(move, 0) - state[GAIN]!) / moves;
    state[LOSS]! += (Math.max(-move, 0) - state[LOSS]!) / moves;
    const total = state[GAIN]! + state[LOSS]!;
    state[RSI] = total > 0 ? (100 * state[GAIN]!) / total : 50;
  }

  #returnBps(bars: number): number {
    const series = this.#series;
    const age = Math.min(bars, series.length - 1);
    return 1e4 * Math.log(series.at(0, CLOSE) / series.at(age, CLOSE));
  }

  #updateWindows(): void {
    const series = this.#series;
    const state = this.#state;
    const bars = Math.min(60, series.length);
    let high = 0;
    let low = Infinity;
    let volume5 = 0;
    let volume30 = 0;
    let volume60 = 0;
    let notional30 = 0;
    for (let age = 0; age < bars; age++) {
      const volume = series.at(age, VOLUME);
      volume60 += volume;
      if (age < 5) volume5 += volume;
      if (age >= 30) continue;
      volume30 += volume;
      notional30 += volume * series.at(age, VWAP);
      high = Math.max(high, series.at(age, HIGH));
      low = Math.min(low, series.at(age, LOW));
    }
    state[RANGE_30] = 1e4 * Math.log(high / low);
    state[VOLUME_RATIO] =
      volume60 > 0
        ? Math.log(
            Math.max(
              VOLUME_RATIO_MIN,
              volume5 / Math.min(5, bars) / (volume60 / bars),
            ),
          )
        : 0;
    state[VWAP_30] = volume30 > 0 ? notional30 / volume30 : 0;
  }
}
