/** What the last minute of one-second bars says; computed when a bar closes, read each turn. */
import type { Bar } from "../domain/market-event.ts";
import { BarSeries } from "../market/bar-series.ts";

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

export class BarFeatures {
  readonly #series = new BarSeries(FEATURE_BAR_MS, BARS);
  #gain = 0;
  #loss = 0;
  #moves = 0;
  #return10 = 0;
  #return60 = 0;
  #rsi = 50;
  #range30 = 0;
  #volumeRatio = 0;
  #vwap30 = 0;

  /** Bars of other intervals, open, doubled or late ones change nothing. */
  onBar(bar: Bar): void {
    const series = this.#series;
    const closeBefore = series.length > 0 ? series.at(0, CLOSE) : 0;
    if (!series.push(bar)) return;
    if (closeBefore > 0) this.#updateRsi(bar.close - closeBefore);
    this.#return10 = this.#returnBps(10);
    this.#return60 = this.#returnBps(60);
    this.#updateWindows();
  }

  /** Six features. Windows that are not full yet count what there is. */
  write(top: Float64Array, to: Float64Array, at: number): void {
    const mid = (top[0]! + top[2]!) / 2;
    to[at] = this.#return10;
    to[at + 1] = this.#return60;
    to[at + 2] = this.#rsi;
    to[at + 3] = this.#range30;
    to[at + 4] = this.#volumeRatio;
    to[at + 5] = this.#vwap30 > 0 ? 1e4 * Math.log(mid / this.#vwap30) : 0;
  }

  /** A plain mean over the first 14 moves, Wilder's smoothing from then on. */
  #updateRsi(move: number): void {
    this.#moves = Math.min(this.#moves + 1, RSI_BARS);
    this.#gain += (Math.max(move, 0) - this.#gain) / this.#moves;
    this.#loss += (Math.max(-move, 0) - this.#loss) / this.#moves;
    const total = this.#gain + this.#loss;
    this.#rsi = total > 0 ? (100 * this.#gain) / total : 50;
  }

  #returnBps(bars: number): number {
    const series = this.#series;
    const age = Math.min(bars, series.length - 1);
    return 1e4 * Math.log(series.at(0, CLOSE) / series.at(age, CLOSE));
  }

  #updateWindows(): void {
    const series = this.#series;
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
    this.#range30 = 1e4 * Math.log(high / low);
    this.#volumeRatio =
      volume60 > 0
        ? Math.log(
            Math.max(
              VOLUME_RATIO_MIN,
              volume5 / Math.min(5, bars) / (volume60 / bars),
            ),
          )
        : 0;
    this.#vwap30 = volume30 > 0 ? notional30 / volume30 : 0;
  }
}
