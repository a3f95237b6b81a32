/** One tape onto NATS at its own pace or a multiple of it: a feed for engines to listen to. */
import type { Config } from "./config-schema.ts";
import type { FeedEvent } from "./feeds/feed-event.ts";
import { FeedPublisher } from "./feeds/feed-publisher.ts";
import { replayPaced } from "./feeds/replay-paced.ts";
import { TapeReader } from "./feeds/tape-reader.ts";
import { natsLinkOptions } from "./links.ts";
import { NatsLink } from "./io/nats-link.ts";
import { CodedError } from "./std/errors.ts";
import { systemClock, systemTimers } from "./std/time.ts";

export interface PublishRunOptions {
  readonly tape: AsyncIterable<FeedEvent>;
  readonly nats: Config["nats"];
  readonly speed: number | "max";
  /** Ends it early. */
  readonly isStopped?: () => boolean;
}

export interface PublishSummary {
  readonly events: number;
  readonly seconds: number;
  /** Snapshots that engines asked for and got. */
  readonly snapshots: number;
}

const CONNECT_MS_MAX = 5_000;

export const publishTape = async (
  options: PublishRunOptions,
): Promise<PublishSummary> => {
  const bus = new NatsLink({
    ...natsLinkOptions(options.nats),
    name: "fusewire-feed",
  });
  bus.start();
  if (!(await bus.whenConnected(CONNECT_MS_MAX)))
    throw new CodedError("E_DEP_NATS", { field: "nats.url" });
  const publisher = new FeedPublisher({ bus, clock: systemClock });
  const { tape } = options;
  if (tape instanceof TapeReader)
    tape.onInstrument = (instrument) => publisher.tellInstrument(instrument);
  const startedNs = systemClock.nowNs();
  try {
    const { events } = await replayPaced(tape, {
      clock: systemClock,
      timers: systemTimers,
      onEvent: (event) => publisher.publish(event),
      speed: options.speed,
      ...(options.isStopped === undefined
        ? {}
        : { isStopped: options.isStopped }),
    });
    return {
      events,
      seconds: (systemClock.nowNs() - startedNs) / 1e9,
      snapshots: publisher.answered,
    };
  } finally {
    publisher.close();
    await bus.drain();
  }
};
