/** What stands in a journal: entries of one varint each, its two low bits the kind; some carry more bytes behind it. */

/** `value * 4 + kind`. */
export const ENTRY = {
  /** value: monotonic nanoseconds since the last reading of that clock. */
  ns: 0,
  /** value: wall microseconds since the last reading of that clock, zigzag. */
  us: 1,
  /** value: one of READING. */
  reading: 2,
  /** value: one of STEP. */
  step: 3,
} as const;

/** What a step read of the world, besides whole clock readings. */
export const READING = {
  /** A clock reading whole: the first one, and any that is no small difference. Double. */
  exactNs: 0,
  exactUs: 1,
  /** Of an inline model. Double. */
  probability: 2,
  /** An inline model threw. Text: its error code, or what an uncoded error said after a space. */
  failure: 3,
} as const;

/** What entered. */
export const STEP = {
  /** The actors came to be. */
  start: 0,
  /** The next record of the tape, decoded this long after it was received: nanoseconds, zigzag varint. */
  event: 1,
  /** The same, decoded at a time that is no such difference. Double. */
  eventAt: 2,
  /** The next record of the tape, a headline. */
  headline: 3,
  /** What was scheduled ran. */
  run: 4,
  /** Varint: which timer, in the order of arming. */
  timer: 5,
  /** Varint: which request, in the order of asking. JSON: the prediction. */
  predicted: 6,
  /** Varint: which request. JSON: the miss. */
  missed: 7,
  /** Varint: which load, in the order of asking. Bytes. */
  loaded: 8,
  /** Varint: which load. The store had nothing. */
  absent: 9,
  /** Varint: which load. Text: the error code. */
  loadFailed: 10,
  /** Text: the symbol whose book an operator ordered to be synced again. */
  resyncOrdered: 11,
  drained: 12,
  /** Nothing more was recorded, as the run was over. */
  end: 13,
  /** The next record of the tape, an instrument. */
  instrument: 14,
} as const;

export type StepCode = (typeof STEP)[keyof typeof STEP];

/** A mark's first byte: what the rest of it is. */
export const MARK = {
  /** JSON: a RunHead. The first mark of a run. */
  head: 0,
  /** Entries; the first one is a step, and whole steps lie in it. */
  journal: 1,
  /** The beginning of entries that the next marks carry on, the last of them of kind `journal`. */
  part: 2,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(STEP).map(([name, code]) => [code, name]),
);

export const stepName = (code: number): string =>
  NAMES.get(code) ?? `unknown step ${code}`;
