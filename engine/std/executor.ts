/** When deferred work runs: at once after the current call, or once input has had its turn. */

/** "soon": before the thread looks at its sockets again; "afterIo": after it did, so that a long backlog starves nobody. */
export type Urgency = "soon" | "afterIo";

export interface Executor {
  /** Runs `run` once, later, on this thread, never inside this call. */
  schedule(run: () => void, urgency: Urgency): void;
}

const LIVE: Executor = {
  schedule: (run, urgency) => {
    if (urgency === "soon") queueMicrotask(run);
    else setImmediate(run);
  },
};

/** The executor of the live engine: microtasks, and the check phase of the event loop. */
export const liveExecutor = (): Executor => LIVE;

/** Runs only when told to: what replay, simulation and tests use. */
export class ManualExecutor implements Executor {
  readonly #runs: (() => void)[] = [];

  schedule(run: () => void): void {
    this.#runs.push(run);
  }

  /** Until nothing is scheduled any more; returns how many ran. */
  runUntilIdle(): number {
    let ran = 0;
    for (let run = this.#runs.shift(); run; run = this.#runs.shift()) {
      ran++;
      run();
    }
    return ran;
  }
}
