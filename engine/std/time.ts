/** The two kinds of time, the clock and the timers; the only file that may touch the process's own. */

/** Microseconds since the Unix epoch: exact in a double until 2255. */
export type UnixMicros = number & { readonly __unit: "UnixMicros" };

/** Monotonic nanoseconds since an arbitrary start: exact in a double for 104 days of uptime. */
export type MonoNanos = number & { readonly __unit: "MonoNanos" };

export const unixMicros = (value: number): UnixMicros => value as UnixMicros;
export const monoNanos = (value: number): MonoNanos => value as MonoNanos;

export interface Clock {
  /** Wall time. May jump; never subtract two of these to get a duration. */
  nowUs(): UnixMicros;
  /** Monotonic time. The only source of durations, ages and deadlines. */
  nowNs(): MonoNanos;
}

export interface TimerHandle {
  cancel(): void;
}

/** Deferred work. Callbacks run on the thread that asked, never inside the call that armed them. */
export interface Timers {
  after(delayMs: number, run: () => void): TimerHandle;
  /** First run after one interval; a late run is not made up for. */
  every(intervalMs: number, run: () => void): TimerHandle;
}

const NS_PER_S = 1_000_000_000;

/** CLOCK_MONOTONIC, comparable between processes of one host. */
const processNs = (): MonoNanos => {
  const [seconds, nanos] = process.hrtime();
  return (seconds * NS_PER_S + nanos) as MonoNanos;
};

const STEP_MIN_US = 5_000;

/**
 * Wall time in whole microseconds: anchored once, carried on by the monotonic clock, and anchored again only when the process's
 * own clock has been stepped or has drifted away, so that it does not tremble by Date's millisecond.
 */
class SystemClock implements Clock {
  #anchorUs = Number.NEGATIVE_INFINITY;
  #anchorNs = 0;
  #checkedNs = Number.NEGATIVE_INFINITY;

  nowUs(): UnixMicros {
    const nowNs = processNs();
    let nowUs = this.#anchorUs + Math.floor((nowNs - this.#anchorNs) / 1000);
    if (nowNs - this.#checkedNs > NS_PER_S) {
      this.#checkedNs = nowNs;
      const wallUs = Date.now() * 1000;
      // Not finite on the first call, and so anchored.
      if (!(Math.abs(wallUs - nowUs) < STEP_MIN_US)) {
        this.#anchorUs = nowUs = wallUs;
        this.#anchorNs = nowNs;
      }
    }
    return nowUs as UnixMicros;
  }

  nowNs(): MonoNanos {
    return processNs();
  }
}

class SystemTimers implements Timers {
  after(delayMs: number, run: () => void): TimerHandle {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  }

  every(intervalMs: number, run: () => void): TimerHandle {
    const handle = setInterval(run, intervalMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  }
}

export const systemClock: Clock = new SystemClock();
export const systemTimers: Timers = new SystemTimers();

export const nsToMs = (ns: number): number => ns / 1_000_000;
export const msToNs = (ms: number): number => ms * 1_000_000;
