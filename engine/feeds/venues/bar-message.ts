/** Bars as venues tell them: checked for order, with a volume-weighted price that lies within them, and closed only when they are. */
import type { Bar } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import type { MapperCore } from "./mapper-core.ts";
import { rangeError } from "./message.ts";

/** What a venue says of a bar. */
export interface BarMessage {
  readonly symbol: SymbolId;
  readonly eventUs: UnixMicros;
  readonly intervalMs: number;
  readonly openUs: UnixMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Price times volume over volume, where the venue tells it; anything outside the bar is not believed. */
  readonly vwap: number | undefined;
  /** 0 where the venue does not count them. */
  readonly trades: number;
  readonly buyVolume?: number;
}

/** Refuses a bar whose prices are not in order. */
export const checkedBar = (bar: BarMessage): BarMessage => {
  const { open, high, low, close } = bar;
  if (
    !(low <= open && low <= close && high >= open && high >= close) ||
    !(bar.intervalMs > 0)
  )
    throw rangeError("bar");
  return bar;
};

export const emitBar = (
  core: MapperCore,
  message: BarMessage,
  closed: boolean,
): void => {
  const { symbol, eventUs, vwap, buyVolume, ...rest } = message;
  const { high, low, close, volume } = message;
  const bar: Bar = {
    type: "bar",
    ...core.head(symbol, eventUs),
    ...rest,
    vwap:
      vwap !== undefined && vwap >= low && vwap <= high
        ? vwap
        : volume === 0
          ? close
          : (high + low + close) / 3,
    ...(buyVolume === undefined || buyVolume > volume
      ? {}
      : { buyVolume, sellVolume: volume - buyVolume }),
    closed,
  };
  core.emit(bar);
};

/** Bars of a venue that never says when one is closed: it is when the next of its interval begins. */
export class OpenBars {
  readonly #core: MapperCore;
  readonly #last = new Map<string, BarMessage>();

  constructor(core: MapperCore) {
    this.#core = core;
  }

  apply(bar: BarMessage): void {
    const key = `${bar.symbol} ${bar.intervalMs}`;
    const last = this.#last.get(key);
    if (last !== undefined && bar.openUs < last.openUs) {
      this.#core.counts.duplicates++;
      return;
    }
    if (last !== undefined && bar.openUs > last.openUs)
      emitBar(this.#core, { ...last, eventUs: bar.eventUs }, true);
    this.#last.set(key, bar);
    emitBar(this.#core, bar, false);
  }

  /** What was open may have gone on unseen, so it is never told as closed. */
  reset(): void {
    this.#last.clear();
  }
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `15m`, `1H`, `1Dutc` in milliseconds; undefined for months, which are of no fixed length. */
export const intervalMsOf = (text: string): number | undefined => {
  const match = /^(\d{1,3})([smhdwHDW])(?:utc)?$/.exec(text);
  if (match === null) return undefined;
  const count = Number(match[1]);
  return count > 0 ? count * UNIT_MS[match[2]!.toLowerCase()]! : undefined;
};
