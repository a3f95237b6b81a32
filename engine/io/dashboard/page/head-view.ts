/** The selected symbol in large: what the engine believes, and whether that may be believed now. */
import { byId, setClass, setText, setTitle } from "./dom.ts";
import * as format from "./format.ts";
import { isTrusted, midOf, stateOf, type Store } from "./store.ts";

export class HeadView {
  readonly #symbol = byId("focus-symbol");
  readonly #venue = byId("focus-venue");
  readonly #state = byId("focus-state");
  readonly #mid = byId("focus-mid");
  readonly #class = byId("focus-class");
  readonly #head = byId("head");

  draw(store: Store): void {
    const { view } = store;
    const state = stateOf(store);
    setText(this.#state, state);
    setClass(this.#state, `badge ${state.replace(" ", "_")}`);
    if (view === undefined) {
      this.#drawNothing(store.selected);
      return;
    }
    const { signal, decimals } = view;
    const { book } = signal;
    const [ticker = "", venue = ""] = view.symbol.split(".");
    const isLive = isTrusted(store, signal);
    setText(this.#symbol, ticker);
    setText(this.#venue, venue);
    setTitle(this.#state, book.reason === "none" ? "" : book.reason);
    setClass(this.#head, isLive ? "" : "dead");
    setText(
      this.#mid,
      // A mid lies between two ticks: one decimal more than prices have.
      book.state === "LIVE" ? format.price(midOf(signal), decimals + 1) : "–",
    );
    setClass(
      this.#mid,
      `mid ${view.move > 0 ? "up" : view.move < 0 ? "down" : ""}`,
    );
    setText(this.#class, isLive ? format.className(signal.class) : "NOT LIVE");
    setClass(this.#class, `class ${isLive ? signal.class : "NONE"}`);
    setText(
      byId("focus-probability"),
      isLive ? format.percent(signal.probability, 2) : "–",
    );
    setText(
      byId("focus-confidence"),
      isLive ? format.percent(signal.confidence) : "–",
    );
    setText(
      byId("focus-agreement"),
      isLive ? format.percent(signal.agreement, 0) : "–",
    );
    setText(byId("focus-horizon"), format.horizon(signal.horizonMs));
    setText(byId("focus-spread"), spreadOf(store));
    setText(byId("focus-rate"), format.rate(view.perSecond));
    setText(byId("focus-age"), format.age(performance.now() - view.atMs));
  }

  /** A symbol that this run of the engine has not spoken of: what an earlier one said must not stand there. */
  #drawNothing(symbol: string): void {
    setText(this.#symbol, symbol.split(".")[0] ?? "");
    setText(this.#venue, symbol.split(".")[1] ?? "");
    setClass(this.#head, "dead");
    setText(this.#mid, "–");
    setText(this.#class, "NOT LIVE");
    setClass(this.#class, "class NONE");
    for (const name of FIGURES) setText(byId(`focus-${name}`), "–");
  }
}

const FIGURES = [
  "probability",
  "confidence",
  "agreement",
  "horizon",
  "spread",
  "rate",
  "age",
];

const spreadOf = ({ view }: Store): string => {
  if (view?.signal.book.state !== "LIVE") return "–";
  const { bidPrice, askPrice } = view.signal.book;
  const bps = ((askPrice - bidPrice) / midOf(view.signal)) * 1e4;
  return `${bps.toFixed(2)} bp`;
};
