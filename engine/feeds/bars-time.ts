/** What a bar file's time column means: a unit told or recognised, and each cell as microseconds since the Unix epoch. */
import { CodedError } from "../std/errors.ts";

export const TIME_UNITS = ["s", "ms", "us", "ns", "iso", "msOfDay"] as const;
export type TimeUnit = (typeof TIME_UNITS)[number];

const ISO =
  /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/;
const DAY_MS = 86_400_000;

/** By the first cell; `hasDate`: the name of the file tells the day. E_BARS_UNCLEAR for what may mean several things. */
export const detectTimeUnit = (cell: string, hasDate: boolean): TimeUnit => {
  const value = Number(cell);
  if (cell.trim() !== "" && Number.isFinite(value)) {
    if (value >= 1e17) return "ns";
    if (value >= 1e14) return "us";
    if (value >= 1e11) return "ms";
    if (value >= 1e8) return "s";
    if (hasDate && value >= 0 && value < DAY_MS) return "msOfDay";
  }
  if (!Number.isNaN(isoUs(cell))) return "iso";
  throw new CodedError("E_BARS_UNCLEAR", {
    field: "time",
    detail: "a time of no known form: say its unit",
  });
};

/** NaN for a cell that is no time. `dayUs` is the midnight that `msOfDay` counts from. */
export const timeParser = (
  unit: TimeUnit,
  dayUs: number | undefined,
): ((cell: string) => number) => {
  switch (unit) {
    case "s":
      return (cell) => Math.round(numberOf(cell) * 1e6);
    case "ms":
      return (cell) => Math.round(numberOf(cell) * 1e3);
    case "us":
      return (cell) => Math.round(numberOf(cell));
    case "ns":
      // Beyond what a double holds, so the last three digits go before it is made one.
      return (cell) =>
        /^\d{4,19}$/.test(cell) ? Number(cell.slice(0, -3)) : Number.NaN;
    case "iso":
      return isoUs;
    case "msOfDay":
      if (dayUs === undefined)
        throw new CodedError("E_BARS_UNCLEAR", {
          field: "date",
          detail: "times count from midnight: say of which day",
        });
      return (cell) => dayUs + Math.round(numberOf(cell) * 1e3);
  }
};

/** UTC where no zone is told. */
export const isoUs = (cell: string): number => {
  const match = ISO.exec(cell.trim());
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const ms = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  );
  // Date.UTC takes a 13th month or a 31st of June for the next one.
  const date = new Date(ms);
  if (
    date.getUTCMonth() !== Number(month) - 1 ||
    date.getUTCDate() !== Number(day) ||
    Number(hour ?? 0) > 23 ||
    Number(minute ?? 0) > 59 ||
    Number(second ?? 0) > 59
  )
    return Number.NaN;
  const us = Number((fraction ?? "").padEnd(6, "0").slice(0, 6));
  return (ms - zoneMs(zone)) * 1000 + us;
};

const zoneMs = (zone: string | undefined): number => {
  if (zone === undefined || zone === "Z" || zone === "UTC") return 0;
  const digits = zone.replace(/\D/g, "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith("-") ? -1 : 1) * minutes * 60_000;
};

export const numberOf = (cell: string): number =>
  cell.trim() === "" ? Number.NaN : Number(cell);
