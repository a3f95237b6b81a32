/** The one door for data: bytes, subject and receive stamps become a MarketEvent or a Headline, or a CodedError. */
import type { Headline } from "../domain/headline.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Bar, Levels, MarketEvent } from "../domain/market-event.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { unixMicros, type MonoNanos, type UnixMicros } from "../std/time.ts";
import {
  EVENT_BYTES_MAX,
  readPayload,
  writePayload,
  type Encoding,
} from "./encoding.ts";
import {
  bar,
  bookDelta,
  bookSnapshot,
  funding,
  gap,
  headline,
  instrument,
  openInterest,
  quote,
  trade,
  type WireOf,
} from "./event-schemas.ts";
import { PRICE_MAX, PRICE_MIN, SIZE_MAX } from "./schema.ts";
import {
  HEADLINE_SUBJECT,
  parseInstrumentSubject,
  parseMarketSubject,
} from "./subjects.ts";

/** By subject: `news.v1.headline` is a Headline (it has no `type`), all else a MarketEvent. */
export const decode = (
  subject: string,
  data: Uint8Array,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): MarketEvent | Headline =>
  subject === HEADLINE_SUBJECT
    ? decodeHeadline(data, receivedUs, receivedNs)
    : decodeMarketEvent(subject, data, receivedUs, receivedNs);

export const decodeMarketEvent = (
  subject: string,
  data: Uint8Array,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): MarketEvent => {
  const { symbol, kind } = parseMarketSubject(subject);
  const raw = readPayload(data, EVENT_BYTES_MAX);
  switch (kind) {
    case "book":
      return (raw as { type?: unknown }).type === "bookSnapshot"
        ? toSnapshot(bookSnapshot.parse(raw), symbol, receivedUs, receivedNs)
        : toDelta(bookDelta.parse(raw), symbol, receivedUs, receivedNs);
    case "trade": {
      const t = trade.parse(raw);
      agree(t.symbol, symbol);
      return {
        type: "trade",
        symbol,
        eventUs: unixMicros(t.eventUs),
        receivedUs,
        receivedNs,
        tradeId: t.tradeId,
        price: t.price,
        size: t.size,
        side: t.side,
      };
    }
    case "quote": {
      const q = quote.parse(raw);
      agree(q.symbol, symbol);
      return {
        type: "quote",
        symbol,
        eventUs: unixMicros(q.eventUs),
        receivedUs,
        receivedNs,
        seq: q.seq,
        bidPrice: q.bidPrice,
        bidSize: q.bidSize,
        askPrice: q.askPrice,
        askSize: q.askSize,
      };
    }
    case "bar":
      return toBar(bar.parse(raw), symbol, receivedUs, receivedNs);
    case "funding": {
      const f = funding.parse(raw);
      agree(f.symbol, symbol);
      return {
        type: "funding",
        symbol,
        eventUs: unixMicros(f.eventUs),
        receivedUs,
        receivedNs,
        rate: f.rate,
        markPrice: f.markPrice,
        nextUs: unixMicros(f.nextUs),
      };
    }
    case "interest": {
      const o = openInterest.parse(raw);
      agree(o.symbol, symbol);
      return {
        type: "openInterest",
        symbol,
        eventUs: unixMicros(o.eventUs),
        receivedUs,
        receivedNs,
        openInterest: o.openInterest,
      };
    }
    case "gap": {
      const g = gap.parse(raw);
      agree(g.symbol, symbol);
      return {
        type: "gap",
        symbol,
        eventUs: unixMicros(g.eventUs),
        receivedUs,
        receivedNs,
        reason: g.reason,
      };
    }
  }
};

export const decodeHeadline = (
  data: Uint8Array,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): Headline => {
  const raw = headline.parse(readPayload(data, EVENT_BYTES_MAX));
  return {
    id: raw.id,
    text: raw.text,
    source: raw.source,
    symbols: raw.symbols.map(symbolId),
    eventUs: unixMicros(raw.eventUs),
    receivedUs,
    receivedNs,
  };
};

export const decodeInstrument = (
  subject: string,
  data: Uint8Array,
): Instrument => {
  const symbol = parseInstrumentSubject(subject);
  const raw = instrument.parse(readPayload(data, EVENT_BYTES_MAX));
  agree(raw.symbol, symbol);
  return { symbol, tickSize: raw.tickSize, lotSize: raw.lotSize };
};

/** Receive stamps stay at home: they mean nothing to another clock. */
export const encodeEvent = (
  marketEvent: MarketEvent,
  encoding: Encoding = "msgpack",
): Uint8Array => {
  const { receivedUs: _us, receivedNs: _ns, ...wire } = marketEvent;
  return writePayload(wire, encoding);
};

