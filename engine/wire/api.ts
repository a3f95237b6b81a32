/** Request/reply of the service `signals`: what may be asked, what is answered, until when, and how a refusal looks. */
import { Type, type Static } from "@sinclair/typebox";
import type { Signal } from "../domain/signal.ts";
import {
  SYMBOL_ID_MAX,
  symbolId,
  symbolIdOf,
  type SymbolId,
} from "../domain/symbol.ts";
import { CodedError, ERROR_CODES, type ErrorBody } from "../std/errors.ts";
import {
  monoNanos,
  msToNs,
  type MonoNanos,
  type UnixMicros,
} from "../std/time.ts";
import {
  encodingOf,
  readPayload,
  REQUEST_BYTES_MAX,
  writePayload,
  type Encoding,
} from "./encoding.ts";
import { Check, PRICE_MAX, PRICE_MIN, SIZE_MAX } from "./schema.ts";

export const TIMEOUT_HEADER = "Fusewire-Timeout-Ms";
export const DEADLINE_HEADER = "Fusewire-Deadline-Us";
export const ERROR_HEADER = "Nats-Service-Error";
export const ERROR_CODE_HEADER = "Nats-Service-Error-Code";

export const TIMEOUT_DEFAULT_MS = 50;
export const TIMEOUT_MAX_MS = 60_000;
export const BATCH_MAX = 256;
/** The venue of a symbol that names none. */
export const VENUE_DEFAULT = "BINANCE";

const price = Type.Number({ minimum: PRICE_MIN, maximum: PRICE_MAX });
const size = Type.Number({ minimum: 0, maximum: SIZE_MAX });
const version = Type.Optional(Type.Literal(1));
const symbolText = Type.String({ minLength: 1, maxLength: SYMBOL_ID_MAX });
const closed = { additionalProperties: false };

const predictFields = {
  v: version,
  price,
  open: Type.Optional(price),
  high: Type.Optional(price),
  low: Type.Optional(price),
  volume: Type.Optional(size),
  bid_volume: Type.Optional(size),
  ask_volume: Type.Optional(size),
  bid_depth_5: Type.Optional(size),
  ask_depth_5: Type.Optional(size),
  best_bid: Type.Optional(price),
  best_ask: Type.Optional(price),
  btc_price: Type.Optional(price),
  funding_rate: Type.Optional(Type.Number({ minimum: -1, maximum: 1 })),
  timestamp: Type.Optional(
    Type.Union([
      Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      Type.String({ maxLength: 40 }),
    ]),
  ),
  symbol: Type.Optional(symbolText),
};
const predict = new Check(Type.Object(predictFields, closed));
/** Items are checked one by one, so that a bad one fails alone. */
const predictBatch = new Check(
  Type.Object(
    {
      v: version,
      requests: Type.Array(Type.Unknown(), { maxItems: BATCH_MAX }),
    },
    closed,
  ),
);
const ofSymbol = new Check(
  Type.Object({ v: version, symbol: symbolText }, closed),
);
const ofAnySymbol = new Check(
  Type.Object({ v: version, symbol: Type.Optional(symbolText) }, closed),
);
const nothing = new Check(Type.Object({ v: version }, closed));

type PredictWire = Static<ReturnType<typeof Type.Object<typeof predictFields>>>;

/** As on the wire, with the symbol resolved and the time in Unix µs; what was left out stays out. */
export interface PredictRequest extends Omit<
  PredictWire,
  "v" | "symbol" | "timestamp"
> {
  readonly symbol: SymbolId;
  readonly eventUs: number | undefined;
}

export interface TopFeature {
  readonly name: string;
  readonly value: number;
}

export interface PredictReply {
  readonly direction: "LONG" | "SHORT";
  /** 2 * |raw_probability - 0.5| */
  readonly confidence: number;
  readonly raw_probability: number;
  readonly should_trade: boolean;
  /** USD; null unless should_trade. */
  readonly recommended_size: number | null;
  readonly model_version: string;
  readonly latency_ms: number;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly top_features: readonly TopFeature[];
}

export interface PredictBatchReply {
  readonly predictions: readonly (PredictReply | null)[];
  readonly errors: readonly (ErrorBody | null)[];
  readonly total: number;
  readonly successful: number;
}

export interface LatestReply {
  readonly signal: Signal;
}

export interface HealthReply {
  readonly status: "healthy" | "degraded";
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly model_loaded: boolean;
  readonly model_version: string;
  readonly uptime_seconds: number;
  readonly total_predictions: number;
  readonly avg_latency_ms: number;
  /** Known and live symbols. */
  readonly symbols: number;
  readonly live: number;
}

export interface ModelInfo {
  readonly name: string;
  readonly version: string;
  readonly family: string;
  readonly placement: string;
  readonly horizonMs: number;
  readonly ttlMs: number;
  readonly sha256: string;
  readonly trainedAt: string;
  /** Names in order; empty where the model takes no feature vector. */
  readonly features: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
}

export interface WeightInfo {
  readonly model: string;
  readonly alpha: number;
  readonly beta: number;
  readonly mean: number;
  readonly weight: number;
  readonly lower: number;
  readonly upper: number;
  readonly outcomes: number;
}

