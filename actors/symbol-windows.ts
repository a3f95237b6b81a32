/** One symbol's input windows: each that a served model is fed, once. */
import type { InputWindow } from "../engine/domain/input-window.ts";
import type { Bar } from "../engine/domain/market-event.ts";
import type { Article } from "../engine/features/news-windows.ts";
import { WindowFollower } from "../engine/features/window-follower.ts";
import type { ServedModel } from "../engine/ports.ts";

export class SymbolWindows {
  readonly #byHash = new Map<string, WindowFollower>();

  constructor(models: readonly ServedModel[]) {
    for (const { window } of models)
      if (window !== undefined && !this.#byHash.has(window.hash))
        this.#byHash.set(window.hash, new WindowFollower(window));
  }

  of({ hash }: InputWindow): WindowFollower {
    return this.#byHash.get(hash)!;
  }

  onBar(bar: Bar): void {
    for (const follower of this.#byHash.values()) follower.onBar(bar);
  }

  onArticle(article: Article): void {
    for (const follower of this.#byHash.values()) follower.onArticle(article);
  }

  /** Those that more than bars make: the others come back with the bars that are told again. */
  *kept(): Generator<readonly [string, Float64Array]> {
    for (const [hash, follower] of this.#byHash)
      if (follower.isKept) yield [hash, follower.snapshot()];
  }

  /** From what was kept, where there is anything. */
  recall(keptOf: (hash: string) => Float64Array | undefined): void {
    for (const [hash, follower] of this.#byHash) {
      const kept = follower.isKept ? keptOf(hash) : undefined;
      if (kept === undefined) continue;
      const before = follower.snapshot();
      try {
        follower.restore(kept);
      } catch (error) {
        follower.restore(before);
        throw error;
      }
    }
  }
}
