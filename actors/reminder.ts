/** One kind of reminder to self: under way at most once, and sent again when it got lost. */
import type { MonoNanos } from "../engine/std/time.ts";
import type { ActorContext } from "./runtime/actor.ts";

const NEVER = Number.NEGATIVE_INFINITY;
/** A reminder this late was refused by a full mailbox. */
const LATE_NS = 50_000_000;
const NS_PER_MS = 1_000_000;

export class Reminder<M> {
  readonly #context: ActorContext<M>;
  readonly #message: M;
  #dueNs = NEVER;

  constructor(context: ActorContext<M>, message: M) {
    this.#context = context;
    this.#message = message;
  }

  /** One that should have come a while ago was lost, and counts as none. */
  isUnderWay(nowNs: MonoNanos): boolean {
    return this.#dueNs !== NEVER && nowNs < this.#dueNs + LATE_NS;
  }

  /** For when none is under way. */
  set(nowNs: MonoNanos, delayMs: number): void {
    this.#dueNs = nowNs + delayMs * NS_PER_MS;
    this.#context.tellAfter(delayMs, this.#message);
  }

  arrived(): void {
    this.#dueNs = NEVER;
  }
}
