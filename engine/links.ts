/** The configuration's broker in the terms of the class that keeps the link, and what stands in where there is none. */
import type { Config } from "./config-schema.ts";
import { LocalBus } from "./io/local-bus.ts";
import type { Metrics } from "./io/metrics.ts";
import { NatsLink } from "./io/nats-link.ts";
import type { NatsLinkOptions } from "./io/nats-options.ts";
import type { Bus, Logger } from "./ports.ts";

export const natsLinkOptions = (
  nats: Config["nats"],
): Pick<NatsLinkOptions, "servers"> & Partial<NatsLinkOptions> => ({
  servers: nats.url.split(",").map((server) => server.trim()),
  ...(nats.tlsCaFile === "" ? {} : { tls: { caFile: nats.tlsCaFile } }),
});

export const openBus = (
  { nats }: Config,
  metrics: Metrics,
  log: Logger,
  onFatal: (error: unknown) => void,
): Bus => {
  if (nats.url === "") return new LocalBus({ log });
  const link = new NatsLink({
    ...natsLinkOptions(nats),
    name: "fusewire",
    telemetry: metrics,
    log,
    onFatal,
  });
  link.start();
  return link;
};
