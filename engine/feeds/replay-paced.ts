/** Replays a tape on real time, at its recorded pace or a multiple of it, as if it happened now. */
import type { Clock, Timers } from "../std/time.ts";
import { unixMicros } from "../std/time.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { ReplayReport } from "./replay.ts";

export interface PacedReplayOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onEvent: (event: FeedEvent) => void;
  /** 1 is the recorded pace, 10 ten times as fast; "max" is as fast as events can be handed on. */
  readonly speed: number | "max";
  /** Events handed on between two looks at the sockets. */
  readonly burstMax?: number;
  /** Ends it early when it says so. */
  readonly isStopped?: () => boolean;
}

/** Times become now's: receivers age, order and bar events by them, and a tape of last year would be stale on arrival. */
export const replayPaced = async (
  tape: AsyncIterable<FeedEvent> | Iterable<FeedEvent>,
  options: PacedReplayOptions,
): Promise<ReplayReport> => {
  const { clock, timers, onEvent, speed, burstMax = 256 } = options;
  const startNs = clock.nowNs();
  let firstNs: number | undefined;
  let lastNs = 0;
  let events = 0;
  let burst = 0;
  for await (const event of tape) {
    if (options.isStopped?.() === true) break;
    firstNs ??= event.receivedNs;
    lastNs = event.receivedNs;
    const dueNs =
      speed === "max" ? 0 : startNs + (event.receivedNs - firstNs) / speed;
    const waitNs = dueNs - clock.nowNs();
    if (waitNs > 0 || ++burst >= burstMax) {
      await pause(timers, Math.max(0, Math.ceil(waitNs / 1_000_000)));
      burst = 0;
    }
    events++;
    onEvent(asOfNow(event, clock));
  }
  return { events, spanNs: firstNs === undefined ? 0 : lastNs - firstNs };
};

/** All times move together: how long the venue's message took stays, negative where the recorder's clock was behind. */
const asOfNow = (event: FeedEvent, clock: Clock): FeedEvent => {
  const receivedUs = clock.nowUs();
  const shiftUs = receivedUs - event.receivedUs;
  const moved = {
    ...event,
    eventUs: unixMicros(event.eventUs + shiftUs),
    receivedUs,
    receivedNs: clock.nowNs(),
  };
  if ("openUs" in moved)
    return { ...moved, openUs: unixMicros(moved.openUs + shiftUs) };
  if ("nextUs" in moved)
    return { ...moved, nextUs: unixMicros(moved.nextUs + shiftUs) };
  return moved;
};

const pause = (timers: Timers, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    timers.after(delayMs, resolve);
  });
