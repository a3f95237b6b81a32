/** Tapes that continue one another as one stream, with one monotonic time. */
import { monoNanos } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { FeedEvent } from "./feed-event.ts";

/** Between the parts of one recording monotonic and wall time pass alike; beyond this they come from two recorders. */
const DRIFT_NS_MAX = 1_000_000_000;

/** A part of the same recording keeps its times; another recorder's are moved to where the wall clock says. */
export async function* chainTapes(
  tapes: readonly AsyncIterable<FeedEvent>[],
): AsyncGenerator<FeedEvent> {
  let last: { us: UnixMicros; ns: MonoNanos } | undefined;
  for (const tape of tapes) {
    let shiftNs: number | undefined;
    for await (const event of tape) {
      shiftNs ??= last === undefined ? 0 : shiftOf(event, last);
      const moved =
        shiftNs === 0
          ? event
          : { ...event, receivedNs: monoNanos(event.receivedNs + shiftNs) };
      last = { us: moved.receivedUs, ns: moved.receivedNs };
      yield moved;
    }
  }
}

const shiftOf = (
  first: FeedEvent,
  last: { us: UnixMicros; ns: MonoNanos },
): number => {
  const wallNs = Math.max(0, first.receivedUs - last.us) * 1000;
  const sinceNs = first.receivedNs - last.ns;
  return sinceNs >= 0 && Math.abs(sinceNs - wallNs) < DRIFT_NS_MAX
    ? 0
    : wallNs - sinceNs;
};
