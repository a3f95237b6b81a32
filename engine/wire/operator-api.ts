/** What operators ask the service `signals`: how each symbol is, a page at a time, and a book's resync. */
import { Type } from "@sinclair/typebox";
import type { BookReason, BookState } from "../domain/signal.ts";
import { SYMBOL_ID_MAX, symbolId, type SymbolId } from "../domain/symbol.ts";
import type { ErrorCode } from "../std/errors.ts";
import { Check } from "./schema.ts";

/** So that a full page stays below the broker's largest payload. */
export const SYMBOLS_PAGE_MAX = 500;
const SYMBOLS_PAGE = 200;

const symbolsRequest = new Check(
  Type.Object(
    {
      v: Type.Optional(Type.Literal(1)),
      after: Type.Optional(
        Type.String({ minLength: 1, maxLength: SYMBOL_ID_MAX }),
      ),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: SYMBOLS_PAGE_MAX }),
      ),
    },
    { additionalProperties: false },
  ),
);

export interface SymbolsRequest {
  /** Symbols past this one, in order of their names. */
  readonly after: SymbolId | undefined;
  readonly limit: number;
}

/** One symbol; what never was is absent. */
export interface SymbolInfo {
  readonly symbol: SymbolId;
  readonly state: BookState;
  readonly reason: BookReason;
  /** How long it has been so. */
  readonly forMs: number;
  readonly seq: number;
  readonly bidPrice: number;
  readonly askPrice: number;
  /** Since the actor's last start. */
  readonly gaps: number;
  readonly crossed: number;
  /** Snapshots asked for, ever. */
  readonly resyncs: number;
  readonly lastError?: ErrorCode;
  readonly lastErrorAgeMs?: number;
  readonly fundingRate?: number;
  readonly fundingAgeMs?: number;
  readonly openInterest?: number;
  readonly openInterestAgeMs?: number;
  readonly tickSize?: number;
  readonly lotSize?: number;
  /** Sets of features that its models judge by. */
  readonly sets?: readonly SetInfo[];
}

/** Names of features that are told, of those that are out of date. */
export const STALE_NAMED_MAX = 8;

export interface SetInfo {
  readonly set: string;
  readonly warm: boolean;
  /** The input for want of which its models are not asked. */
  readonly awaits?: string;
  /** How many features are out of date, and the first of them. */
  readonly stale: number;
  readonly staleFeatures: readonly string[];
}

export interface SymbolsReply {
  readonly symbols: readonly SymbolInfo[];
  /** Of all pages. */
  readonly total: number;
  /** Every feed has fallen silent. */
  readonly feedSilent: boolean;
}

export interface ResyncReply {
  readonly symbol: SymbolId;
}

export const parseSymbolsRequest = (value: unknown): SymbolsRequest => {
  const { after, limit = SYMBOLS_PAGE } = symbolsRequest.parse(value);
  return { after: after === undefined ? undefined : symbolId(after), limit };
};
