/** `fusewire tape info | verify | cut | convert`: what is on a tape, whether it is sound, a piece of it, and tapes out of other files. */
import { basename } from "node:path";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import {
  BarsFile,
  readBars,
  type BarEventsOptions,
} from "../feeds/bars-file.ts";
import { BAR_COLUMNS, type ColumnChoice } from "../feeds/bars-layout.ts";
import {
  TIME_UNITS,
  detectTimeUnit,
  isoUs,
  timeParser,
} from "../feeds/bars-time.ts";
import type { FeedEvent } from "../feeds/feed-event.ts";
import { cutTape } from "../feeds/tape-cut.ts";
import { inspectTape, type TapeReport } from "../feeds/tape-inspect.ts";
import {
  TapeChain,
  isTape,
  openTape,
  openTapes,
  type Tape,
} from "../feeds/tape.ts";
import { CodedError } from "../std/errors.ts";
import { EXIT, UsageError, parseFlags, type Command } from "./command.ts";
import { buildTape } from "./tape-build.ts";
import { infoText, verdictText } from "./tape-report.ts";

const help = `usage: fusewire tape info TAPE… [--json]
       fusewire tape verify TAPE… [--json]
       fusewire tape cut TAPE… --out FILE [--from TIME] [--to TIME]
                         [--symbols LIST] [--force] [--json]
       fusewire tape convert FILE… --out FILE [--symbol S.V] [--force] [--json]
                         and, for bars, the flags below

TAPE is a tape of ours (.fwt), a folder with the parts of one recording, or a
raw recording of a venue's messages, gzipped or not; its content tells which,
not its name.

info     span, symbols, events of each kind, rate, size, holes, and what is
         wrong with it. Exit code 1 for damage and for a part that is missing.
         A torn tail, as of a tape that is being recorded or that a crash cut
         short, is told and is 0: all before it is there.
verify   checks every checksum, the order of time, and each symbol's book: no
         gap, never crossed. Exit code 1 with the codes of all that is wrong:
         E_TAPE_FORMAT   damaged
         E_TAPE_TORN     ends in the middle of a write
         E_TAPE_HOLE     the recorder could not keep pace
         E_TAPE_PART     a part is missing
         E_TAPE_ORDER    times step back
         E_INPUT_DECODE  events that cannot be read
         E_BOOK_GAP      a book's sequence has a gap
         E_BOOK_CROSSED  bid met ask
cut      the events received from TIME on and before TIME, of these symbols.
         Each book begins with a snapshot, so that the cut replays without a
         gap. Several tapes are one: parts of a recording in their own order,
         others as given. Marks of a recorded run are left out: a cut is a
         market, not that run.
convert  tapes, raw recordings and dumps of venues, and bars: CSV (plain, .gz
         or .zip, with a header or without, Lean's data files among them) and
         Parquet. Files that continue one another make one tape.

      --out FILE        the tape to write; complete or not at all
      --force           may take the place of a file
      --from, --to TIME 2024-08-08T23:55:00Z (UTC without a zone), a Unix time
                        in s, ms, us or ns, or +SECONDS from the beginning
      --symbols LIST    SYMBOL.VENUE, comma-separated
      --symbol S.V      of bars, and of recordings that do not say it
      --json            one JSON object a tape

bars:
      --interval TIME   of a bar: 1s, 1m, 5m, 1h, 1d or milliseconds; otherwise
                        the least distance of two bars
      --columns LIST    time=ts,open=o,high=h,low=l,close=c,volume=v by name, or
                        by number from 0; otherwise by the usual names.
                        Also: quoteVolume, vwap, trades, buyVolume
      --time-unit UNIT  s, ms, us, ns, iso, msOfDay; otherwise recognised.
                        Times are those at which bars open
      --date DAY        2024-08-08: what msOfDay counts from, where the file's
                        name does not say
      --quote SIDE      bid, ask or mid (default) of files of quotes
      --skip-bad-rows   passes over rows that are no bar or out of order;
                        without it they are refused

What cannot be recognised for certain is E_BARS_UNCLEAR and names the flag's
subject. Bars arrive on the tape when they close.`;

