/** Notices that an actor was told nothing for its idle time, by looking a few times within it: a tell costs one flag. */
import type { TimerHandle, Timers } from "../../engine/std/time.ts";

const CHECKS = 4;

export class IdleWatch {
  /** Set by each tell. */
  wasTold = false;
  readonly #timer: TimerHandle | undefined;
  readonly #isBusy: () => boolean;
  readonly #onIdle: () => void;
  #quietChecks = 0;

  /** Never idle without an idle time. `isBusy`: something else than messages keeps it from being idle. */
  constructor(
    timers: Timers,
    idleMs: number | undefined,
    isBusy: () => boolean,
    onIdle: () => void,
  ) {
    this.#isBusy = isBusy;
    this.#onIdle = onIdle;
    this.#timer =
      idleMs === undefined
        ? undefined
        : timers.every(idleMs / CHECKS, () => this.#check());
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #check(): void {
    if (this.wasTold || this.#isBusy()) this.#quietChecks = 0;
    else this.#quietChecks++;
    this.wasTold = false;
    if (this.#quietChecks >= CHECKS) this.#onIdle();
  }
}
