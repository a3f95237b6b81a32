/** What ends a bar, as a value and as text: `1m`, `tick:100`, `volume:2.5`, `dollar:1000000`. */
import type { Bar, BarBasis } from "../domain/market-event.ts";
import { CodedError } from "../std/errors.ts";

export interface BarKind {
  readonly basis: BarBasis;
  /** 0 for another basis than time. */
  readonly intervalMs: number;
  /** Trades, volume or money that end a bar; 0 for time. */
  readonly size: number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
export const BAR_INTERVAL_MIN_MS = 1000;
export const BAR_INTERVAL_MAX_MS = 86_400_000;
const INTERVAL = /^([1-9]\d{0,5})([smhd])$/;
const SIZED = /^(tick|volume|dollar):(\d{1,15}(?:\.\d{1,12})?)$/;

export const timeBars = (intervalMs: number): BarKind => ({
  basis: "time",
  intervalMs,
  size: 0,
});

/** The door: a text of the forms above, or E_CONFIG_INVALID. */
export const parseBarKind = (text: string): BarKind => {
  const interval = INTERVAL.exec(text);
  if (interval !== null) {
    const intervalMs = Number(interval[1]) * UNIT_MS[interval[2]!]!;
    if (intervalMs <= BAR_INTERVAL_MAX_MS) return timeBars(intervalMs);
  }
  const sized = SIZED.exec(text);
  if (sized !== null) {
    const basis = sized[1] as BarBasis;
    const size = Number(sized[2]);
    if (size > 0 && (basis !== "tick" || Number.isInteger(size)))
      return { basis, intervalMs: 0, size };
  }
  throw new CodedError("E_CONFIG_INVALID", {
    detail: `${JSON.stringify(text)} is no kind of bar`,
  });
};

/** The shortest text that parses to the kind: one kind, one text, so that it can be a key. */
export const barKindText = (kind: BarKind): string => {
  if (kind.basis !== "time") return `${kind.basis}:${kind.size}`;
  for (const [unit, ms] of [...Object.entries(UNIT_MS)].reverse())
    if (kind.intervalMs % ms === 0) return `${kind.intervalMs / ms}${unit}`;
  return `${kind.intervalMs}ms`;
};

export const isOfKind = (bar: Bar, kind: BarKind): boolean =>
  (bar.basis ?? "time") === kind.basis &&
  bar.intervalMs === kind.intervalMs &&
  (bar.basisSize ?? 0) === kind.size;

/** Start of the interval that holds a time; intervals are counted from the Unix epoch in UTC. */
export const intervalStart = (us: number, intervalUs: number): number =>
  Math.floor(us / intervalUs) * intervalUs;