const FLAGS = {
  json: { type: "boolean" },
  out: { type: "string" },
  force: { type: "boolean" },
  from: { type: "string" },
  to: { type: "string" },
  symbols: { type: "string" },
  symbol: { type: "string" },
  interval: { type: "string" },
  columns: { type: "string" },
  "time-unit": { type: "string" },
  date: { type: "string" },
  quote: { type: "string" },
  "skip-bad-rows": { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseFlags<typeof FLAGS>>["values"];

export const tapeCommand: Command = {
  name: "tape",
  summary: "look into tapes, verify, cut and convert them",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, FLAGS);
    const [verb, ...paths] = positionals;
    if (paths.length === 0)
      throw new UsageError("tape info, verify, cut or convert, and a file");
    switch (verb) {
      case "info":
        return info(paths, values);
      case "verify":
        return verify(paths, values);
      case "cut":
        return cut(paths, values);
      case "convert":
        return convert(paths, values);
      default:
        throw new UsageError("tape info, verify, cut or convert");
    }
  },
};

const info = (paths: readonly string[], values: Values): Promise<number> =>
  inspectAll(paths, values, infoText, ({ damage }) => {
    if (damage !== undefined) console.error(`fusewire: ${damage.message}`);
    return damage === undefined;
  });

const verify = (paths: readonly string[], values: Values): Promise<number> =>
  inspectAll(
    paths,
    values,
    verdictText,
    ({ problems }) => problems.length === 0,
  );

/** One that cannot be read at all keeps none of the others from being looked at. */
const inspectAll = async (
  paths: readonly string[],
  { json }: Values,
  text: (report: TapeReport) => string,
  isGood: (report: TapeReport) => boolean,
): Promise<number> => {
  let areGood = true;
  for (const path of paths)
    try {
      const report = await inspectTape(path);
      print(report, json, text);
      areGood = isGood(report) && areGood;
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      areGood = false;
      const { code, message } = error;
      const problems = [{ code, count: 1, text: message }];
      if (json === true) console.log(JSON.stringify({ path, problems }));
      console.error(`fusewire: ${message}`);
    }
  return areGood ? EXIT.ok : EXIT.failed;
};

const print = (
  report: TapeReport,
  asJson: boolean | undefined,
  text: (report: TapeReport) => string,
): void => {
  const { damage: _, ...told } = report;
  console.log(asJson === true ? JSON.stringify(told) : text(report));
};

const cut = async (paths: readonly string[], values: Values) => {
  outFlag(values);
  // Judged before any file is opened, and once more when the beginning is known that `+SECONDS` counts from.
  spanOf(values, 0);
  const open = (): Promise<Tape> => openTapes(paths, symbolOption(values));
  const isRelative = [values.from, values.to].some((text) =>
    text?.startsWith("+"),
  );
  const startUs = isRelative ? await firstUs(await open()) : 0;
  const symbols = values.symbols?.split(",").map((text) => symbolId(text));
  const tape = await open();
  const events = cutTape(tape, {
    ...spanOf(values, startUs),
    ...(symbols === undefined ? {} : { symbols: new Set(symbols) }),
  });
  return write(orRefused(events), tape, values, "cut", paths);
};

/** A tape of nothing would hide a mistyped symbol or day. */
async function* orRefused(
  events: AsyncIterable<FeedEvent>,
): AsyncGenerator<FeedEvent> {
  let isEmpty = true;
  for await (const event of events) {
    isEmpty = false;
    yield event;
  }
  if (isEmpty) throw new UsageError("no event of these symbols in this time");
}

const spanOf = (
  { from, to }: Values,
  startUs: number,
): { fromUs?: number; toUs?: number } => ({
  ...(from === undefined ? {} : { fromUs: timeFlag("from", from, startUs) }),
  ...(to === undefined ? {} : { toUs: timeFlag("to", to, startUs) }),
});

const convert = async (paths: readonly string[], values: Values) => {
  outFlag(values);
  barsOptions(values);
  const tape = await openAll(paths, values);
  return write(tape, tape, values, "convert", paths);
};

/** Bars are what is neither a tape nor a recording. */
const openAll = async (
  paths: readonly string[],
  values: Values,
): Promise<Tape> => {
  const areTapes = await Promise.all(paths.map(isTape));
  if (areTapes.every((is) => is)) return openTapes(paths, symbolOption(values));
  const tapes: Tape[] = [];
  for (const [i, path] of paths.entries())
    tapes.push(
      areTapes[i] === true
        ? await openTape(path, symbolOption(values))
        : openBars(path, values),
    );
  return new TapeChain(tapes);
};

