/** Gives ready actors their turns, round-robin and within budgets, on an executor. */
import type { Executor } from "../../engine/std/executor.ts";

export type { Executor } from "../../engine/std/executor.ts";

export interface TurnBudget {
  /** Messages a turn: after these the next ready actor has its turn. */
  readonly turnMessagesMax: number;
  /** Messages a run: after these the thread looks at its sockets first. */
  readonly runMessagesMax: number;
}

/** What has turns. The chain of ready ones runs through it, so that queueing allocates nothing. */
export interface TurnTaker {
  nextReady: TurnTaker | undefined;
  isQueued: boolean;
  /** At most `messagesMax` messages; returns how many it took. */
  takeTurn(messagesMax: number): number;
  /** Asked after a turn: is there more to do? */
  readonly wantsTurn: boolean;
}

export class Dispatcher {
  readonly #executor: Executor;
  readonly #budget: TurnBudget;
  #first: TurnTaker | undefined;
  #last: TurnTaker | undefined;
  #isScheduled = false;

  constructor(executor: Executor, budget: TurnBudget) {
    this.#executor = executor;
    this.#budget = budget;
  }

  /** Queues it once, however often it is called. */
  ready(taker: TurnTaker): void {
    if (taker.isQueued) return;
    taker.isQueued = true;
    this.#append(taker);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#executor.schedule(this.#run, "soon");
  }

  /** Turns on the caller's stack until nobody is ready or `messagesMax` are spent; for a drain. */
  runUntilIdle(messagesMax: number): void {
    let left = messagesMax;
    while (left > 0 && this.#first !== undefined) left -= this.#next();
  }

  readonly #run = (): void => {
    let left = this.#budget.runMessagesMax;
    try {
      while (left > 0 && this.#first !== undefined) left -= this.#next();
    } finally {
      // A throw here is fatal by decision of the system; whoever survives it still has turns.
      this.#isScheduled = this.#first !== undefined;
      if (this.#isScheduled) this.#executor.schedule(this.#run, "afterIo");
    }
  };

  #next(): number {
    const taker = this.#first!;
    this.#first = taker.nextReady;
    if (this.#first === undefined) this.#last = undefined;
    taker.nextReady = undefined;
    let took = 0;
    try {
      took = taker.takeTurn(this.#budget.turnMessagesMax);
    } finally {
      // It counts as queued during its turn, so that what it tells itself does not queue it twice.
      if (taker.wantsTurn) this.#append(taker);
      else taker.isQueued = false;
    }
    return Math.max(1, took);
  }

  #append(taker: TurnTaker): void {
    if (this.#last === undefined) this.#first = taker;
    else this.#last.nextReady = taker;
    this.#last = taker;
  }
}
