/** What `fusewire tape info` and `verify` print for people. */
import type { TapeReport } from "../feeds/tape-inspect.ts";

const SYMBOLS_SHOWN_MAX = 20;

const time = (us: number | undefined): string =>
  us === undefined ? "-" : new Date(us / 1000).toISOString();

const size = (bytes: number): string =>
  bytes < 10_000
    ? `${bytes} bytes`
    : bytes < 10_000_000
      ? `${(bytes / 1e3).toFixed(0)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`;

const formatOf = ({ format, tape }: TapeReport): string => {
  if (tape === undefined) return format;
  const { version, isClosed, source, part, parts } = tape;
  return [
    `tape, version ${version}`,
    isClosed ? "closed" : "no footer: being recorded, or cut short",
    ...(source === undefined ? [] : [`from ${source}`]),
    ...(part === undefined
      ? []
      : [
          parts === 1 ? `part ${part}` : `parts ${part} to ${part + parts - 1}`,
        ]),
  ].join(", ");
};

export const infoText = (report: TapeReport): string => {
  const { kinds, symbols, bytes, bytesPerEvent, tape } = report;
  const names = Object.entries(symbols);
  return [
    `${report.path}: ${formatOf(report)}`,
    `  ${time(report.firstUs)} to ${time(report.lastUs)}, ${report.seconds.toFixed(1)} s`,
    `  ${report.events} events, ${report.eventsPerSecond.toFixed(0)} a second; ${size(bytes)}, ${bytesPerEvent.toFixed(1)} bytes an event`,
    `  ${Object.entries(kinds)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(", ")}`,
    ...names
      .slice(0, SYMBOLS_SHOWN_MAX)
      .map(([symbol, count]) => `  ${symbol.padEnd(24)} ${count}`),
    ...(names.length > SYMBOLS_SHOWN_MAX
      ? [`  and ${names.length - SYMBOLS_SHOWN_MAX} more symbols`]
      : []),
    ...(tape === undefined || tape.marks === 0
      ? []
      : [`  ${tape.marks} marks of the run that was recorded`]),
    ...(tape === undefined || tape.states === 0
      ? []
      : [`  ${tape.states} of the events say what the parts before came to`]),
    ...(report.malformed === 0
      ? []
      : [`  ${report.malformed} malformed, passed over`]),
    ...problemLines(report),
  ].join("\n");
};

export const verdictText = (report: TapeReport): string => {
  const { path, events, books, problems } = report;
  const heading =
    problems.length === 0
      ? `${path}: sound, ${events} events, ${Object.keys(books).length} books without gap`
      : `${path}: ${problems.length === 1 ? "a problem" : `${problems.length} problems`}, ${events} events read`;
  return [heading, ...problemLines(report)].join("\n");
};

const problemLines = ({ problems }: TapeReport): string[] =>
  problems.map(
    ({ code, count, symbol, text }) =>
      `  ${code}${symbol === undefined ? "" : ` ${symbol}`}: ${count} × ${text}`,
  );