const openBars = (path: string, values: Values): Tape => {
  const options = barsOptions(values);
  const file = new BarsFile(path, options);
  return {
    get malformed() {
      return file.skipped;
    },
    [Symbol.asyncIterator]: () => readBars(file, path, options),
  };
};

const write = async (
  events: AsyncIterable<FeedEvent>,
  tape: Tape,
  values: Values,
  verb: string,
  paths: readonly string[],
): Promise<number> => {
  const built = await buildTape(events, {
    out: outFlag(values),
    existing: values.force === true ? "replace" : "refuse",
    info: {
      source: `${verb} ${paths.map((path) => basename(path)).join(" ")}`,
    },
  });
  const { malformed, firstMalformed } = tape;
  const summary = { ...built, malformed, firstMalformed };
  const { out, events: count, bytes } = built;
  console.log(
    values.json === true
      ? JSON.stringify(summary)
      : `${out}: ${count} events, ${bytes} bytes`,
  );
  if (malformed > 0 && values.json !== true)
    console.error(
      `${malformed} malformed, passed over${firstMalformed === undefined ? "" : `: the first is ${firstMalformed}`}`,
    );
  return EXIT.ok;
};

const outFlag = ({ out }: Values): string => {
  if (out === undefined) throw new UsageError("--out FILE is needed");
  return out;
};

const symbolOption = ({ symbol }: Values): { symbol?: SymbolId } =>
  symbol === undefined ? {} : { symbol: symbolId(symbol) };

const firstUs = async (tape: AsyncIterable<FeedEvent>): Promise<number> => {
  for await (const { receivedUs } of tape) return receivedUs;
  throw new UsageError("the tape is empty");
};

const timeFlag = (name: string, text: string, startUs: number): number => {
  const seconds = text.startsWith("+") ? Number(text.slice(1)) : Number.NaN;
  if (Number.isFinite(seconds)) return startUs + seconds * 1e6;
  try {
    return timeParser(detectTimeUnit(text, false), undefined)(text);
  } catch {
    throw new UsageError(`--${name} ${text}: a time is expected`);
  }
};

const barsOptions = (values: Values): BarEventsOptions => {
  const { interval, columns, date, quote } = values;
  const unit = values["time-unit"];
  return {
    ...symbolOption(values),
    ...(interval === undefined ? {} : { intervalMs: intervalFlag(interval) }),
    ...(columns === undefined ? {} : { columns: columnsFlag(columns) }),
    ...(unit === undefined
      ? {}
      : { timeUnit: oneOf("time-unit", unit, TIME_UNITS) }),
    ...(date === undefined ? {} : { dayUs: dateFlag(date) }),
    ...(quote === undefined
      ? {}
      : { quote: oneOf("quote", quote, ["bid", "ask", "mid"] as const) }),
    ...(values["skip-bad-rows"] === true ? { badRows: "skip" as const } : {}),
  };
};

const UNITS_MS: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const intervalFlag = (text: string): number => {
  const match = /^(\d+)(ms|s|m|h|d)?$/.exec(text);
  const ms = Number(match?.[1]) * UNITS_MS[match?.[2] ?? ""]!;
  if (!(ms >= 1)) throw new UsageError(`--interval ${text}: as 1m or 60000`);
  return ms;
};

const columnsFlag = (text: string): ColumnChoice =>
  Object.fromEntries(
    text.split(",").map((pair) => {
      const [column = "", name] = pair.split("=");
      if (name === undefined || name === "")
        throw new UsageError(`--columns ${pair}: COLUMN=NAME expected`);
      return [oneOf("columns", column, BAR_COLUMNS), name];
    }),
  );

const dateFlag = (text: string): number => {
  const us = isoUs(text);
  if (Number.isNaN(us)) throw new UsageError(`--date ${text}: as 2024-08-08`);
  return us;
};

const oneOf = <T extends string>(
  flag: string,
  text: string,
  allowed: readonly T[],
): T => {
  const found = allowed.find((value) => value === text);
  if (found === undefined)
    throw new UsageError(`--${flag} ${text}: one of ${allowed.join(", ")}`);
  return found;
};
