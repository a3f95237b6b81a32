/** Process of the end-to-end bench, the floor: stands in the engine's place and answers each book update at once. */
import { connect } from "@nats-io/transport-node";
import {
  readPayload,
  EVENT_BYTES_MAX,
  writePayload,
} from "../engine/wire/encoding.ts";
import {
  MARKET_WILDCARDS,
  parseMarketSubject,
  signalSubject,
} from "../engine/wire/subjects.ts";
import { answerCalls } from "./peer-process.ts";

export interface EchoOptions {
  readonly port: number;
  /** Of each answer: as many as the engine's signals had. */
  readonly payloadBytes: number;
}

/** What the receiver reads off a signal, and padding. */
const answerOf = (
  symbol: string,
  seq: number,
  padding: Uint8Array,
): Uint8Array =>
  writePayload({ symbol, book: { seq }, stampsNs: [], padding }, "msgpack");

answerCalls({
  open: async ({ port, payloadBytes }: EchoOptions) => {
    const bare = answerOf("S00.BENCH", 100_000, new Uint8Array(0)).byteLength;
    const padding = new Uint8Array(Math.max(0, payloadBytes - bare));
    const nats = await connect({ servers: `127.0.0.1:${port}` });
    for (const wildcard of MARKET_WILDCARDS)
      nats.subscribe(wildcard, {
        callback: (_error, { subject, data }) => {
          const { symbol, kind } = parseMarketSubject(subject);
          if (kind !== "book") return;
          const { seq } = readPayload(data, EVENT_BYTES_MAX) as { seq: number };
          nats.publish(signalSubject(symbol), answerOf(symbol, seq, padding));
        },
      });
    await nats.flush();
  },
});
