/** One symbol's bars as an input window: the one way there, live, in replay and in export. */
import type { Bar } from "../domain/market-event.ts";
import { isOfBars } from "../domain/input-window.ts";
import type { BarChannel, InputWindow } from "../domain/input-window.ts";
import { assert } from "../std/assert.ts";
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { FeatureWindow } from "./feature-window.ts";
import { GridFeatures } from "./grid-features.ts";
import { rowsOf } from "./input-windows.ts";
import { NewsWindows } from "./news-windows.ts";
import type { Article } from "./news-windows.ts";

export class WindowFollower {
  readonly window: InputWindow;
  readonly #rows: FeatureWindow;
  /** Where bars alone do not say all of a row. */
  readonly #grid: GridFeatures | undefined;
  readonly #news = new NewsWindows();
  readonly #row: Float64Array;
  #lastUs = Number.NEGATIVE_INFINITY;

  constructor(window: InputWindow) {
    const { channels, length, intervalMs } = window;
    this.window = window;
    this.#rows = new FeatureWindow(length, channels.length);
    this.#row = new Float64Array(channels.length);
    const set = rowsOf(window);
    if (set === undefined) {
      assert(isOfBars(channels), "the engine knows how to fill the channels");
      return;
    }
    const grid: GridFeatures = new GridFeatures(
      // A hole begins the rows anew, as it does the window.
      { sets: [set], intervalMs, fillMax: 0 },
      () => this.#push(grid.values),
    );
    this.#grid = grid;
  }

  /** What bars told again do not bring back. */
  get isKept(): boolean {
    return this.#grid !== undefined;
  }

  get isFull(): boolean {
    return this.#rows.isFull;
  }

  /** Closed bars in order; those of other intervals, and such as are told again, are left out. */
  onBar(bar: Bar): void {
    const { intervalMs, channels } = this.window;
    if (!bar.closed || bar.intervalMs !== intervalMs) return;
    if (bar.openUs <= this.#lastUs) return;
    // A window never spans a hole.
    if (bar.openUs !== this.#lastUs + intervalMs * 1000) this.#rows.clear();
    this.#lastUs = bar.openUs;
    if (this.#grid === undefined) {
      for (let i = 0; i < channels.length; i++)
        this.#row[i] = bar[channels[i] as BarChannel];
      this.#push(this.#row);
    } else {
      this.#grid.set("sentiment", this.#news.moodAt(bar.receivedUs).sentiment);
      this.#grid.onBar(bar);
    }
  }

  onArticle(article: Article): void {
    if (this.#grid !== undefined) this.#news.onArticle(article);
  }

  /** Row by row, oldest first; undefined until the window is full. */
  copy(): Float32Array | undefined {
    if (!this.isFull) return undefined;
    const values = new Float32Array(this.window.length * this.#row.length);
    this.#rows.copy(values);
    return values;
  }

  snapshot(): Float64Array {
    const to = new StateWriter();
    to.number(this.#lastUs);
    this.#rows.save(to);
    this.#grid?.save(to);
    this.#news.save(to);
    return to.snapshot();
  }

  /** From a snapshot of a follower of the same window: what follows is the same to the bit. */
  restore(snapshot: Float64Array): void {
    const from = new StateReader(snapshot);
    this.#lastUs = from.number();
    this.#rows.load(from);
    this.#grid?.load(from);
    this.#news.load(from);
    from.end();
  }

  /** No window has a missing value: it begins after it. */
  #push(row: Float64Array): void {
    if (row.some(Number.isNaN)) this.#rows.clear();
    else this.#rows.push(row);
  }
}
