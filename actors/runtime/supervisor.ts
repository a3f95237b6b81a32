/** How a parent answers the crashes of its children, one for one: directive, restart budget, backoff, quarantine. */
import { assert } from "../../engine/std/assert.ts";
import { msToNs } from "../../engine/std/time.ts";
import type { MonoNanos } from "../../engine/std/time.ts";
import type { Directive } from "./directive.ts";

export interface SupervisionOptions {
  /** A throw in here is fatal: see `onFatal` of the actor system. */
  decide(error: unknown): Directive;
  /** One crash more than `max` within `withinMs` means quarantine. */
  readonly restartBudget: { readonly max: number; readonly withinMs: number };
  /** Doubles with each crash within the window. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number };
  /** After this long one more incarnation is tried; default 60 s. */
  readonly quarantineMs?: number;
}

export const DEFAULT_SUPERVISION: SupervisionOptions = {
  decide: () => "restart",
  restartBudget: { max: 5, withinMs: 10_000 },
  backoff: { minMs: 10, maxMs: 5_000 },
};

const QUARANTINE_MS = 60_000;

/** One child's crashes, as its supervisor remembers them. */
export class CrashRecord {
  readonly #options: SupervisionOptions;
  /** Ascending, at most `restartBudget.max`, all within the window. */
  #crashesNs: number[] = [];
  #probationUntilNs = Number.NEGATIVE_INFINITY;

  constructor(options: SupervisionOptions) {
    const { restartBudget, backoff } = options;
    assert(restartBudget.max >= 0, "the restart budget is not negative");
    assert(
      backoff.minMs > 0 && backoff.maxMs >= backoff.minMs,
      "the backoff runs from a positive minimum to its maximum",
    );
    this.#options = options;
  }

  get quarantineMs(): number {
    return this.#options.quarantineMs ?? QUARANTINE_MS;
  }

  decide(error: unknown): Directive {
    return this.#options.decide(error);
  }

  /** Milliseconds until the next incarnation, or "quarantine" when the budget is spent. */
  restartDelayMs(nowNs: MonoNanos): number | "quarantine" {
    const { restartBudget, backoff } = this.#options;
    const sinceNs = nowNs - msToNs(restartBudget.withinMs);
    this.#crashesNs = this.#crashesNs.filter((atNs) => atNs > sinceNs);
    if (
      nowNs < this.#probationUntilNs ||
      this.#crashesNs.length >= restartBudget.max
    )
      return "quarantine";
    const delayMs = Math.min(
      backoff.minMs * 2 ** this.#crashesNs.length,
      backoff.maxMs,
    );
    this.#crashesNs.push(nowNs);
    return delayMs;
  }

  /** After a quarantine a single crash within the window means quarantine again. */
  probe(nowNs: MonoNanos): void {
    this.#crashesNs = [];
    this.#probationUntilNs =
      nowNs + msToNs(this.#options.restartBudget.withinMs);
  }
}
