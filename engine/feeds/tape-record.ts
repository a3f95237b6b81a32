/** One record of a tape: the bytes as they stood on the bus, their subject, and when we received them. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { decode, encodeEvent, encodeHeadline } from "../wire/codec.ts";
import { HEADLINE_SUBJECT, eventSubject } from "../wire/subjects.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { damaged } from "./tape-frame.ts";

const FIXED_BYTES = 17;

export interface TapeRecord {
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
  readonly subject: string;
  readonly payload: Uint8Array;
}

export const encodeRecord = (record: TapeRecord): Buffer => {
  const subject = Buffer.from(record.subject, "latin1");
  if (subject.length > 255) throw damaged("a subject is too long");
  const body = Buffer.allocUnsafe(
    FIXED_BYTES + subject.length + record.payload.length,
  );
  body.writeDoubleLE(record.receivedUs, 0);
  body.writeDoubleLE(record.receivedNs, 8);
  body[16] = subject.length;
  body.set(subject, FIXED_BYTES);
  body.set(record.payload, FIXED_BYTES + subject.length);
  return body;
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

/** Throws the codec's coded error: a tape may hold what a peer sent wrongly. */
export const toEvent = (record: TapeRecord): FeedEvent =>
  decode(record.subject, record.payload, record.receivedUs, record.receivedNs);
