/** The configuration's links to the outside, in the terms of the classes that keep them. */
import type { Config } from "./config-schema.ts";
import type { NatsLinkOptions } from "./io/nats-options.ts";

export const natsLinkOptions = (
  nats: Config["nats"],
): Pick<NatsLinkOptions, "servers"> & Partial<NatsLinkOptions> => ({
  servers: nats.url.split(",").map((server) => server.trim()),
  ...(nats.tlsCaFile === "" ? {} : { tls: { caFile: nats.tlsCaFile } }),
});
