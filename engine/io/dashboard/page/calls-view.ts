/** Which symbols took a side lately, newest first; a click shows the symbol. */
import {
  byId,
  cellRow,
  KeyedRows,
  make,
  setClass,
  setText,
  type CellRow,
} from "./dom.ts";
import * as format from "./format.ts";
import type { Call, Store } from "./store.ts";

const CELLS = ["number dim", "source", "", "number", "number dim"];

export class CallsView {
  readonly #rows: KeyedRows<CellRow>;
  #shown = "";

  constructor(onSelect: (symbol: string) => void) {
    this.#rows = new KeyedRows(byId("call-rows"), () => {
      const row = cellRow(CELLS);
      row.root.addEventListener("click", () =>
        onSelect(row.root.dataset["symbol"] ?? ""),
      );
      return row;
    });
  }

  draw({ calls }: Store): void {
    const newest = calls[0]?.key ?? "";
    if (newest === this.#shown) return;
    this.#shown = newest;
    this.#rows.show(calls.map(({ key }) => key));
    for (const call of calls) this.#drawCall(call);
  }

  #drawCall(call: Call): void {
    const { root, cells } = this.#rows.get(call.key)!;
    // A call never changes: written once.
    if (root.dataset["symbol"] !== undefined) return;
    root.dataset["symbol"] = call.symbol;
    const at = new Date(call.emittedUs / 1000).toISOString().slice(11, 19);
    const chip = make("span");
    setClass(chip, `class ${call.name}`);
    setText(chip, format.className(call.name));
    setText(cells[0]!, at);
    setText(cells[1]!, call.symbol.split(".")[0] ?? "");
    cells[2]!.append(chip);
    setText(cells[3]!, format.price(call.price, call.decimals));
    setText(cells[4]!, format.percent(call.probability, 0));
  }
}
