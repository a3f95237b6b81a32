/** One record of a tape: the bytes as they stood on the bus, their subject, and when we received them. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { Instrument } from "../domain/instrument.ts";
import {
  decode,
  decodeInstrument,
  encodeEvent,
  encodeHeadline,
  encodeInstrument,
} from "../wire/codec.ts";
import {
  HEADLINE_SUBJECT,
  eventSubject,
  instrumentSubject,
  isInstrumentSubject,
} from "../wire/subjects.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { damaged } from "./tape-frame.ts";

const FIXED_BYTES = 17;
export const SUBJECT_BYTES_MAX = 255;

export interface TapeRecord {
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
  /** ASCII, as subjects of ours are. */
  readonly subject: string;
  readonly payload: Uint8Array;
}

export const recordBytes = (record: TapeRecord): number =>
  FIXED_BYTES + record.subject.length + record.payload.length;

/** Into `at` of a buffer that has room; returns where it ends. */
export const writeRecord = (
  record: TapeRecord,
  into: Buffer,
  at: number,
): number => {
  const { subject, payload } = record;
  into.writeDoubleLE(record.receivedUs, at);
  into.writeDoubleLE(record.receivedNs, at + 8);
  into[at + 16] = subject.length;
  into.write(subject, at + FIXED_BYTES, "latin1");
  const begin = at + FIXED_BYTES + subject.length;
  into.set(payload, begin);
  return begin + payload.length;
};

export const decodeRecord = (body: Buffer): TapeRecord => {
  const begin = FIXED_BYTES + (body[16] ?? 0);
  if (body.length < FIXED_BYTES || body.length < begin)
    throw damaged("a record is too short");
  return {
    receivedUs: body.readDoubleLE(0) as UnixMicros,
    receivedNs: body.readDoubleLE(8) as MonoNanos,
    subject: body.toString("latin1", FIXED_BYTES, begin),
    payload: body.subarray(begin),
  };
};

export const toRecord = (event: FeedEvent): TapeRecord => ({
  receivedUs: event.receivedUs,
  receivedNs: event.receivedNs,
  ...(isHeadline(event)
    ? { subject: HEADLINE_SUBJECT, payload: encodeHeadline(event) }
    : { subject: eventSubject(event), payload: encodeEvent(event) }),
});

export const instrumentBytes = (
  instrument: Instrument,
): Pick<TapeRecord, "subject" | "payload"> => ({
  subject: instrumentSubject(instrument.symbol),
  payload: encodeInstrument(instrument),
});

/** A record of tick and lot size, which are no event. */
export const isInstrument = ({ subject }: TapeRecord): boolean =>
  isInstrumentSubject(subject);

/** Throws as `toEvent`. */
export const toInstrument = ({ subject, payload }: TapeRecord): Instrument =>
  decodeInstrument(subject, payload);

/** Throws the codec's coded error: a tape may hold what a peer sent wrongly. */
export const toEvent = (record: TapeRecord): FeedEvent =>
  decode(record.subject, record.payload, record.receivedUs, record.receivedNs);
