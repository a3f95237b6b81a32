/** A clock and timers that move only when told to: what replay, simulation and tests run on. */
import { assert } from "./assert.ts";
import type {
  Clock,
  MonoNanos,
  TimerHandle,
  Timers,
  UnixMicros,
} from "./time.ts";

interface Pending {
  dueNs: number;
  readonly order: number;
  readonly everyNs: number | undefined;
  readonly run: () => void;
}

export class SimulatedClock implements Clock, Timers {
  #nowNs: number;
  /** Wall time at #wallNs: whole microseconds, so that both stay exact. */
  #wallUs: number;
  #wallNs: number;
  #order = 0;
  /** Unsorted: a handful of timers; the earliest is found by a scan. */
  readonly #pending = new Set<Pending>();

  constructor(startUs = 1_700_000_000_000_000, startNs = 0) {
    this.#nowNs = startNs;
    this.#wallUs = startUs;
    this.#wallNs = startNs;
  }

  nowUs(): UnixMicros {
    return (this.#wallUs +
      Math.floor((this.#nowNs - this.#wallNs) / 1000)) as UnixMicros;
  }

  nowNs(): MonoNanos {
    return this.#nowNs as MonoNanos;
  }

  after(delayMs: number, run: () => void): TimerHandle {
    return this.#arm(delayMs, undefined, run);
  }

  every(intervalMs: number, run: () => void): TimerHandle {
    return this.#arm(intervalMs, intervalMs * 1_000_000, run);
  }

  advanceMs(ms: number): void {
    this.advanceTo((this.#nowNs + ms * 1_000_000) as MonoNanos);
  }

  /** Moves to `targetNs`, running due timers in order of due time, then of arming. */
  advanceTo(targetNs: MonoNanos): void {
    assert(targetNs >= this.#nowNs, "simulated time runs forwards");
    for (
      let due = this.#earliest(targetNs);
      due !== undefined;
      due = this.#earliest(targetNs)
    ) {
      this.#nowNs = Math.max(this.#nowNs, due.dueNs);
      if (due.everyNs === undefined) this.#pending.delete(due);
      else due.dueNs += due.everyNs;
      due.run();
    }
    this.#nowNs = targetNs;
  }

  /** When the earliest timer is due; undefined without timers. */
  get nextDueNs(): MonoNanos | undefined {
    return this.#earliest(Infinity)?.dueNs as MonoNanos | undefined;
  }

  /** Steps the wall clock alone, as an operator or NTP would. */
  stepWallUs(deltaUs: number): void {
    this.#wallUs += deltaUs;
  }

  /** Sets both clocks, as at the first record of a tape. Pending timers keep their due times. */
  startAt(startUs: number, startNs: number): void {
    assert(startNs >= this.#nowNs, "simulated time runs forwards");
    this.#nowNs = startNs;
    this.#wallUs = startUs;
    this.#wallNs = startNs;
  }

  #arm(
    delayMs: number,
    everyNs: number | undefined,
    run: () => void,
  ): TimerHandle {
    const entry: Pending = {
      dueNs: this.#nowNs + delayMs * 1_000_000,
      order: this.#order++,
      everyNs,
      run,
    };
    this.#pending.add(entry);
    return { cancel: () => this.#pending.delete(entry) };
  }

  #earliest(limitNs: number): Pending | undefined {
    let best: Pending | undefined;
    for (const entry of this.#pending) {
      if (entry.dueNs > limitNs) continue;
      if (
        best === undefined ||
        entry.dueNs < best.dueNs ||
        (entry.dueNs === best.dueNs && entry.order < best.order)
      )
        best = entry;
    }
    return best;
  }
}
