/** What each event must look like on the wire: fields, types and ranges of one message by itself. What fields mean to each other is the codec's to check. */
import { Type, type Static, type TSchema } from "@sinclair/typebox";
import { SYMBOL_ID_MAX } from "../domain/symbol.ts";
import { LEVELS_MAX } from "./encoding.ts";
import { Check, PRICE_MAX, PRICE_MIN, SIZE_MAX } from "./schema.ts";

const HEADLINE_TEXT_MAX = 2_000;
const HEADLINE_SYMBOLS_MAX = 32;

const price = Type.Number({ minimum: PRICE_MIN, maximum: PRICE_MAX });
const size = Type.Number({ minimum: 0, maximum: SIZE_MAX });
const count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
/** Ranges and order of the levels are checked in one pass by the codec. */
const flatLevels = Type.Array(Type.Number(), { maxItems: 2 * LEVELS_MAX });
const symbolText = Type.String({ maxLength: SYMBOL_ID_MAX });

const event = <T extends Record<string, TSchema>>(type: string, fields: T) =>
  new Check(
    Type.Object(
      {
        type: Type.Literal(type),
        symbol: Type.Optional(symbolText),
        eventUs: count,
        ...fields,
      },
      { additionalProperties: false },
    ),
  );

export const bookDelta = event("bookDelta", {
  prevSeq: count,
  seq: count,
  bids: flatLevels,
  asks: flatLevels,
});
export const bookSnapshot = event("bookSnapshot", {
  seq: count,
  bids: flatLevels,
  asks: flatLevels,
});
export const trade = event("trade", {
  tradeId: count,
  price,
  size: Type.Number({ exclusiveMinimum: 0, maximum: SIZE_MAX }),
  side: Type.Union([
    Type.Literal("buy"),
    Type.Literal("sell"),
    Type.Literal("unknown"),
  ]),
});
export const quote = event("quote", {
  seq: count,
  bidPrice: price,
  bidSize: size,
  askPrice: price,
  askSize: size,
});
export const bar = event("bar", {
  intervalMs: Type.Integer({ minimum: 0, maximum: 31 * 86_400_000 }),
  basis: Type.Optional(
    Type.Union([
      Type.Literal("time"),
      Type.Literal("tick"),
      Type.Literal("volume"),
      Type.Literal("dollar"),
    ]),
  ),
  basisSize: Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: SIZE_MAX }),
  ),
  openUs: count,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: size,
  vwap: price,
  trades: count,
  buyVolume: Type.Optional(size),
  sellVolume: Type.Optional(size),
  closed: Type.Boolean(),
});
export const funding = event("funding", {
  rate: Type.Number({ minimum: -1, maximum: 1 }),
  markPrice: price,
  nextUs: count,
});
export const openInterest = event("openInterest", { openInterest: size });
export const gap = event("gap", {
  reason: Type.Union([
    Type.Literal("sequence"),
    Type.Literal("disconnected"),
    Type.Literal("overflow"),
    Type.Literal("checksum"),
    Type.Literal("resync"),
  ]),
});
export const headline = new Check(
  Type.Object(
    {
      id: Type.String({ minLength: 1, maxLength: 256 }),
      text: Type.String({ minLength: 1, maxLength: HEADLINE_TEXT_MAX }),
      source: Type.String({ maxLength: 256 }),
      symbols: Type.Array(symbolText, { maxItems: HEADLINE_SYMBOLS_MAX }),
      eventUs: count,
    },
    { additionalProperties: false },
  ),
);

export const instrument = new Check(
  Type.Object(
    { symbol: Type.Optional(symbolText), tickSize: price, lotSize: price },
    { additionalProperties: false },
  ),
);

/** What a schema lets through. */
export type WireOf<C> = C extends Check<infer S> ? Static<S> : never;
