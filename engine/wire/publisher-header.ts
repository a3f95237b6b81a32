/** The header by which a market publisher numbers what it sends: who it is, and the how-manieth of a symbol this is. */

/** `<id> <number>`; the number begins at 1. */
export const PUBLISHER_HEADER = "fw-pub";

/** Later publishers sort after earlier ones: microseconds of the start in base 36, then anything that tells two apart. */
const VALUE = /^([0-9a-z]{8,12}-[0-9a-z]{1,12}) ([1-9]\d{0,14})$/;

export interface PublisherMark {
  readonly id: string;
  readonly number: number;
}

export const publisherId = (startedUs: number, salt: number): string =>
  `${startedUs.toString(36)}-${salt.toString(36)}`;

export const writePublisherMark = (id: string, number: number): string =>
  `${id} ${number}`;

/** Undefined for what is none. */
export const readPublisherMark = (value: string): PublisherMark | undefined => {
  const match = VALUE.exec(value);
  return match === null
    ? undefined
    : { id: match[1]!, number: Number(match[2]) };
};
