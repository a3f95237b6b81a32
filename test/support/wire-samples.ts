/** One sample of every message kind on the wire: the source of test/fixtures/wire, shared with the other clients. */
import type { Headline } from "../../engine/domain/headline.ts";
import type { Instrument } from "../../engine/domain/instrument.ts";
import type { MarketEvent } from "../../engine/domain/market-event.ts";
import type { Signal } from "../../engine/domain/signal.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import { CodedError } from "../../engine/std/errors.ts";
import { monoNanos, unixMicros } from "../../engine/std/time.ts";
import {
  encodeErrorReply,
  encodeReply,
  tradeView,
} from "../../engine/wire/api.ts";
import {
  encodeEvent,
  encodeHeadline,
  encodeInstrument,
} from "../../engine/wire/codec.ts";
import { writePayload, type Encoding } from "../../engine/wire/encoding.ts";
import type { SymbolsReply } from "../../engine/wire/operator-api.ts";
import { encodeSignal } from "../../engine/wire/signal-codec.ts";
import {
  eventSubject,
  HEADLINE_SUBJECT,
  instrumentSubject,
  SERVICE_SUBJECTS,
  signalSubject,
} from "../../engine/wire/subjects.ts";

export const BTC = symbolId("BTCUSDT.BINANCE");

const head = {
  symbol: BTC,
  eventUs: unixMicros(1_723_075_200_123_456),
  receivedUs: unixMicros(1_723_075_200_124_000),
  receivedNs: monoNanos(5_000_000_000),
};

export const INSTRUMENT_SAMPLE: Instrument = {
  symbol: BTC,
  tickSize: 0.1,
  lotSize: 0.001,
};

export const EVENT_SAMPLES: Readonly<Record<string, MarketEvent>> = {
  bookSnapshot: {
    ...head,
    type: "bookSnapshot",
    seq: 5_038_472_001,
    bids: [61_250.1, 3.25, 61_250, 0.5, 61_249.9, 12],
    asks: [61_250.2, 1.5, 61_250.4, 0.001, 61_251, 7.75],
  },
  bookDelta: {
    ...head,
    type: "bookDelta",
    prevSeq: 5_038_472_001,
    seq: 5_038_472_007,
    bids: [61_250.1, 2.75, 61_249.9, 0],
    asks: [61_250.3, 4.125],
  },
  trade: {
    ...head,
    type: "trade",
    tradeId: 5_280_123_456,
    price: 61_250.2,
    size: 0.015,
    side: "buy",
  },
  quote: {
    ...head,
    type: "quote",
    seq: 5_038_472_009,
    bidPrice: 61_250.1,
    bidSize: 2.75,
    askPrice: 61_250.2,
    askSize: 1.5,
  },
  bar: {
    ...head,
    type: "bar",
    intervalMs: 1_000,
    openUs: unixMicros(1_723_075_199_000_000),
    open: 61_249.5,
    high: 61_251,
    low: 61_248.75,
    close: 61_250.2,
    volume: 18.5,
    vwap: 61_250.0625,
    trades: 42,
    closed: true,
  },
  volumeBar: {
    ...head,
    type: "bar",
    intervalMs: 0,
    basis: "volume",
    basisSize: 100,
    openUs: unixMicros(1_723_075_198_750_000),
    open: 61_249.5,
    high: 61_251,
    low: 61_248.75,
    close: 61_250.2,
    volume: 100,
    vwap: 61_250.0625,
    trades: 42,
    buyVolume: 62.5,
    sellVolume: 37.5,
    closed: true,
  },
  funding: {
    ...head,
    type: "funding",
    rate: 0.0001,
    markPrice: 61_250.5,
    nextUs: unixMicros(1_723_104_000_000_000),
  },
  openInterest: {
    ...head,
    type: "openInterest",
    openInterest: 78_123.25,
  },
  gap: { ...head, type: "gap", reason: "disconnected" },
};

export const HEADLINE_SAMPLE: Headline = {
  id: "n-2024-08-08-0017",
  text: "Exchange flows turn positive as “risk-on” returns – traders cautious",
  source: "wire",
  symbols: [BTC, symbolId("ETHUSDT.BINANCE")],
  eventUs: head.eventUs,
  receivedUs: head.receivedUs,
  receivedNs: head.receivedNs,
};

