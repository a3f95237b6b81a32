/** Raw Binance messages (spot, USD-M and COIN-M streams, REST depth snapshots) as market events. */
import type {
  BookDelta,
  BookSnapshot,
  Levels,
  MarketEvent,
  Quote,
  Trade,
} from "../domain/market-event.ts";
import { symbolIdOf } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";

/** What the message itself does not say. */
export interface BinanceContext {
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
  /** Stands in for the venue's time where a message has none (spot bookTicker, spot REST snapshot). */
  readonly venueUs: UnixMicros;
  /** Overrides the symbol of the message; required for a REST snapshot, which names none. */
  readonly symbol?: SymbolId;
}

export type BinanceVenue = "BINANCE" | "BINANCEUSDM" | "BINANCECOINM";

type Fields = Readonly<Record<string, unknown>>;

/** Undefined for a message of a kind that is no market event of ours; E_INPUT_SCHEMA or E_INPUT_RANGE for a malformed one. */
export const mapBinance = (
  message: unknown,
  context: BinanceContext,
): MarketEvent | undefined => {
  const outer = fieldsOf(message, "message");
  const data =
    typeof outer["stream"] === "string"
      ? fieldsOf(outer["data"], "data")
      : outer;
  switch (kindOf(data)) {
    case "depthUpdate":
      return delta(data, context);
    case "trade":
    case "aggTrade":
      return trade(data, context);
    case "bookTicker":
      return quote(data, context);
    case "snapshot":
      return snapshot(data, context);
    default:
      return undefined;
  }
};

/** Spot's bookTicker and REST snapshots carry no event name: they are known by their fields. */
const kindOf = (data: Fields): string | undefined => {
  if (typeof data["e"] === "string") return data["e"];
  if ("lastUpdateId" in data && "bids" in data) return "snapshot";
  if ("u" in data && "B" in data && "A" in data) return "bookTicker";
  return undefined;
};

/** Each stream message tells spot from futures by itself; COIN-M by `USD_` in the symbol, which USD-M's `USDT_` has not. */
const venueOf = (data: Fields, ticker: string): BinanceVenue => {
  const isFutures =
    "pu" in data ||
    "ps" in data ||
    "X" in data ||
    (data["e"] === "bookTicker" && "T" in data) ||
    (data["e"] === "aggTrade" && !("M" in data));
  if (!isFutures) return "BINANCE";
  return ticker.includes("USD_") ? "BINANCECOINM" : "BINANCEUSDM";
};

const symbolOf = (data: Fields, context: BinanceContext): SymbolId => {
  if (context.symbol !== undefined) return context.symbol;
  const ticker = data["s"];
  if (typeof ticker !== "string") throw schema("s");
  return symbolIdOf(ticker, venueOf(data, ticker));
};

const delta = (data: Fields, context: BinanceContext): BookDelta => {
  const seq = integer(data, "u");
  // Futures chain by the previous message's last id; spot ids are consecutive.
  const prevSeq = "pu" in data ? integer(data, "pu") : integer(data, "U") - 1;
  if (prevSeq >= seq) throw new CodedError("E_INPUT_RANGE", { field: "u" });
  return {
    type: "bookDelta",
    symbol: symbolOf(data, context),
    eventUs: venueTimeUs(data, context),
    receivedUs: context.receivedUs,
    receivedNs: context.receivedNs,
    prevSeq,
    seq,
    bids: levels(data, "b"),
    asks: levels(data, "a"),
  };
};

const snapshot = (data: Fields, context: BinanceContext): BookSnapshot => {
  const { symbol } = context;
  if (symbol === undefined) throw schema("symbol");
  return {
    type: "bookSnapshot",
    symbol,
    eventUs: venueTimeUs(data, context),
    receivedUs: context.receivedUs,
    receivedNs: context.receivedNs,
    seq: integer(data, "lastUpdateId"),
    bids: levels(data, "bids"),
    asks: levels(data, "asks"),
  };
};

/** Undefined for what did not happen in the book: insurance fund and auto-deleveraging fills. */
const trade = (data: Fields, context: BinanceContext): Trade | undefined => {
  if ("X" in data && data["X"] !== "MARKET") return undefined;
  const maker = data["m"];
  if (typeof maker !== "boolean") throw schema("m");
  return {
    type: "trade",
    symbol: symbolOf(data, context),
    eventUs: venueTimeUs(data, context),
    receivedUs: context.receivedUs,
    receivedNs: context.receivedNs,
    tradeId: integer(data, data["e"] === "aggTrade" ? "a" : "t"),
    price: positive(data, "p"),
    size: positive(data, "q"),
    // `m`: the buyer is the maker, so the aggressor sold.
    side: maker ? "sell" : "buy",
  };
};

const quote = (data: Fields, context: BinanceContext): Quote => ({
  type: "quote",
  symbol: symbolOf(data, context),
  eventUs: venueTimeUs(data, context),
  receivedUs: context.receivedUs,
  receivedNs: context.receivedNs,
  seq: integer(data, "u"),
  bidPrice: positive(data, "b"),
  bidSize: nonNegative(data, "B"),
  askPrice: positive(data, "a"),
  askSize: nonNegative(data, "A"),
});

/** Transaction time before event time: the former is when the book changed, the latter when it was told. */
const venueTimeUs = (data: Fields, context: BinanceContext): UnixMicros => {
  const time = data["T"] ?? data["E"];
  if (time === undefined) return context.venueUs;
  if (typeof time !== "number" || !Number.isSafeInteger(time) || time <= 0)
    throw schema("T");
  // Streams opened with timeUnit=MICROSECOND carry µs: the two ranges do not meet before the year 5138.
  return (time < 100_000_000_000_000 ? time * 1000 : time) as UnixMicros;
};

const levels = (data: Fields, field: string): Levels => {
  const rows = data[field];
  if (!Array.isArray(rows)) throw schema(field);
  const flat = new Array<number>(rows.length * 2);
  for (let i = 0; i < rows.length; i++) {
    const row: unknown = rows[i];
    if (!Array.isArray(row) || row.length < 2) throw schema(field);
    const price = Number(row[0]);
    const size = Number(row[1]);
    // Written so that NaN fails too.
    if (!(price > 0 && price < Infinity && size >= 0 && size < Infinity))
      throw new CodedError("E_INPUT_RANGE", { field });
    flat[2 * i] = price;
    flat[2 * i + 1] = size;
  }
  return flat;
};

const decimal = (data: Fields, field: string): number => {
  const value = data[field];
  if (typeof value !== "string" || value === "") throw schema(field);
  const number = Number(value);
  if (!Number.isFinite(number)) throw schema(field);
  return number;
};

const positive = (data: Fields, field: string): number => {
  const number = decimal(data, field);
  if (number <= 0) throw new CodedError("E_INPUT_RANGE", { field });
  return number;
};

const nonNegative = (data: Fields, field: string): number => {
  const number = decimal(data, field);
  if (number < 0) throw new CodedError("E_INPUT_RANGE", { field });
  return number;
};

const integer = (data: Fields, field: string): number => {
  const value = data[field];
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw schema(field);
  return value;
};

const fieldsOf = (value: unknown, field: string): Fields => {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw schema(field);
  return value as Fields;
};

const schema = (field: string): CodedError =>
  new CodedError("E_INPUT_SCHEMA", { field });
