/** `fusewire features microprice`: the table of the microprice, estimated from recorded books as the `microstructure` set reads them. */
import type { SymbolId } from "../domain/symbol.ts";
import { FadingMean, MicroClock, T_30_S } from "../features/micro-clock.ts";
import {
  EVENT_NS,
  IMBALANCE,
  MID,
  MicroInputs,
  SPREAD,
} from "../features/micro-inputs.ts";
import { MICRO_LEVELS } from "../features/micro-levels.ts";
import { MicroState } from "../features/micro-state.ts";
import { MicropriceEstimate } from "../features/microprice-estimate.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { eventsOf } from "./recorded-input.ts";

export interface MicropriceReport {
  readonly updates: number;
  /** For a manifest. */
  readonly constants: Readonly<Record<string, number>>;
}

const DEPTH_MAX = 1000;
const LONG = [T_30_S];

/** Each file is a stretch of its own. */
export const estimateMicroprice = async (
  paths: readonly string[],
  symbol: SymbolId | undefined,
): Promise<MicropriceReport> => {
  const estimate = new MicropriceEstimate();
  for (const path of paths) {
    await follow(path, symbol, estimate);
    estimate.onVoid();
  }
  return { updates: estimate.updates, constants: estimate.constants() };
};

const follow = async (
  path: string,
  symbol: SymbolId | undefined,
  estimate: MicropriceEstimate,
): Promise<void> => {
  const book = new OrderBook({ depthMax: DEPTH_MAX });
  const sync = new BookSync(book);
  const state = new MicroState(
    MicroInputs.STATE + MicroClock.STATE + FadingMean.stateOf(LONG),
  );
  const inputs = new MicroInputs(state);
  const clock = new MicroClock(state, inputs);
  const usualSpread = new FadingMean(state, LONG);
  const { values } = inputs;
  for await (const event of eventsOf(path, symbol)) {
    if (
      event.type !== "bookSnapshot" &&
      event.type !== "bookDelta" &&
      event.type !== "gap"
    )
      continue;
    sync.apply(event);
    if (!book.hasBothSides) {
      usualSpread.void();
      estimate.onVoid();
      continue;
    }
    values[EVENT_NS] = event.receivedNs;
    if (clock.advance()) usualSpread.fade(clock);
    book.copyTop(inputs.top, MICRO_LEVELS);
    inputs.readTop();
    usualSpread.set(values, SPREAD);
    estimate.onBook(
      values[IMBALANCE]!,
      values[SPREAD]!,
      usualSpread.means[0]!,
      values[MID]!,
    );
  }
};