export const encodeHeadline = (
  news: Headline,
  encoding: Encoding = "msgpack",
): Uint8Array => {
  const { receivedUs: _us, receivedNs: _ns, ...wire } = news;
  return writePayload(wire, encoding);
};

export const encodeInstrument = (
  told: Instrument,
  encoding: Encoding = "msgpack",
): Uint8Array => writePayload({ ...told }, encoding);

const toDelta = (
  raw: WireOf<typeof bookDelta>,
  symbol: SymbolId,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): MarketEvent => {
  agree(raw.symbol, symbol);
  if (raw.seq <= raw.prevSeq) throw outOfRange("seq");
  checkLevels(raw.bids, "bids");
  checkLevels(raw.asks, "asks");
  return {
    type: "bookDelta",
    symbol,
    eventUs: unixMicros(raw.eventUs),
    receivedUs,
    receivedNs,
    prevSeq: raw.prevSeq,
    seq: raw.seq,
    bids: raw.bids,
    asks: raw.asks,
  };
};

const toSnapshot = (
  raw: WireOf<typeof bookSnapshot>,
  symbol: SymbolId,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): MarketEvent => {
  agree(raw.symbol, symbol);
  checkLevels(raw.bids, "bids");
  checkLevels(raw.asks, "asks");
  checkBestFirst(raw.bids, -1, "bids");
  checkBestFirst(raw.asks, 1, "asks");
  return {
    type: "bookSnapshot",
    symbol,
    eventUs: unixMicros(raw.eventUs),
    receivedUs,
    receivedNs,
    seq: raw.seq,
    bids: raw.bids,
    asks: raw.asks,
  };
};

/** A volume-weighted mean comes rounded from some venues: it may stand outside the range by this share. */
const VWAP_SLACK = 1e-6;

const toBar = (
  raw: WireOf<typeof bar>,
  symbol: SymbolId,
  receivedUs: UnixMicros,
  receivedNs: MonoNanos,
): Bar => {
  agree(raw.symbol, symbol);
  const { open, high, low, close, vwap } = raw;
  if (low > open || low > close) throw outOfRange("low");
  if (high < open || high < close) throw outOfRange("high");
  if (vwap < low * (1 - VWAP_SLACK) || vwap > high * (1 + VWAP_SLACK))
    throw outOfRange("vwap");
  checkBasis(raw);
  return {
    type: "bar",
    symbol,
    eventUs: unixMicros(raw.eventUs),
    receivedUs,
    receivedNs,
    intervalMs: raw.intervalMs,
    ...(raw.basis === undefined ? {} : { basis: raw.basis }),
    ...(raw.basisSize === undefined ? {} : { basisSize: raw.basisSize }),
    openUs: unixMicros(raw.openUs),
    open,
    high,
    low,
    close,
    volume: raw.volume,
    vwap,
    trades: raw.trades,
    ...(raw.buyVolume === undefined ? {} : { buyVolume: raw.buyVolume }),
    ...(raw.sellVolume === undefined ? {} : { sellVolume: raw.sellVolume }),
    closed: raw.closed,
  };
};

/** A time bar has an interval and nothing else; any other has a size and no interval. */
const checkBasis = (raw: WireOf<typeof bar>): void => {
  const isTime = raw.basis === undefined || raw.basis === "time";
  if (isTime !== raw.intervalMs > 0) throw outOfRange("intervalMs");
  if (isTime !== (raw.basisSize === undefined))
    throw new CodedError("E_INPUT_SCHEMA", { field: "basisSize" });
};

const agree = (stated: string | undefined, symbol: SymbolId): void => {
  if (stated !== undefined && stated !== symbol)
    throw new CodedError("E_INPUT_SCHEMA", { field: "symbol" });
};

const outOfRange = (field: string): CodedError =>
  new CodedError("E_INPUT_RANGE", { field });

const checkLevels = (levels: Levels, field: string): void => {
  const length = levels.length;
  if (length % 2 !== 0) throw new CodedError("E_INPUT_SCHEMA", { field });
  for (let i = 0; i < length; i += 2) {
    const at = levels[i]!;
    const much = levels[i + 1]!;
    // Written so that a NaN fails too.
    if (!(at >= PRICE_MIN && at <= PRICE_MAX && much >= 0 && much <= SIZE_MAX))
      throw outOfRange(field);
  }
};

/** A snapshot holds what is there: strictly falling bids, strictly rising asks, no empty level. */
const checkBestFirst = (
  levels: Levels,
  direction: 1 | -1,
  field: string,
): void => {
  for (let i = 0; i < levels.length; i += 2) {
    if (levels[i + 1] === 0) throw outOfRange(field);
    if (i > 0 && (levels[i]! - levels[i - 2]!) * direction <= 0)
      throw outOfRange(field);
  }
};