export const SIGNAL_SAMPLE: Signal = {
  v: 1,
  symbol: BTC,
  epoch: "01j4q0s5v0",
  seq: 1_234,
  eventUs: head.eventUs,
  receivedUs: head.receivedUs,
  emittedUs: unixMicros(1_723_075_200_124_310),
  trigger: "book",
  live: true,
  book: {
    state: "LIVE",
    reason: "none",
    seq: 5_038_472_007,
    bidPrice: 61_250.1,
    bidSize: 2.75,
    askPrice: 61_250.2,
    askSize: 1.5,
  },
  direction: "LONG",
  class: "BUY",
  probability: 0.625,
  confidence: 0.25,
  logOdds: 0.5108256237659907,
  agreement: 0.75,
  horizonMs: 1_000,
  sources: [
    {
      model: "lightgbm-1s",
      version: "1",
      family: "trees",
      probability: 0.75,
      confidence: 0.5,
      horizonMs: 1_000,
      weight: 0.75,
      freshness: 1,
      ageMs: 0.125,
      contribution: 0.8239592165010823,
    },
    {
      model: "finbert",
      version: "1",
      family: "sentiment",
      probability: 0.125,
      confidence: 0.875,
      horizonMs: 60_000,
      weight: 0.25,
      freshness: 0.643856,
      ageMs: 213_686.4,
      contribution: -0.3131335927350916,
    },
  ],
  missing: [{ model: "patchtst-1s", reason: "pending" }],
  sentiment: {
    label: "negative",
    score: -0.75,
    confidence: 0.875,
    headlineId: "n-2024-08-08-0017",
    ageMs: 213_686.4,
  },
  stampsNs: [
    5_000_000_000, 5_000_004_000, 5_000_005_000, 5_000_006_000, 5_000_011_000,
    5_000_011_500, 5_000_014_000, 5_000_017_000, 5_000_021_000,
  ].map(monoNanos),
};

const PREDICT_REQUEST = {
  symbol: "BTCUSDT",
  price: 61_250.2,
  open: 61_249.5,
  high: 61_251,
  low: 61_248.75,
  volume: 18.5,
  bid_volume: 10.25,
  ask_volume: 8.25,
  bid_depth_5: 16,
  ask_depth_5: 10,
  best_bid: 61_250.1,
  best_ask: 61_250.2,
  btc_price: 61_250.2,
  funding_rate: 0.0001,
  timestamp: 1_723_075_200_123,
};

const PREDICT_REPLY = {
  ...tradeView(0.875),
  model_version: "lightgbm-1s@1",
  latency_ms: 0.25,
  timestamp: "2024-08-08T00:00:00.124Z",
  top_features: [{ name: "book_imbalance_1", value: 0.29411764705882354 }],
};

const SYMBOLS_REPLY: SymbolsReply = {
  symbols: [
    {
      symbol: symbolId("XBT=2FUSD.KRAKEN"),
      state: "SYNCING",
      reason: "checksum",
      forMs: 125.5,
      seq: 0,
      bidPrice: 0,
      askPrice: 0,
      gaps: 3,
      crossed: 0,
      resyncs: 4,
      lastError: "E_BOOK_CHECKSUM",
      lastErrorAgeMs: 125.5,
      fundingRate: 0.0001,
      fundingAgeMs: 15_250,
      openInterest: 78_123.25,
      openInterestAgeMs: 1_500,
      tickSize: 0.1,
      lotSize: 0.001,
      sets: [
        {
          set: "direction",
          warm: true,
          awaits: "otherBar",
          stale: 2,
          staleFeatures: ["btc_returns_lag1", "btc_returns_lag2"],
        },
      ],
    },
  ],
  total: 12,
  feedSilent: false,
};

const refusal = new CodedError("E_INPUT_RANGE", { field: "price" });

export interface WireSample {
  /** Where it travels; a reply has none of its own: it is named by its request. */
  readonly subject: string;
  readonly direction: "feed" | "request" | "reply" | "signal";
  encode(encoding: Encoding): Uint8Array;
}

