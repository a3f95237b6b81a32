/** Raw messages of a venue as they were recorded or dumped, gzipped or plain, as the market events that a live client would have made. */
import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolIdOfVenue } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { lineBatches } from "./line-batches.ts";
import { isBefore, parseRawLine } from "./raw-line.ts";
import type { RawLine, RawTime } from "./raw-line.ts";
import { mapperOfMessage, mapperOfUrl } from "./venues/venue-detection.ts";
import { isFields } from "./venues/message.ts";
import type {
  Receipt,
  VenueCounts,
  VenueMapper,
} from "./venues/venue-mapper.ts";

/** Lines looked at ahead of the first message that tells the venue, and the symbol of a snapshot that precedes it. */
const LOOKAHEAD_LINES_MAX = 1000;
/** Monotonic time of the first line: not 0, which in stamps means "never happened". */
const START_NS = 1_000_000_000;

export interface RawRecordingOptions {
  /** Overrides what the messages say. */
  readonly symbol?: SymbolId;
}

interface PlacedLine {
  readonly line: RawLine;
  readonly path: string;
  /** From 1. */
  readonly number: number;
}

/** Iterate once. The counts are complete when the iteration is. */
export class RawRecording implements AsyncIterable<MarketEvent> {
  readonly #path: string;
  readonly #symbol: SymbolId | undefined;
  #start: RawTime | undefined;
  #mapper: VenueMapper | undefined;
  /** Of a recording of one symbol: whose a snapshot is that names none. */
  #onlySymbol: SymbolId | undefined;
  /** With a book, so that a new connection voids it. */
  readonly #booked = new Set<SymbolId>();
  readonly #events: MarketEvent[] = [];
  #lines = 0;
  #malformed = 0;
  #firstMalformed: string | undefined;
  #unmapped = 0;

  constructor(path: string, options: RawRecordingOptions = {}) {
    this.#path = path;
    this.#symbol = options.symbol;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Well-formed messages that are no market event: skipped. */
  get unknown(): number {
    return this.#unmapped + (this.#mapper?.counts.ignored ?? 0);
  }

  /** Lines that could not be read, a torn last one among them: skipped. A lost delta shows as a break in the chain. */
  get malformed(): number {
    return this.#malformed;
  }

  /** File and line of the first of them. */
  get firstMalformed(): string | undefined {
    return this.#firstMalformed;
  }

  /** Of the mapper; undefined where no message told the venue. */
  get counts(): Readonly<VenueCounts> | undefined {
    return this.#mapper?.counts;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MarketEvent> {
    let waiting: PlacedLine[] | undefined = [];
    for await (const line of this.#inOrder()) {
      if (waiting !== undefined) {
        waiting.push(line);
        if (!this.#learn(line) && waiting.length < LOOKAHEAD_LINES_MAX)
          continue;
        for (const earlier of waiting) yield* this.#mapped(earlier);
        waiting = undefined;
      } else yield* this.#mapped(line);
    }
    for (const line of waiting ?? []) yield* this.#mapped(line);
  }

  /** A dump's HTTP answers are in a file of their own. */
  async *#inOrder(): AsyncGenerator<PlacedLine> {
    const answers = await partnerOf(this.#path);
    const lines = this.#parsed(this.#path);
    yield* answers === undefined ? lines : merged(lines, this.#parsed(answers));
  }

  async *#parsed(path: string): AsyncGenerator<PlacedLine> {
    let number = 0;
    for await (const batch of lineBatches(path))
      for (const text of batch) {
        number++;
        if (text === "") continue;
        this.#lines++;
        const line = parseRawLine(text);
        if (line !== undefined) yield { line, path, number };
        else if (this.#lines > 1) this.#isMalformed(path, number);
        else
          throw new CodedError("E_TAPE_FORMAT", {
            detail: `${path}: the first line has no receive time`,
          });
      }
  }

  /** True once the venue is known, and with it all that its messages need. */
  #learn({ line }: PlacedLine): boolean {
    if (line.url !== undefined) this.#mapper ??= mapperOfUrl(line.url);
    if (this.#mapper !== undefined) return true;
    try {
      const message: unknown = JSON.parse(line.text);
      this.#mapper = mapperOfMessage(message);
      if (this.#mapper !== undefined && isFields(message)) {
        const data = isFields(message["data"]) ? message["data"] : message;
        const name = data["s"];
        if (typeof name === "string")
          this.#onlySymbol = symbolIdOfVenue(name, this.#mapper.venue);
      }
    } catch {
      // Counted when the line itself is mapped.
    }
    return this.#mapper !== undefined;
  }

  #mapped(placed: PlacedLine): readonly MarketEvent[] {
    this.#events.length = 0;
    const { line } = placed;
    const receipt = this.#receiptOf(line);
    if (line.kind === "connected") this.#reconnect(receipt);
    else if (line.kind !== "sent") this.#map(placed, receipt);
    return this.#events;
  }

  #map({ line, path, number }: PlacedLine, receipt: Receipt): void {
    try {
      if (this.#mapper === undefined) {
        JSON.parse(line.text);
        this.#unmapped++;
      } else this.#mapper.map(line.text, receipt, this.#take);
    } catch (error) {
      if (!(error instanceof CodedError) && !(error instanceof SyntaxError))
        throw error;
      this.#isMalformed(path, number);
    }
  }

  #isMalformed(path: string, number: number): void {
    this.#malformed++;
    this.#firstMalformed ??= `${path}, line ${number}`;
  }

