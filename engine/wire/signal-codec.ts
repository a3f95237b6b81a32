/** Signals on the wire: exactly the fields of `Signal`, in both encodings. */
import { Type } from "@sinclair/typebox";
import {
  BOOK_REASONS,
  BOOK_STATES,
  SIGNAL_CLASSES,
  type Signal,
} from "../domain/signal.ts";
import { STAGES } from "../domain/stamps.ts";
import { SYMBOL_ID_MAX, symbolId } from "../domain/symbol.ts";
import {
  EVENT_BYTES_MAX,
  readPayload,
  writePayload,
  type Encoding,
} from "./encoding.ts";
import { Check } from "./schema.ts";
import { SignalWriter } from "./signal-writer.ts";

const SOURCES_MAX = 64;

const oneOf = <T extends string>(...values: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));
const closed = { additionalProperties: false };
const name = Type.String({ maxLength: 128 });
const unit = Type.Number({ minimum: 0, maximum: 1 });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const amount = Type.Number({ minimum: 0 });

const signalSchema = Type.Object(
  {
    v: Type.Literal(1),
    symbol: Type.String({ maxLength: SYMBOL_ID_MAX }),
    epoch: name,
    seq: count,
    eventUs: count,
    receivedUs: count,
    emittedUs: count,
    trigger: oneOf("book", "trade", "quote", "bar", "prediction", "state"),
    live: Type.Boolean(),
    book: Type.Object(
      {
        state: oneOf(...BOOK_STATES),
        reason: oneOf(...BOOK_REASONS),
        seq: count,
        bidPrice: amount,
        bidSize: amount,
        askPrice: amount,
        askSize: amount,
      },
      closed,
    ),
    direction: oneOf("LONG", "SHORT", "NEUTRAL"),
    class: oneOf(...SIGNAL_CLASSES),
    probability: unit,
    confidence: unit,
    logOdds: Type.Number(),
    agreement: unit,
    horizonMs: amount,
    sources: Type.Array(
      Type.Object(
        {
          model: name,
          version: name,
          family: oneOf("trees", "forecast", "sentiment"),
          probability: unit,
          confidence: unit,
          horizonMs: amount,
          weight: unit,
          freshness: unit,
          ageMs: amount,
          contribution: Type.Number(),
        },
        closed,
      ),
      { maxItems: SOURCES_MAX },
    ),
    missing: Type.Array(
      Type.Object(
        {
          model: name,
          reason: oneOf(
            "pending",
            "late",
            "expired",
            "absent",
            "failed",
            "stale",
          ),
        },
        closed,
      ),
      { maxItems: SOURCES_MAX },
    ),
    sentiment: Type.Optional(
      Type.Object(
        {
          label: oneOf("positive", "negative", "neutral"),
          score: Type.Number({ minimum: -1, maximum: 1 }),
          confidence: unit,
          headlineId: Type.String({ maxLength: 256 }),
          ageMs: amount,
        },
        closed,
      ),
    ),
    stampsNs: Type.Array(amount, { maxItems: STAGES.length }),
  },
  closed,
);

const signal = new Check(signalSchema);
const writer = new SignalWriter();

export const encodeSignal = (
  value: Signal,
  encoding: Encoding = "msgpack",
): Uint8Array =>
  encoding === "msgpack" ? writer.write(value) : writePayload(value, encoding);

export const decodeSignal = (data: Uint8Array): Signal => {
  const raw = signal.parse(readPayload(data, EVENT_BYTES_MAX));
  symbolId(raw.symbol);
  // Field for field what the schema has just seen; the brands carry no bytes.
  return raw as unknown as Signal;
};
