/**
 * A line of a raw recording: `<ns> <JSON>`, or of a dump: `<s>: <JSON>` for a message, `<url> <-> <s>` for a connection,
 * `<url> <- <s>: <text>` for what was sent and `<url> -> <s>: <JSON>` for an answer over HTTP.
 */

/** Nanoseconds since the epoch do not fit a double, so a time is in two parts. */
export interface RawTime {
  readonly seconds: number;
  readonly nanos: number;
}

export interface RawLine {
  readonly kind: "message" | "connected" | "sent" | "answer";
  readonly time: RawTime;
  /** Absent for a message: it came over the last connection. */
  readonly url?: string;
  readonly text: string;
}

/** Undefined for a line of no such form. */
export const parseRawLine = (line: string): RawLine | undefined => {
  const first = line.charCodeAt(0);
  return first >= DIGIT_0 && first <= DIGIT_9
    ? messageOf(line)
    : addressedOf(line);
};

/** Once unzipped, a file of such lines begins with one. */
export const looksLikeRawLine = (head: string): boolean =>
  /^(?:\d{16,20} [{[]|\d{9,11}(?:\.\d+)?: |(?:wss?|https?):\/\/)/.test(head);

export const isBefore = (a: RawTime, b: RawTime): boolean =>
  a.seconds < b.seconds || (a.seconds === b.seconds && a.nanos < b.nanos);

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

const messageOf = (line: string): RawLine | undefined => {
  const space = line.indexOf(" ");
  const isDump = line[space - 1] === ":";
  const time = isDump
    ? secondsOf(line.slice(0, space - 1))
    : nanosOf(line.slice(0, Math.max(space, 0)));
  return time === undefined
    ? undefined
    : { kind: "message", time, text: line.slice(space + 1) };
};

const ADDRESSED =
  /^((?:wss?|https?):\/\/\S+) (<->|<-|->) (\d+(?:\.\d+)?)(?:: (.*))?$/s;
const KINDS = { "<->": "connected", "<-": "sent", "->": "answer" } as const;

const addressedOf = (line: string): RawLine | undefined => {
  const match = ADDRESSED.exec(line);
  if (match === null) return undefined;
  const time = secondsOf(match[3]!);
  if (time === undefined) return undefined;
  const kind = KINDS[match[2] as keyof typeof KINDS];
  return { kind, time, url: match[1]!, text: match[4] ?? "" };
};

const nanosOf = (digits: string): RawTime | undefined => {
  if (digits.length < 16 || digits.length > 20) return undefined;
  const seconds = Number(digits.slice(0, -9));
  const nanos = Number(digits.slice(-9));
  return Number.isSafeInteger(seconds) && Number.isSafeInteger(nanos)
    ? { seconds, nanos }
    : undefined;
};

const secondsOf = (text: string): RawTime | undefined => {
  if (!/^\d{9,11}(?:\.\d{1,9})?$/.test(text)) return undefined;
  const [seconds, fraction = ""] = text.split(".");
  return { seconds: Number(seconds), nanos: Number(fraction.padEnd(9, "0")) };
};