  readonly #take = (event: MarketEvent): void => {
    if (event.type === "bookSnapshot" || event.type === "bookDelta")
      this.#booked.add(event.symbol);
    const symbol = this.#symbol;
    this.#events.push(symbol === undefined ? event : { ...event, symbol });
  };

  /** As a client tells it: all books of the old connection are void. */
  #reconnect({ receivedUs, receivedNs }: Receipt): void {
    this.#mapper?.reset();
    for (const symbol of this.#booked)
      this.#take({
        type: "gap",
        symbol,
        eventUs: receivedUs,
        receivedUs,
        receivedNs,
        reason: "disconnected",
      });
    this.#booked.clear();
  }

  #receiptOf({ time, url, kind }: RawLine): Receipt {
    this.#start ??= time;
    const receivedUs = (time.seconds * 1_000_000 +
      Math.floor(time.nanos / 1000)) as UnixMicros;
    const receivedNs = (START_NS +
      (time.seconds - this.#start.seconds) * 1_000_000_000 +
      (time.nanos - this.#start.nanos)) as MonoNanos;
    const symbol =
      kind === "answer" ? this.#symbolOfUrl(url!) : this.#onlySymbol;
    return {
      receivedUs,
      receivedNs,
      ...(symbol === undefined ? {} : { symbol }),
    };
  }

  #symbolOfUrl(url: string): SymbolId | undefined {
    const name = new URL(url).searchParams.get("symbol");
    return name === null || this.#mapper === undefined
      ? undefined
      : symbolIdOfVenue(name, this.#mapper.venue);
  }
}

/** `BINANCE.ws.1.0.gz` goes with `BINANCE.http.0.0.gz` beside it. */
const partnerOf = async (path: string): Promise<string | undefined> => {
  const name = basename(path);
  const at = name.indexOf(".ws.");
  if (at < 0) return undefined;
  const prefix = `${name.slice(0, at)}.http.`;
  const siblings = await readdir(dirname(path)).catch(() => []);
  const partner = siblings.filter((file) => file.startsWith(prefix)).sort()[0];
  return partner === undefined ? undefined : join(dirname(path), partner);
};

async function* merged(
  a: AsyncIterator<PlacedLine>,
  b: AsyncIterator<PlacedLine>,
): AsyncGenerator<PlacedLine> {
  let [nextA, nextB] = [await a.next(), await b.next()];
  while (nextA.done !== true || nextB.done !== true)
    if (
      nextB.done === true ||
      (nextA.done !== true &&
        !isBefore(nextB.value.line.time, nextA.value.line.time))
    ) {
      yield (nextA as IteratorYieldResult<PlacedLine>).value;
      nextA = await a.next();
    } else {
      yield nextB.value;
      nextB = await b.next();
    }
}
