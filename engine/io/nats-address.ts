/** Where NATS servers are, and who we are to them, from `nats://user:password@host:port`. */
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { CodedError } from "../std/errors.ts";

export interface ServerAddress {
  readonly hosts: string[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly isTls: boolean;
}

/** Credentials are taken out of the addresses: the library ignores them there, and they must not reach a log. */
export const parseServers = (servers: readonly string[]): ServerAddress => {
  const urls = servers.map((server) => {
    const text = server.includes("://") ? server : `nats://${server}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isNats = url?.protocol === "nats:" || url?.protocol === "tls:";
    if (!isNats || url.hostname === "")
      throw new CodedError("E_CONFIG_INVALID", { field: "nats" });
    return url;
  });
  const named = urls.find((url) => url.username !== "");
  return {
    hosts: urls.map((url) =>
      url.port === "" ? `${url.hostname}:4222` : url.host,
    ),
    user: named && decodeURIComponent(named.username),
    password: named && decodeURIComponent(named.password),
    isTls: urls.some((url) => url.protocol === "tls:"),
  };
};

/**
 * The client names no server that is addressed by number, and Node then checks its certificate against "localhost". Here it is
 * checked against the addresses that were configured.
 */
export const identityCheck = (hosts: readonly string[]) => {
  const numbers = hosts
    .map((host) => host.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""))
    .filter((host) => isIP(host) !== 0);
  return (name: string, certificate: PeerCertificate): Error | undefined => {
    if (name !== "localhost" || numbers.length === 0)
      return checkServerIdentity(name, certificate);
    const refusals = numbers.map((host) =>
      checkServerIdentity(host, certificate),
    );
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
};