const request = (subject: string, body: object): WireSample => ({
  subject,
  direction: "request",
  encode: (encoding) => writePayload(body, encoding),
});
const reply = (subject: string, body: object): WireSample => ({
  subject,
  direction: "reply",
  encode: (encoding) => encodeReply(body, encoding),
});

export const WIRE_SAMPLES: Readonly<Record<string, WireSample>> = {
  ...Object.fromEntries(
    Object.entries(EVENT_SAMPLES).map(([name, event]): [string, WireSample] => [
      name,
      {
        subject: eventSubject(event),
        direction: "feed",
        encode: (encoding) => encodeEvent(event, encoding),
      },
    ]),
  ),
  headline: {
    subject: HEADLINE_SUBJECT,
    direction: "feed",
    encode: (encoding) => encodeHeadline(HEADLINE_SAMPLE, encoding),
  },
  instrument: {
    subject: instrumentSubject(BTC),
    direction: "feed",
    encode: (encoding) => encodeInstrument(INSTRUMENT_SAMPLE, encoding),
  },
  signal: {
    subject: signalSubject(BTC),
    direction: "signal",
    encode: (encoding) => encodeSignal(SIGNAL_SAMPLE, encoding),
  },
  "predict.request": request(SERVICE_SUBJECTS.predict, PREDICT_REQUEST),
  "predict.reply": reply(SERVICE_SUBJECTS.predict, PREDICT_REPLY),
  "predict.batch.request": request(SERVICE_SUBJECTS.predictBatch, {
    requests: [PREDICT_REQUEST, { price: -1 }],
  }),
  "predict.batch.reply": reply(SERVICE_SUBJECTS.predictBatch, {
    predictions: [PREDICT_REPLY, null],
    errors: [null, refusal.body()],
    total: 2,
    successful: 1,
  }),
  "latest.request": request(SERVICE_SUBJECTS.latest, {
    symbol: "BTCUSDT.BINANCE",
  }),
  "latest.reply": reply(SERVICE_SUBJECTS.latest, { signal: SIGNAL_SAMPLE }),
  "health.request": request(SERVICE_SUBJECTS.health, {}),
  "health.reply": reply(SERVICE_SUBJECTS.health, {
    status: "degraded",
    ready: false,
    reasons: ["E_DEP_REDIS"],
    model_loaded: true,
    model_version: "lightgbm-1s@1",
    uptime_seconds: 86_400.5,
    total_predictions: 1_000_000,
    avg_latency_ms: 0.125,
    symbols: 8,
    live: 7,
  }),
  "models.info.request": request(SERVICE_SUBJECTS.modelsInfo, {}),
  "models.info.reply": reply(SERVICE_SUBJECTS.modelsInfo, {
    models: [
      {
        name: "lightgbm-1s",
        version: "1",
        family: "trees",
        placement: "inline",
        horizonMs: 1_000,
        ttlMs: 1_000,
        sha256:
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        trainedAt: "2026-11-20T00:00:00Z",
        features: ["book_imbalance_1", "spread_bps"],
        metrics: { auc: 0.75 },
      },
    ],
  }),
  "weights.request": request(SERVICE_SUBJECTS.weights, { symbol: "BTCUSDT" }),
  "weights.reply": reply(SERVICE_SUBJECTS.weights, {
    weights: [
      {
        model: "lightgbm-1s",
        alpha: 61.5,
        beta: 38.5,
        mean: 0.615,
        weight: 0.75,
        lower: 0.517,
        upper: 0.707,
        outcomes: 98,
      },
    ],
  }),
  "symbols.request": request(SERVICE_SUBJECTS.symbols, {
    after: "BTCUSDT.BINANCE",
    limit: 100,
  }),
  "symbols.reply": reply(SERVICE_SUBJECTS.symbols, SYMBOLS_REPLY),
  "resync.request": request(SERVICE_SUBJECTS.resync, {
    symbol: "XBT=2FUSD.KRAKEN",
  }),
  "resync.reply": reply(SERVICE_SUBJECTS.resync, {
    symbol: "XBT=2FUSD.KRAKEN",
  }),
  "error.reply": {
    subject: SERVICE_SUBJECTS.predict,
    direction: "reply",
    encode: (encoding) => encodeErrorReply(refusal, encoding),
  },
};