export const TRADE_CONFIDENCE_MIN = 0.55;
const SIZE_SCALE_USD = 100_000;
const SIZE_SHARE_MAX = 0.5;

/** The derived fields of a reply, from P(up) alone: the rule that the trading bot relies on. */
export const tradeView = (
  probability: number,
): Pick<
  PredictReply,
  | "direction"
  | "confidence"
  | "raw_probability"
  | "should_trade"
  | "recommended_size"
> => {
  const confidence = 2 * Math.abs(probability - 0.5);
  const shouldTrade = confidence >= TRADE_CONFIDENCE_MIN;
  const share = Math.min(
    0.25 * 2 * Math.max(0, confidence - 0.5),
    SIZE_SHARE_MAX,
  );
  return {
    direction: probability > 0.5 ? "LONG" : "SHORT",
    confidence,
    raw_probability: probability,
    should_trade: shouldTrade,
    recommended_size: shouldTrade ? SIZE_SCALE_USD * share : null,
  };
};

/** `SYMBOL.VENUE`, or `SYMBOL` alone on the default venue. */
export const requestedSymbol = (text: string): SymbolId =>
  text.includes(".") ? symbolId(text) : symbolIdOf(text, VENUE_DEFAULT);

/** The encoding of the reply, whatever else is wrong with the request. */
export const replyEncoding = (data: Uint8Array): Encoding => {
  try {
    return data.byteLength === 0 ? "json" : encodingOf(data);
  } catch {
    return "json";
  }
};

/** No bytes at all is an empty request. */
export const decodeRequest = (data: Uint8Array): unknown =>
  data.byteLength === 0 ? {} : readPayload(data, REQUEST_BYTES_MAX);

const SYMBOL_DEFAULT = "WBNBUSDT";

export const parsePredict = (value: unknown): PredictRequest => {
  const { v: _v, symbol, timestamp, ...numbers } = predict.parse(value);
  const { low, high } = numbers;
  if (low !== undefined && high !== undefined && low > high)
    throw new CodedError("E_INPUT_RANGE", { field: "low" });
  return {
    ...numbers,
    symbol: requestedSymbol(symbol ?? SYMBOL_DEFAULT),
    eventUs: timestamp === undefined ? undefined : toMicros(timestamp),
  };
};

export const parsePredictBatch = (value: unknown): readonly unknown[] =>
  predictBatch.parse(value).requests;

export const parseSymbolRequest = (value: unknown): SymbolId =>
  requestedSymbol(ofSymbol.parse(value).symbol);

export const parseWeightsRequest = (value: unknown): SymbolId | undefined => {
  const { symbol } = ofAnySymbol.parse(value);
  return symbol === undefined ? undefined : requestedSymbol(symbol);
};

export const parseEmptyRequest = (value: unknown): void => {
  nothing.parse(value);
};

export const encodeReply = (body: object, encoding: Encoding): Uint8Array =>
  writePayload({ v: 1, ok: true, ...body }, encoding);

export const encodeErrorReply = (
  error: CodedError,
  encoding: Encoding,
): Uint8Array => writePayload({ v: 1, ok: false, err: error.body() }, encoding);

export const errorHeaders = (error: CodedError): ReadonlyMap<string, string> =>
  new Map([
    [ERROR_HEADER, error.code],
    [ERROR_CODE_HEADER, String(ERROR_CODES[error.code].num)],
  ]);

/** The earlier of the two headers, else the default; E_TIME_DEADLINE when it is past already. */
export const deadlineOf = (
  headers: { get(name: string): string | undefined } | undefined,
  nowUs: UnixMicros,
  nowNs: MonoNanos,
): MonoNanos => {
  let budgetMs = TIMEOUT_DEFAULT_MS;
  const timeout = headers?.get(TIMEOUT_HEADER);
  const deadline = headers?.get(DEADLINE_HEADER);
  if (timeout !== undefined || deadline !== undefined)
    budgetMs = Math.min(
      timeout === undefined
        ? TIMEOUT_MAX_MS
        : headerNumber(timeout, TIMEOUT_HEADER),
      deadline === undefined
        ? TIMEOUT_MAX_MS
        : (headerNumber(deadline, DEADLINE_HEADER) - nowUs) / 1000,
      TIMEOUT_MAX_MS,
    );
  if (budgetMs <= 0) throw new CodedError("E_TIME_DEADLINE");
  return monoNanos(nowNs + msToNs(budgetMs));
};

const headerNumber = (text: string, field: string): number => {
  if (!/^\d{1,16}(\.\d{1,6})?$/.test(text))
    throw new CodedError("E_INPUT_SCHEMA", { field });
  return Number(text);
};

const toMicros = (timestamp: number | string): number => {
  const ms = typeof timestamp === "number" ? timestamp : Date.parse(timestamp);
  if (!(ms >= 0 && ms < 8.64e15))
    throw new CodedError("E_INPUT_RANGE", { field: "timestamp" });
  return ms * 1000;
};
