/** Every NATS subject of fusewire: built, parsed and matched here and nowhere else. */
import type { MarketEvent, MarketEventType } from "../domain/market-event.ts";
import {
  symbolIdOf,
  tickerOf,
  venueOf,
  type SymbolId,
} from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";

/** The last token of a market subject. */
export const EVENT_KINDS = [
  "book",
  "trade",
  "quote",
  "bar",
  "funding",
  "interest",
  "gap",
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface MarketSubject {
  readonly symbol: SymbolId;
  readonly kind: EventKind;
}

const KIND_OF: Readonly<Record<MarketEventType, EventKind>> = {
  bookSnapshot: "book",
  bookDelta: "book",
  trade: "trade",
  quote: "quote",
  bar: "bar",
  funding: "funding",
  openInterest: "interest",
  gap: "gap",
};

const MARKET_PREFIX = "md.v1.";
const SIGNAL_PREFIX = "sig.v1.";
const SNAPSHOT_PREFIX = "md.v1.snapshot.";
/** Bound of the caches below: far more than the symbols an engine serves, small enough to hold. */
const CACHED_MAX = 16_384;

export const HEADLINE_SUBJECT = "news.v1.headline";
export const SIGNAL_WILDCARD = "sig.v1.>";
export const SNAPSHOT_WILDCARD = "md.v1.snapshot.*.*";

/** One a kind, so that `md.v1.snapshot.>` (five tokens as well) is not among them. */
export const MARKET_WILDCARDS: readonly string[] = EVENT_KINDS.map(
  (kind) => `${MARKET_PREFIX}*.*.${kind}`,
);

export const INSTRUMENT_WILDCARD = `${MARKET_PREFIX}*.*.instrument`;

/** The endpoints of the NATS micro service `signals`. */
export const SERVICE_SUBJECTS = {
  predict: "svc.signals.predict",
  predictBatch: "svc.signals.predict.batch",
  latest: "svc.signals.signal.latest",
  health: "svc.signals.health",
  modelsInfo: "svc.signals.models.info",
  weights: "svc.signals.weights",
  symbols: "svc.signals.symbols",
  /** Orders stand under a token of their own, so that permissions can tell them from questions. */
  resync: "svc.signals.book.resync",
} as const;
export type ServiceVerb = keyof typeof SERVICE_SUBJECTS;

/** Discovery by ADR-32: of all services, of one name, of one instance. */
export const discoverySubjects = (
  verb: "PING" | "INFO" | "STATS",
  name: string,
  id: string,
): readonly string[] => [
  `$SRV.${verb}`,
  `$SRV.${verb}.${name}`,
  `$SRV.${verb}.${name}.${id}`,
];

const kinds: ReadonlySet<string> = new Set(EVENT_KINDS);
const parsed = new Map<string, MarketSubject>();
const signalSubjects = new Map<SymbolId, string>();

export const kindOf = (type: MarketEventType): EventKind => KIND_OF[type];

export const marketSubject = (symbol: SymbolId, kind: EventKind): string =>
  `${MARKET_PREFIX}${venueOf(symbol)}.${tickerOf(symbol)}.${kind}`;

export const eventSubject = (event: MarketEvent): string =>
  marketSubject(event.symbol, KIND_OF[event.type]);

/** Throws E_INPUT_VERSION, E_SYMBOL_FORMAT or E_INPUT_SCHEMA. */
export const parseMarketSubject = (subject: string): MarketSubject => {
  const known = parsed.get(subject);
  if (known !== undefined) return known;
  const [root, version, venue, ticker, kind, ...rest] = subject.split(".");
  if (root !== "md" || rest.length > 0)
    throw new CodedError("E_INPUT_SCHEMA", { field: "subject" });
  if (version !== "v1")
    throw new CodedError("E_INPUT_VERSION", { field: "subject" });
  if (kind === undefined || !kinds.has(kind))
    throw new CodedError("E_INPUT_SCHEMA", { field: "subject" });
  const result: MarketSubject = {
    symbol: symbolIdOf(ticker ?? "", venue ?? ""),
    kind: kind as EventKind,
  };
  if (parsed.size >= CACHED_MAX) parsed.clear();
  parsed.set(subject, result);
  return result;
};

/** Beside the events of its symbol, and none of them: tick and lot size are no fact of a moment. */
export const instrumentSubject = (symbol: SymbolId): string =>
  `${MARKET_PREFIX}${venueOf(symbol)}.${tickerOf(symbol)}.instrument`;

export const isInstrumentSubject = (subject: string): boolean =>
  subject.endsWith(".instrument");

/** The other way. */
export const parseInstrumentSubject = (subject: string): SymbolId => {
  const [, , venue = "", ticker = ""] = subject.split(".");
  const symbol = symbolIdOf(ticker, venue);
  if (instrumentSubject(symbol) !== subject)
    throw new CodedError("E_INPUT_SCHEMA", { field: "subject" });
  return symbol;
};

export const snapshotSubject = (symbol: SymbolId): string =>
  `${SNAPSHOT_PREFIX}${venueOf(symbol)}.${tickerOf(symbol)}`;

/** What a feed reads off a snapshot request. */
export const parseSnapshotSubject = (subject: string): SymbolId => {
  if (!subject.startsWith(SNAPSHOT_PREFIX))
    throw new CodedError("E_INPUT_SCHEMA", { field: "subject" });
  return fromVenueFirst(subject.slice(SNAPSHOT_PREFIX.length));
};

export const signalSubject = (symbol: SymbolId): string => {
  const known = signalSubjects.get(symbol);
  if (known !== undefined) return known;
  const subject = `${SIGNAL_PREFIX}${venueOf(symbol)}.${tickerOf(symbol)}`;
  if (signalSubjects.size >= CACHED_MAX) signalSubjects.clear();
  signalSubjects.set(symbol, subject);
  return subject;
};

export const parseSignalSubject = (subject: string): SymbolId => {
  if (!subject.startsWith(SIGNAL_PREFIX))
    throw new CodedError("E_INPUT_SCHEMA", { field: "subject" });
  return fromVenueFirst(subject.slice(SIGNAL_PREFIX.length));
};

/** A service answers to inboxes only: a forged reply subject must not make it publish for its caller. */
export const isInbox = (subject: string): boolean => INBOX.test(subject);
const INBOX = /^_INBOX[._][A-Za-z0-9_.$-]{1,192}$/;

/** NATS semantics: `*` is one token, a last `>` one or more. */
export const subjectMatches = (pattern: string, subject: string): boolean => {
  if (pattern === subject) return true;
  const wanted = pattern.split(".");
  const given = subject.split(".");
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === ">" && i === wanted.length - 1) return given.length > i;
    if (i >= given.length) return false;
    if (wanted[i] !== "*" && wanted[i] !== given[i]) return false;
  }
  return wanted.length === given.length;
};

const fromVenueFirst = (text: string): SymbolId => {
  const dot = text.indexOf(".");
  if (dot < 0) throw new CodedError("E_SYMBOL_FORMAT");
  return symbolIdOf(text.slice(dot + 1), text.slice(0, dot));
};
