/** The list at the left: every symbol with its class, its probability and the state of its book. */
import { byId, KeyedRows, make, setClass, setText, setVar } from "./dom.ts";
import * as format from "./format.ts";
import { isTrusted, midOf, type Store, type SymbolView } from "./store.ts";

const SPARK_WIDTH = 48;
const SPARK_HEIGHT = 20;

class SymbolRow {
  readonly root = make("tr");
  readonly #name = make("strong");
  readonly #state = make("span", "dot");
  readonly #spark = make("canvas", "spark") as HTMLCanvasElement;
  readonly #mid = make("td", "number mid");
  readonly #class = make("span", "class");
  readonly #probability = make("span", "lean");
  readonly #percent = make("span", "number percent");
  #sparkSecond = 0;

  constructor(symbol: string, onSelect: (symbol: string) => void) {
    const [ticker = "", venue = ""] = symbol.split(".");
    this.#name.textContent = ticker;
    this.root.dataset["symbol"] = symbol;
    this.root.append(
      make("td", "name", [
        make("div", "", [this.#state, this.#name]),
        make("small", "", [venue]),
      ]),
      make("td", "", [this.#spark]),
      this.#mid,
      make("td", "call", [
        this.#class,
        make("span", "odds", [this.#probability, this.#percent]),
      ]),
    );
    const ratio = Math.min(3, window.devicePixelRatio);
    this.#spark.width = SPARK_WIDTH * ratio;
    this.#spark.height = SPARK_HEIGHT * ratio;
    this.root.addEventListener("click", () => onSelect(symbol));
  }

  draw(store: Store, view: SymbolView): void {
    const { signal } = view;
    const isLive = isTrusted(store, signal);
    const selected = store.selected === view.symbol ? "selected" : "";
    setClass(this.root, `${selected} ${isLive ? "" : "dead"}`);
    this.root.ariaSelected = String(selected !== "");
    setClass(this.#state, `dot ${signal.book.state}`);
    this.#state.title = `${signal.book.state} ${signal.book.reason}`;
    setText(
      this.#mid,
      signal.book.state === "LIVE"
        ? format.price(midOf(signal), view.decimals)
        : signal.book.state,
    );
    setClass(this.#mid, `number mid ${moveTone(view.move)}`);
    setText(this.#class, isLive ? format.className(signal.class) : "NOT LIVE");
    setClass(this.#class, `class ${isLive ? signal.class : "NONE"}`);
    setText(this.#percent, isLive ? format.percent(signal.probability) : "–");
    // From the middle outwards, full at 25 % either way: what is further out is rare and just as clear.
    const lean = isLive
      ? Math.max(-1, Math.min(1, (signal.probability - 0.5) * 4))
      : 0;
    setVar(this.#probability, "--lean", Math.abs(lean).toFixed(3));
    setClass(this.#probability, `lean ${lean < 0 ? "down" : "up"}`);
    if (view.trailSecond !== this.#sparkSecond) {
      this.#sparkSecond = view.trailSecond;
      this.#drawSpark(view.trail);
    }
  }

  #drawSpark(trail: readonly number[]): void {
    const context = this.#spark.getContext("2d");
    if (context === null || trail.length < 2) return;
    const { width, height } = this.#spark;
    const low = Math.min(...trail);
    const span = Math.max(...trail) - low || 1;
    context.clearRect(0, 0, width, height);
    context.beginPath();
    for (const [i, mid] of trail.entries()) {
      const x = (i / (trail.length - 1)) * (width - 2) + 1;
      const y = height - 2 - ((mid - low) / span) * (height - 4);
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    }
    context.lineWidth = 1.2 * Math.min(3, window.devicePixelRatio);
    context.lineJoin = "round";
    context.strokeStyle =
      trail[trail.length - 1]! >= trail[0]! ? "#2ebd85" : "#f6465d";
    context.stroke();
  }
}

const moveTone = (move: number): string =>
  move > 0 ? "up" : move < 0 ? "down" : "";

export class SymbolsView {
  readonly #rows: KeyedRows<SymbolRow>;
  readonly #count = byId("symbol-count");

  constructor(onSelect: (symbol: string) => void) {
    this.#rows = new KeyedRows(
      byId("symbol-rows"),
      (symbol) => new SymbolRow(symbol, onSelect),
    );
  }

  draw(store: Store): void {
    const { names } = store;
    this.#rows.show(names);
    let live = 0;
    for (const name of names) {
      const view = store.symbols.get(name)!;
      if (isTrusted(store, view.signal)) live++;
      this.#rows.get(name)!.draw(store, view);
    }
    setText(this.#count, `${live} of ${names.length} live`);
  }

  /** Brings the selected row into view after the keyboard moved to it. */
  reveal(symbol: string): void {
    this.#rows.get(symbol)?.root.scrollIntoView({ block: "nearest" });
  }
}
