/**
 * A process of its own for F53, run under libfaketime while the test moves its wall clock: timers, a token bucket and both clocks, watched
 * for three seconds. `node dist/test/support/clock-jump.js`; writes one line of JSON.
 */
import { readFileSync } from "node:fs";
import { TokenBucket } from "../../engine/io/rate-limit.ts";
import { systemClock, systemTimers } from "../../engine/std/time.ts";

const WATCH_MS = 3_000;
const TICK_MS = 20;
const TOKENS_PER_S = 100;
const MISFIRE_MS = 50;
const SCHEDULE = "/proc/self/schedstat";

/** How long the main thread has run and stood in line to run: a busy machine's doing, and no timer's. 0 where the kernel does not say. */
const heldUpMs = (): number => {
  try {
    const [ranNs, waitedNs] = readFileSync(SCHEDULE, "utf8").split(" ");
    return (Number(ranNs) + Number(waitedNs)) / 1e6;
  } catch {
    return 0;
  }
};

export interface ClockJumpReport {
  readonly ticks: number;
  /** Ticks off by more than 50 ms, of which the thread neither worked nor waited for a processor. */
  readonly misfires: number;
  /** Of a tick against the one before it, in milliseconds. */
  readonly lateMedianMs: number;
  readonly lateMaxMs: number;
  readonly earlyMaxMs: number;
  readonly watchedMs: number;
  readonly tokens: number;
  /** Largest steps of the wall clock against the monotonic one, in seconds. */
  readonly stepAheadS: number;
  readonly stepBackS: number;
}

const startNs = systemClock.nowNs();
const bucket = new TokenBucket(TOKENS_PER_S, 1);
const late: number[] = [];
let misfires = 0;
let tokens = 0;
let lastNs: number = startNs;
let lastUs: number = systemClock.nowUs();
let lastHeldUpMs = heldUpMs();
let ahead = 0;
let back = 0;

systemTimers.every(TICK_MS, () => {
  const nowNs = systemClock.nowNs();
  const nowUs = systemClock.nowUs();
  const offMs = (nowNs - lastNs) / 1e6 - TICK_MS;
  const nowHeldUpMs = heldUpMs();
  const isLate = offMs - (nowHeldUpMs - lastHeldUpMs) > MISFIRE_MS;
  if (isLate || offMs < -MISFIRE_MS) misfires++;
  late.push(offMs);
  lastHeldUpMs = nowHeldUpMs;
  const step = (nowUs - lastUs - (nowNs - lastNs) / 1e3) / 1e6;
  ahead = Math.max(ahead, step);
  back = Math.min(back, step);
  lastNs = nowNs;
  lastUs = nowUs;
  if (bucket.take(nowNs)) tokens++;
});

// Timers are no reason for a process to stay.
const alive = setInterval(() => undefined, 1_000);
systemTimers.after(WATCH_MS, () => {
  clearInterval(alive);
  const sorted = [...late].sort((a, b) => a - b);
  const report: ClockJumpReport = {
    ticks: late.length,
    misfires,
    lateMedianMs: sorted[sorted.length >> 1]!,
    lateMaxMs: sorted.at(-1)!,
    earlyMaxMs: -sorted[0]!,
    watchedMs: (systemClock.nowNs() - startNs) / 1e6,
    tokens,
    stepAheadS: ahead,
    stepBackS: back,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
});
process.stdout.write("watching\n");
