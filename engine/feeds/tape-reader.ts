/** Reads a tape, or the parts of one: its events in order, or what it holds item by item; a span of time by its index. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Instrument } from "../domain/instrument.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { parseMarketSubject } from "../wire/subjects.ts";
import { isHeadline, type FeedEvent } from "./feed-event.ts";
import { itemsOf, type TapeItem } from "./tape-block.ts";
import {
  FrameScan,
  damageIn,
  damaged,
  findHeader,
  readHeader,
} from "./tape-frame.ts";
import type { Frame, TapeHeader, TapeInfo } from "./tape-frame.ts";
import { gapsOf } from "./tape-hole.ts";
import { endsInFooter, loadIndex, readFrame } from "./tape-index.ts";
import {
  isInstrument,
  toEvent,
  toInstrument,
  type TapeRecord,
} from "./tape-record.ts";

export interface TapeReaderOptions {
  /** Only what was received at or after it. */
  readonly fromUs?: number;
  /** Only what was received before it. */
  readonly toUs?: number;
  /** How a span of time is found: by the index, or by reading all (which also checks all). */
  readonly seek?: "index" | "scan";
}

/** The counts are those of the last iteration, complete when it is. One iteration at a time. */
export class TapeReader implements AsyncIterable<FeedEvent> {
  /** Of all parts, in order. */
  readonly paths: readonly string[];
  /** Told of tick and lot sizes, which are no events, in their place among the events. */
  onInstrument: (instrument: Instrument) => void = () => undefined;
  readonly #options: TapeReaderOptions;
  /** Of the first part. */
  #info: TapeInfo = {};
  #part = 0;
  #version = 0;
  #bytes = 0;
  #records = 0;
  #marks = 0;
  #states = 0;
  #holes = 0;
  #lost = 0;
  #malformed = 0;
  #tornBytes = 0;
  #isClosed = false;
  /** Whose book a hole has voided in the events that are read: what a later part tells of it is news. */
  readonly #voided = new Set<SymbolId>();

  /** Several are the parts of one recording, in order. */
  constructor(
    paths: string | readonly string[],
    options: TapeReaderOptions = {},
  ) {
    this.paths = typeof paths === "string" ? [paths] : paths;
    this.#options = options;
  }

  get info(): TapeInfo {
    return this.#info;
  }

  get version(): number {
    return this.#version;
  }

  /** Of the files, headers and tails included. */
  get bytes(): number {
    return this.#bytes;
  }

  get records(): number {
    return this.#records;
  }

  get marks(): number {
    return this.#marks;
  }

  /** The recorder's own records, with which a later part begins, as far as what they tell is not known from the part before. */
  get states(): number {
    return this.#states;
  }

  /** Places where the recorder could not keep pace; what stood there is void. */
  get holes(): number {
    return this.#holes;
  }

  /** Events lost in the holes. */
  get lost(): number {
    return this.#lost;
  }

  /** Records that the codec refuses: skipped, as the engine would. */
  get malformed(): number {
    return this.#malformed;
  }

  /** After the last whole frame of each part: what a crash cut short, or a footer that a full disk did not take. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  /** Whether it ends in a footer: false while it is being recorded, and after a crash. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Events, a Gap for each symbol that a hole took something from, the states with which the first part begins, and of those of later parts what
   * tells of books that a hole has voided.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FeedEvent> {
    const seen = new Set<SymbolId>();
    let last: FeedEvent | undefined;
    for await (const item of this.items()) {
      if (item.type === "mark") continue;
      if (item.type === "hole") {
        for (const gap of gapsOf(item.hole, seen)) {
          this.#voided.add(gap.symbol);
          yield (last = gap);
        }
        continue;
      }
      let event = this.#event(item.record);
      if (event === undefined) continue;
      if (item.type === "state") event = notBefore(last, event);
      if (!isHeadline(event)) {
        seen.add(event.symbol);
        if (event.type === "bookSnapshot") this.#voided.delete(event.symbol);
      }
      last = event;
      yield event;
    }
  }

  /** Payloads are borrowed, here and below: valid until the next one is asked for. */
  async *readRecords(): AsyncGenerator<TapeRecord> {
    for await (const item of this.items())
      if (item.type === "record") yield item.record;
  }

  /** Everything in the order in which it was written. Marks have no time, so a span of time leaves them out. */
  async *items(): AsyncGenerator<TapeItem> {
    this.#records = this.#marks = this.#holes = this.#lost = 0;
    this.#states = this.#malformed = this.#tornBytes = 0;
    this.#bytes = this.#part = 0;
    this.#voided.clear();
    for (const path of this.paths) yield* this.#itemsOf(path);
  }

