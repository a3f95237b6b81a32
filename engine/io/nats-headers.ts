/** The headers of a received NATS message, read from its bytes by whoever asks for one. */
import type { Msg } from "@nats-io/transport-node";
import type { BusHeaders } from "../ports.ts";

/** What the client library keeps of a message (3.4.0): its own reader makes objects and maps of all headers, at ten times the price. */
interface RawMessage {
  readonly _msg?: { readonly hdr?: unknown };
  readonly _rdata?: unknown;
}

/** Undefined where there are none. */
export const headersOf = (message: Msg): BusHeaders | undefined => {
  const { _msg, _rdata } = message as unknown as RawMessage;
  const bytes = _msg?.hdr;
  if (typeof bytes === "number" && _rdata instanceof Uint8Array)
    return bytes > 0 ? new RawHeaders(_rdata.subarray(0, bytes)) : undefined;
  const { headers } = message;
  if (headers === undefined) return undefined;
  return {
    get: (name) => {
      const value = headers.get(name);
      return value === "" ? undefined : value;
    },
  };
};

export class RawHeaders implements BusHeaders {
  readonly #bytes: Uint8Array;
  #text: string | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get(name: string): string | undefined {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    const text = (this.#text ??= Buffer.from(
      buffer,
      byteOffset,
      byteLength,
    ).toString("latin1"));
    const at = text.indexOf(`\r\n${name}:`);
    if (at < 0) return undefined;
    const from = at + name.length + 3;
    const end = text.indexOf("\r\n", from);
    const value = text.slice(from, end < 0 ? undefined : end).trim();
    return value === "" ? undefined : value;
  }
}
