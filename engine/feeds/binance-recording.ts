/** Recordings of Binance messages, `<local ns> <raw JSON>` a line, gzipped or plain, as market events. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { mapBinance } from "./binance.ts";

/** Longest line taken: a 5,000-level snapshot has some 300 kB. */
const LINE_CHARS_MAX = 4 * 1024 * 1024;
/** Lines looked at ahead of the first stream message, for the symbol of a snapshot that precedes all of them. */
const LOOKAHEAD_LINES_MAX = 1000;
/** Monotonic time of the first line: not 0, which in stamps means "never happened". */
const START_NS = 1_000_000_000;

export interface BinanceRecordingOptions {
  /** Overrides what the stream messages say. */
  readonly symbol?: SymbolId;
}

/** Iterate once. The counts are complete when the iteration is. */
export class BinanceRecording implements AsyncIterable<MarketEvent> {
  readonly #path: string;
  readonly #options: BinanceRecordingOptions;
  #start: LineTime | undefined;
  #symbol: SymbolId | undefined;
  #venueUs: UnixMicros | undefined;
  #lines = 0;
  #unknown = 0;
  #malformed = 0;

  constructor(path: string, options: BinanceRecordingOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.#symbol = options.symbol;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Well-formed messages that are no market event: skipped. */
  get unknown(): number {
    return this.#unknown;
  }

  /** Lines that could not be read, a torn last one among them: skipped. A lost delta shows as a break in the chain. */
  get malformed(): number {
    return this.#malformed;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MarketEvent> {
    // Until a stream message has told the symbol, lines wait here: a snapshot alone does not.
    let waiting: string[] | undefined =
      this.#symbol === undefined ? [] : undefined;
    for await (const lines of lineBatches(this.#path))
      for (const line of lines) {
        if (waiting === undefined) {
          const event = this.#event(line);
          if (event !== undefined) yield event;
          continue;
        }
        waiting.push(line);
        this.#learnSymbol(line);
        if (this.#symbol === undefined && waiting.length < LOOKAHEAD_LINES_MAX)
          continue;
        const waited = waiting;
        waiting = undefined;
        for (const earlier of waited) {
          const event = this.#event(earlier);
          if (event !== undefined) yield event;
        }
      }
    for (const line of waiting ?? []) {
      const event = this.#event(line);
      if (event !== undefined) yield event;
    }
  }

  #event(line: string): MarketEvent | undefined {
    this.#lines++;
    const space = line.indexOf(" ");
    const time = parseLineTime(line, space);
    if (time === undefined) {
      if (this.#start === undefined)
        throw new CodedError("E_TAPE_FORMAT", {
          detail: `${this.#path}: the first line has no receive time`,
        });
      this.#malformed++;
      return undefined;
    }
    this.#start ??= time;
    const receivedUs = (time.seconds * 1_000_000 +
      Math.floor(time.nanos / 1000)) as UnixMicros;
    const receivedNs = (START_NS +
      (time.seconds - this.#start.seconds) * 1_000_000_000 +
      (time.nanos - this.#start.nanos)) as MonoNanos;
    try {
      const message: unknown = JSON.parse(line.slice(space + 1));
      const isSnapshot = isBareSnapshot(message);
      const event = mapBinance(message, {
        receivedUs,
        receivedNs,
        venueUs: this.#venueUs ?? receivedUs,
        ...(this.#options.symbol !== undefined
          ? { symbol: this.#options.symbol }
          : isSnapshot && this.#symbol !== undefined
            ? { symbol: this.#symbol }
            : {}),
      });
      if (event === undefined) {
        this.#unknown++;
        return undefined;
      }
      this.#symbol ??= event.symbol;
      this.#venueUs = event.eventUs;
      return event;
    } catch (error) {
      if (error instanceof CodedError || error instanceof SyntaxError) {
        this.#malformed++;
        return undefined;
      }
      throw error;
    }
  }

  #learnSymbol(line: string): void {
    try {
      const message: unknown = JSON.parse(line.slice(line.indexOf(" ") + 1));
      if (isBareSnapshot(message)) return;
      const zero = 0 as UnixMicros;
      this.#symbol = mapBinance(message, {
        receivedUs: zero,
        receivedNs: 0 as MonoNanos,
        venueUs: zero,
      })?.symbol;
    } catch {
      // Counted when the line itself is mapped.
    }
  }
}

/** A recording begins with digits, a space and an opening brace, once unzipped. */
export const looksLikeRecording = (head: string): boolean =>
  /^\d{16,20} \{/.test(head);

interface LineTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** Split, not parsed whole: nanoseconds since the epoch do not fit a double. */
const parseLineTime = (line: string, space: number): LineTime | undefined => {
  if (space < 16 || space > 20) return undefined;
  const seconds = Number(line.slice(0, space - 9));
  const nanos = Number(line.slice(space - 9, space));
  return Number.isSafeInteger(seconds) && Number.isSafeInteger(nanos)
    ? { seconds, nanos }
    : undefined;
};

const isBareSnapshot = (message: unknown): boolean =>
  typeof message === "object" && message !== null && "lastUpdateId" in message;

const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
};

/** The file's lines by decompressed chunk, so that one await serves hundreds of lines. */
export async function* lineBatches(path: string): AsyncGenerator<string[]> {
  let file: Readable | undefined;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    // A recorder that was killed leaves an unfinished gzip stream: what it holds is read, the torn last line is malformed.
    const isZipped = await isGzip(path);
    file = createReadStream(path, { highWaterMark: 64 * 1024 });
    const bytes: Readable = isZipped
      ? file.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }))
      : file;
    file.on("error", (error) => bytes.destroy(error));
    for await (const chunk of bytes) {
      const text = rest + decoder.decode(chunk as Buffer, { stream: true });
      const lines = text.split("\n");
      rest = lines.pop()!;
      if (rest.length > LINE_CHARS_MAX)
        throw new CodedError("E_TAPE_FORMAT", {
          detail: `${path}: a line is longer than ${LINE_CHARS_MAX} characters`,
        });
      if (lines.length > 0) yield lines;
    }
    if (rest !== "") yield [rest];
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError("E_TAPE_FORMAT", {
      detail: `${path} cannot be read`,
      cause: error,
    });
  } finally {
    file?.destroy();
  }
}
