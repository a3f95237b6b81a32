/** Replays a tape on simulated time, as fast as it can be worked off: the same tape gives the same outcome. */
import type { SimulatedClock } from "../std/simulated-clock.ts";
import { monoNanos } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";
import type { FeedEvent } from "./feed-event.ts";

/** What a replay drives; engine and tests plug in theirs. */
export interface ReplayTarget {
  readonly clock: SimulatedClock;
  onEvent(event: FeedEvent): void;
  /** Runs what is queued until nothing is. */
  runUntilIdle(): void;
  /** Requests out on other threads, whose answers simulated time waits for. */
  readonly pending: number;
  /** Resolves when at least one of them is answered. */
  settle(): Promise<void>;
}

export interface ReplayReport {
  readonly events: number;
  /** Simulated time from the first event to the last. */
  readonly spanNs: number;
}

/**
 * Between two events all work that the first caused is done, other threads' included, and each timer runs at its time:
 * how long things took on this machine decides nothing. Events that step back in time come at the time reached.
 */
export const replay = async (
  tape: AsyncIterable<FeedEvent> | Iterable<FeedEvent>,
  target: ReplayTarget,
): Promise<ReplayReport> => {
  const { clock } = target;
  let events = 0;
  let firstNs: MonoNanos | undefined;
  for await (const event of tape) {
    if (firstNs === undefined) {
      const startNs = Math.max(event.receivedNs, clock.nowNs());
      clock.startAt(event.receivedUs, startNs);
      firstNs = monoNanos(startNs);
    } else await advance(event.receivedNs, target);
    // The tape's wall clock counts, steps and fractions of a microsecond included.
    clock.stepWallUs(event.receivedUs - clock.nowUs());
    events++;
    target.onEvent(event);
    target.runUntilIdle();
    if (target.pending > 0) await settleAll(target);
  }
  return {
    events,
    spanNs: firstNs === undefined ? 0 : clock.nowNs() - firstNs,
  };
};

/** Lets simulated time run on without events, for predictions to mature and timers to end. */
export const replayIdle = (
  forMs: number,
  target: ReplayTarget,
): Promise<void> =>
  advance(monoNanos(target.clock.nowNs() + forMs * 1_000_000), target);

/** Timer by timer, so that what one sets off is done before the next. */
const advance = async (
  toNs: MonoNanos,
  target: ReplayTarget,
): Promise<void> => {
  const { clock } = target;
  for (
    let dueNs = clock.nextDueNs;
    dueNs !== undefined && dueNs <= toNs;
    dueNs = clock.nextDueNs
  ) {
    clock.advanceTo(monoNanos(Math.max(dueNs, clock.nowNs())));
    target.runUntilIdle();
    if (target.pending > 0) await settleAll(target);
  }
  if (toNs > clock.nowNs()) clock.advanceTo(toNs);
};

const settleAll = async (target: ReplayTarget): Promise<void> => {
  while (target.pending > 0) {
    await target.settle();
    target.runUntilIdle();
  }
};
