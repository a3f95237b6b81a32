/** What one incarnation of an actor holds of the world; all of it ends with it. */
import { assert } from "../../engine/std/assert.ts";
import type { Clock, TimerHandle, Timers } from "../../engine/std/time.ts";
import type { ActorContext, ActorProps } from "./actor.ts";
import type { ActorRef } from "./actor-ref.ts";

/** The cell that it lives in. */
export interface IncarnationHost<M> extends ActorRef<M> {
  spawnChild<C>(name: string, props: ActorProps<C>): ActorRef<C>;
  /** A reminder of its own: unlike a tell it does not keep the actor from being idle. */
  remind(message: M): void;
  requestStop(): void;
}

export class Incarnation<M> implements ActorContext<M> {
  readonly clock: Clock;
  readonly incarnation: number;
  readonly #cell: IncarnationHost<M>;
  readonly #timers: Timers;
  readonly #pending = new Set<TimerHandle>();
  #isOver = false;

  constructor(
    cell: IncarnationHost<M>,
    clock: Clock,
    timers: Timers,
    incarnation: number,
  ) {
    this.#cell = cell;
    this.clock = clock;
    this.#timers = timers;
    this.incarnation = incarnation;
  }

  get self(): ActorRef<M> {
    return this.#cell;
  }

  spawn<C>(name: string, props: ActorProps<C>): ActorRef<C> {
    assert(!this.#isOver, "an incarnation that is over spawns no children");
    return this.#cell.spawnChild(name, props);
  }

  tellAfter(delayMs: number, message: M): TimerHandle {
    if (this.#isOver) return { cancel: () => undefined };
    const timer = this.#timers.after(delayMs, () => {
      this.#pending.delete(handle);
      this.#cell.remind(message);
    });
    const handle: TimerHandle = {
      cancel: () => {
        this.#pending.delete(handle);
        timer.cancel();
      },
    };
    this.#pending.add(handle);
    return handle;
  }

  stop(): void {
    if (!this.#isOver) this.#cell.requestStop();
  }

  end(): void {
    this.#isOver = true;
    for (const handle of [...this.#pending]) handle.cancel();
  }
}
