/** One pass over a tape or raw recording: what is on it, and everything that is wrong with it. */
import { stat } from "node:fs/promises";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError, toCodedError } from "../std/errors.ts";
import { TapeCheck, type BookReport, type TapeProblem } from "./tape-check.ts";
import { TapeReader } from "./tape-reader.ts";
import { TapeSurvey, type TapeSummary } from "./tape-survey.ts";
import { openTape, type Tape } from "./tape.ts";

export interface TapeReport extends TapeSummary {
  readonly path: string;
  readonly format: "tape" | "recording";
  readonly bytes: number;
  /** Of the file, an event. */
  readonly bytesPerEvent: number;
  /** What the codec or the mapper refused: passed over, as the engine does. */
  readonly malformed: number;
  readonly books: Readonly<Record<SymbolId, BookReport>>;
  readonly problems: readonly TapeProblem[];
  /** What kept it from being read to its end: the first of the problems. */
  readonly damage?: CodedError;
  /** Of a tape of our own. */
  readonly tape?: TapeDetails;
}

export interface TapeDetails {
  readonly version: number;
  readonly source?: string;
  readonly recording?: string;
  /** The first that was read. */
  readonly part?: number;
  /** Files read. */
  readonly parts: number;
  /** Ends in a footer; otherwise it is still being recorded, or its recorder was killed. */
  readonly isClosed: boolean;
  readonly tornBytes: number;
  readonly marks: number;
  /** Of the events, the recorder's own: what the parts before came to. */
  readonly states: number;
  readonly holes: number;
  /** Events lost in the holes. */
  readonly lost: number;
}

/** Damage is a problem of the report; E_TAPE_FORMAT is thrown only for what is no tape at all. */
export const inspectTape = async (path: string): Promise<TapeReport> => {
  const tape = await openTape(path);
  const survey = new TapeSurvey();
  const check = new TapeCheck();
  let damage: CodedError | undefined;
  try {
    for await (const event of tape) {
      survey.add(event);
      check.add(event);
    }
  } catch (error) {
    damage = toCodedError(error);
    const isUnread = tape instanceof TapeReader && tape.version === 0;
    if (damage.code === "E_INTERNAL" || isUnread) throw error;
  }
  const { summary } = survey;
  const bytes =
    tape instanceof TapeReader ? tape.bytes : (await stat(path)).size;
  return {
    path,
    format: tape instanceof TapeReader ? "tape" : "recording",
    ...summary,
    bytes,
    bytesPerEvent: summary.events > 0 ? bytes / summary.events : 0,
    malformed: tape.malformed,
    books: Object.fromEntries(check.books),
    problems: [
      ...(damage === undefined ? [] : [problemOf(damage)]),
      ...unreadable(tape),
      ...(tape instanceof TapeReader ? problemsOfTape(tape) : []),
      ...check.problems,
    ],
    ...(damage === undefined ? {} : { damage }),
    ...(tape instanceof TapeReader ? { tape: detailsOf(tape) } : {}),
  };
};

const problemOf = (error: CodedError): TapeProblem => ({
  code: error.code,
  count: 1,
  text: error.detail ?? error.message,
});

/** Events that are lost to whoever replays it, though every book may join up without them. */
const unreadable = ({ malformed, firstMalformed }: Tape): TapeProblem[] =>
  malformed === 0
    ? []
    : [
        {
          code: "E_INPUT_DECODE",
          count: malformed,
          text: `no event to be had${firstMalformed === undefined ? "" : `; the first is ${firstMalformed}`}`,
        },
      ];

const problemsOfTape = (tape: TapeReader): TapeProblem[] => [
  ...(tape.tornBytes > 0
    ? [
        {
          code: "E_TAPE_TORN",
          count: 1,
          text: `${tape.tornBytes} bytes after the last whole frame`,
        } as const,
      ]
    : []),
  ...(tape.holes > 0
    ? [
        {
          code: "E_TAPE_HOLE",
          count: tape.holes,
          text: `${tape.lost} events are missing`,
        } as const,
      ]
    : []),
];

const detailsOf = (tape: TapeReader): TapeDetails => {
  const { source, recording, part } = tape.info;
  return {
    version: tape.version,
    ...(source === undefined ? {} : { source }),
    ...(recording === undefined ? {} : { recording }),
    ...(part === undefined ? {} : { part }),
    parts: tape.paths.length,
    isClosed: tape.isClosed,
    tornBytes: tape.tornBytes,
    marks: tape.marks,
    states: tape.states,
    holes: tape.holes,
    lost: tape.lost,
  };
};