  async *#itemsOf(path: string): AsyncGenerator<TapeItem> {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      this.#bytes += size;
      const header = await this.#headerOf(file, path);
      this.#isClosed = header !== undefined && (await endsInFooter(file, size));
      if (header === undefined) {
        this.#tornBytes += size;
        return;
      }
      for await (const frame of this.#frames(file, header.bytes, size))
        for (const item of itemsOf(frame))
          if (this.#isWanted(item, path)) {
            this.#count(item);
            yield item;
          }
    } catch (error) {
      throw damageIn(path, error);
    } finally {
      await file.close();
    }
  }

  /** Undefined for a further part whose recorder was killed before it wrote anything. */
  async #headerOf(
    file: FileHandle,
    path: string,
  ): Promise<TapeHeader | undefined> {
    if (path === this.paths[0]) {
      const header = await readHeader(file);
      this.#info = header.info;
      this.#version = header.version;
      this.#part = header.info.part ?? 1;
      return header;
    }
    const header = await findHeader(file);
    if (header !== undefined) this.#assertContinues(header.info, path);
    return header;
  }

  /** Nothing lies between a part and the one before. */
  #assertContinues(info: TapeInfo, path: string): void {
    const { recording, itemsBefore = 0 } = this.#info;
    const items = itemsBefore + this.#records + this.#marks + this.#holes;
    this.#part++;
    if (
      recording === undefined ||
      info.recording !== recording ||
      info.part !== this.#part ||
      (!this.#isSpan && info.itemsBefore !== items)
    )
      throw new CodedError("E_TAPE_PART", {
        detail: `${path} does not go on where part ${this.#part - 1} ends`,
      });
  }

  async *#frames(
    file: FileHandle,
    start: number,
    size: number,
  ): AsyncGenerator<Frame> {
    if (this.#isSpan && this.#options.seek !== "scan") {
      yield* this.#framesOfSpan(file, start, size);
      return;
    }
    const scan = new FrameScan(file, start, size);
    for (
      let frame = await scan.next();
      frame !== undefined;
      frame = await scan.next()
    )
      yield frame;
    this.#tornBytes += scan.tornBytes;
  }

  /** The wall clock may have stepped, so each frame is judged by its own times. */
  async *#framesOfSpan(
    file: FileHandle,
    start: number,
    size: number,
  ): AsyncGenerator<Frame> {
    const { fromUs = -Infinity, toUs = Infinity } = this.#options;
    const { entries } = await loadIndex(file, start, size);
    for (const { position, minUs, maxUs } of entries) {
      if (maxUs < fromUs || minUs >= toUs || minUs > maxUs) continue;
      const frame = await readFrame(file, position, size);
      if (frame === undefined)
        throw damaged(`the index names a frame at byte ${position}`);
      yield frame;
    }
  }

  get #isSpan(): boolean {
    const { fromUs, toUs } = this.#options;
    return fromUs !== undefined || toUs !== undefined;
  }

  /** What a state says is known from the part before it, where that is read and has no hole. */
  #isWanted(item: TapeItem, path: string): boolean {
    if (item.type === "state")
      return (
        !this.#isSpan && (path === this.paths[0] || this.#mends(item.record))
      );
    if (!this.#isSpan) return true;
    if (item.type === "mark") return false;
    const { fromUs = -Infinity, toUs = Infinity } = this.#options;
    const us = item.type === "record" ? item.record.receivedUs : item.hole.toUs;
    return us >= fromUs && us < toUs;
  }

  #mends({ subject }: TapeRecord): boolean {
    if (this.#voided.size === 0) return false;
    const symbol = marketSymbol(subject);
    return symbol !== undefined && this.#voided.has(symbol);
  }

  #count(item: TapeItem): void {
    if (item.type === "record") this.#records++;
    else if (item.type === "mark") this.#marks++;
    else if (item.type === "state") this.#states++;
    else {
      this.#holes++;
      this.#lost += item.hole.lost;
    }
  }

  /** Undefined for what is none. */
  #event(record: TapeRecord): FeedEvent | undefined {
    try {
      if (isInstrument(record)) {
        this.onInstrument(toInstrument(record));
        return undefined;
      }
      return toEvent(record);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#malformed++;
      return undefined;
    }
  }
}

/** Of an event of the market; undefined for anything else. */
const marketSymbol = (subject: string): SymbolId | undefined => {
  try {
    return parseMarketSubject(subject).symbol;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return undefined;
  }
};

/** A state is as old as what it tells of, and may stand among records that came after that. */
const notBefore = (
  last: FeedEvent | undefined,
  state: FeedEvent,
): FeedEvent => {
  if (last === undefined || last.receivedNs <= state.receivedNs) return state;
  const { receivedUs, receivedNs } = last;
  return { ...state, receivedUs, receivedNs };
};
