/** The top of the book: sizes and running totals as bars behind the numbers, best prices at the middle. */
import {
  byId,
  cellRow,
  setClass,
  setText,
  setTitle,
  setVar,
  type CellRow,
} from "./dom.ts";
import * as format from "./format.ts";
import { stateOf, type Store } from "./store.ts";
import type { Ladder } from "./wire.ts";

const LEVELS = 10;
const CELLS = ["number price", "number", "number total"];

export class LadderView {
  readonly #asks: readonly CellRow[];
  readonly #bids: readonly CellRow[];
  readonly #state = byId("book-state");
  readonly #panel = byId("book");

  constructor() {
    // Asks are drawn from the far end, so that the best stands next to the spread.
    this.#asks = rowsIn(byId("ask-rows"));
    this.#bids = rowsIn(byId("bid-rows"));
  }

  draw(store: Store): void {
    const { ladder, view } = store;
    const isOurs = ladder !== undefined && ladder.symbol === store.selected;
    const book = isOurs ? ladder : undefined;
    const state = stateOf(store);
    setText(this.#state, state);
    setClass(this.#state, `badge ${state.replace(" ", "_")}`);
    const reason = view?.signal.book.reason ?? "none";
    setText(
      byId("book-seq"),
      reason === "none" ? `seq ${book?.seq ?? "–"}` : reasonText(reason),
    );
    setTitle(this.#state, reason);
    this.#panel.classList.toggle("dead", state !== "LIVE");
    const bids = book?.bids ?? [];
    const asks = book?.asks ?? [];
    const decimals = view?.decimals ?? 2;
    const deepest = Math.max(totalOf(bids), totalOf(asks)) || 1;
    drawSide([...this.#asks].reverse(), asks, decimals, deepest);
    drawSide(this.#bids, bids, decimals, deepest);
    drawMiddle(book, decimals);
    byId("imbalance").hidden = bids.length === 0 && asks.length === 0;
    const share = totalOf(bids) / (totalOf(bids) + totalOf(asks) || 1);
    setVar(byId("imbalance"), "--bid", share.toFixed(3));
    setText(byId("imbalance-bid"), `${format.percent(share, 0)} bid`);
    setText(byId("imbalance-ask"), `ask ${format.percent(1 - share, 0)}`);
  }
}

const rowsIn = (body: HTMLElement): readonly CellRow[] => {
  const rows = Array.from({ length: LEVELS }, () => cellRow(CELLS));
  body.append(...rows.map(({ root }) => root));
  return rows;
};

const totalOf = (side: readonly number[]): number => {
  let total = 0;
  for (let i = 1; i < Math.min(side.length, 2 * LEVELS); i += 2)
    total += side[i]!;
  return total;
};

const drawSide = (
  rows: readonly CellRow[],
  side: readonly number[],
  decimals: number,
  deepest: number,
): void => {
  let total = 0;
  for (const [i, { root, cells }] of rows.entries()) {
    const price = side[2 * i];
    const size = side[2 * i + 1];
    const isEmpty = price === undefined || size === undefined;
    total += size ?? 0;
    setText(cells[0]!, isEmpty ? "" : format.price(price, decimals));
    setText(cells[1]!, isEmpty ? "" : format.size(size));
    setText(cells[2]!, isEmpty ? "" : format.size(total));
    setVar(root, "--size", isEmpty ? "0" : (size / deepest).toFixed(4));
    setVar(root, "--total", isEmpty ? "0" : (total / deepest).toFixed(4));
  }
};

const drawMiddle = (book: Ladder | undefined, decimals: number): void => {
  const bid = book?.bids[0];
  const ask = book?.asks[0];
  const known = bid !== undefined && ask !== undefined;
  setText(
    byId("ladder-mid"),
    known ? format.price((bid + ask) / 2, decimals + 1) : "–",
  );
  setText(
    byId("ladder-spread"),
    known ? `spread ${format.price(ask - bid, decimals)}` : "",
  );
};

const reasonText = (reason: string): string =>
  reason.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
