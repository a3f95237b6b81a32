/** The door of every mapper: parses a raw message and takes typed, bounded values out of it, or refuses with a code. */
import type { Levels } from "../../domain/market-event.ts";
import { CodedError } from "../../std/errors.ts";
import type { UnixMicros } from "../../std/time.ts";
import { PRICE_MAX, PRICE_MIN, SIZE_MAX } from "../../wire/schema.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Longest message taken, as long as the clients let in: a whole book of tens of thousands of levels has 2 to 6 MB. */
export const MESSAGE_CHARS_MAX = 16 * 1024 * 1024;

/** A message that is text, parsed; any other value is taken as parsed already. */
export const parse = (message: unknown): unknown => {
  if (typeof message !== "string") return message;
  if (message.length > MESSAGE_CHARS_MAX) throw new CodedError("E_INPUT_SIZE");
  try {
    return JSON.parse(message);
  } catch (cause) {
    throw new CodedError("E_INPUT_DECODE", { cause });
  }
};

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const fieldsOf = (value: unknown, field: string): Fields => {
  if (!isFields(value)) throw schemaError(field);
  return value;
};

export const listOf = (value: unknown, field: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw schemaError(field);
  return value;
};

export const textOf = (value: unknown, field: string): string => {
  if (typeof value !== "string" || value === "") throw schemaError(field);
  return value;
};

export const flagOf = (value: unknown, field: string): boolean => {
  if (typeof value !== "boolean") throw schemaError(field);
  return value;
};

/** A safe integer that is not negative, as a number or as its digits. */
export const countOf = (value: unknown, field: string): number => {
  const count =
    typeof value === "string" && /^\d{1,16}$/.test(value)
      ? Number(value)
      : value;
  if (typeof count !== "number") throw schemaError(field);
  if (!Number.isSafeInteger(count) || count < 0) throw rangeError(field);
  return count;
};

export const priceOf = (value: unknown, field: string): number => {
  const price = decimalOf(value, field);
  // Written so that NaN fails too, as below.
  if (!(price >= PRICE_MIN && price <= PRICE_MAX)) throw rangeError(field);
  return price;
};

export const sizeOf = (value: unknown, field: string): number => {
  const size = decimalOf(value, field);
  if (!(size >= 0 && size <= SIZE_MAX)) throw rangeError(field);
  return size;
};

export const positiveSizeOf = (value: unknown, field: string): number => {
  const size = sizeOf(value, field);
  if (size === 0) throw rangeError(field);
  return size;
};

/** A funding rate, as a fraction. */
export const rateOf = (value: unknown, field: string): number => {
  const rate = decimalOf(value, field);
  if (!(Math.abs(rate) <= 1)) throw rangeError(field);
  return rate;
};

/** `buy` or `sell`. */
export const sideOf = (value: unknown, field: string): "buy" | "sell" => {
  if (value !== "buy" && value !== "sell") throw schemaError(field);
  return value;
};

/** Rows of [price, size, …], as numbers or decimal texts, flat. */
export const levelsOf = (value: unknown, field: string): Levels => {
  const rows = listOf(value, field);
  const flat = new Array<number>(rows.length * 2);
  for (let i = 0; i < rows.length; i++) {
    const row: unknown = rows[i];
    if (!Array.isArray(row) || row.length < 2) throw schemaError(field);
    flat[2 * i] = priceOf(row[0], field);
    flat[2 * i + 1] = sizeOf(row[1], field);
  }
  return flat;
};

/** Epoch milliseconds, or microseconds: the two ranges do not meet before the year 5138. */
export const epochUs = (value: unknown, field: string): UnixMicros => {
  const time = countOf(value, field);
  if (time === 0) throw rangeError(field);
  return (time < 100_000_000_000_000 ? time * 1000 : time) as UnixMicros;
};

/** `1618678133.366461`: epoch seconds. */
export const secondsUs = (value: unknown, field: string): UnixMicros => {
  const seconds = decimalOf(value, field);
  if (!(seconds > 0 && seconds < 1e11)) throw rangeError(field);
  return Math.round(seconds * 1_000_000) as UnixMicros;
};

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** `2021-04-17T16:43:37.075687Z`: to the microsecond, where Date.parse keeps milliseconds. */
export const isoUs = (value: unknown, field: string): UnixMicros => {
  if (typeof value !== "string" || !ISO_TIME.test(value))
    throw schemaError(field);
  const ms = Date.parse(`${value.slice(0, 19)}Z`);
  if (!(ms > 0)) throw rangeError(field);
  const fraction = value.slice(20, -1).slice(0, 6).padEnd(6, "0");
  return (ms * 1000 + Number(fraction)) as UnixMicros;
};

export const schemaError = (field: string): CodedError =>
  new CodedError("E_INPUT_SCHEMA", { field });

export const rangeError = (field: string): CodedError =>
  new CodedError("E_INPUT_RANGE", { field });

/** NaN where a text is no number: it then fails every range. */
const decimalOf = (value: unknown, field: string): number => {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value === "") throw schemaError(field);
  const number = Number(value);
  if (number !== 0) return number;
  // Number() takes blanks for 0, and a size of 0 would remove a level.
  return /\d/.test(value) ? number : NaN;
};
