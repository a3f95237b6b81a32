/** Why the signal is what it is: every source's share of the log-odds, those that are missing, and the sum. */
import {
  bar,
  byId,
  cellRow,
  KeyedRows,
  make,
  setClass,
  setText,
  setVar,
} from "./dom.ts";
import * as format from "./format.ts";
import { isTrusted, type Store } from "./store.ts";
import type { Signal, Source } from "./wire.ts";

const CELLS = [
  "source",
  "number dim",
  "number dim",
  "number",
  "number",
  "fresh",
  "number dim",
  "wide",
  "number",
];

class SourceRow {
  readonly root: HTMLElement;
  readonly #cells: readonly HTMLElement[];
  readonly #fresh = bar("fill");
  readonly #share = bar("signed");

  constructor() {
    const { root, cells } = cellRow(CELLS);
    this.root = root;
    this.#cells = cells;
    cells[5]!.append(this.#fresh);
    cells[7]!.append(this.#share);
  }

  draw(source: Source, scale: number): void {
    const c = this.#cells;
    setClass(this.root, "");
    this.root.dataset["model"] = source.model;
    setText(c[0]!, source.model);
    c[0]!.dataset["family"] = source.family;
    setText(c[1]!, source.version);
    setText(c[2]!, format.horizon(source.horizonMs));
    setText(c[3]!, format.percent(source.probability));
    setText(c[4]!, format.percent(source.weight));
    setVar(this.#fresh, "--at", source.freshness.toFixed(3));
    setText(c[6]!, format.age(source.ageMs));
    drawSigned(this.#share, source.contribution, scale);
    setText(c[8]!, format.plusMinus(source.contribution, 4));
    setClass(c[8]!, `number ${toneOf(source.contribution)}`);
  }

  drawMissing(model: string, reason: string): void {
    setClass(this.root, "missing");
    delete this.root.dataset["model"];
    const c = this.#cells;
    setText(c[0]!, model);
    for (const i of [1, 2, 4, 6]) setText(c[i]!, "");
    setText(c[3]!, reason);
    setVar(this.#fresh, "--at", "0");
    drawSigned(this.#share, 0, 1);
    setText(c[8]!, "–");
    setClass(c[8]!, "number");
  }
}

const toneOf = (value: number): string =>
  value > 0 ? "up" : value < 0 ? "down" : "";

const drawSigned = (node: HTMLElement, value: number, scale: number): void => {
  setVar(node, "--at", Math.min(1, Math.abs(value) / scale).toFixed(4));
  setClass(node, `bar signed ${toneOf(value)}`);
};

export class SourcesView {
  readonly #rows = new KeyedRows(byId("source-rows"), () => new SourceRow());
  readonly #sum = byId("sum");
  readonly #sumBar = bar("signed");
  readonly #note = byId("sum-note");
  readonly #sentiment = byId("sentiment-body");
  readonly #score = make("span", "score");
  readonly #label = make("span", "label");
  readonly #words = make("span", "dim");
  readonly #panel = byId("sources");

  constructor() {
    byId("sum-bar").append(this.#sumBar);
    this.#sentiment.append(
      make("div", "sentiment-line", [this.#label, this.#score]),
      this.#words,
    );
  }

  draw(store: Store): void {
    const { view } = store;
    if (view === undefined) {
      this.#rows.show([]);
      setText(this.#sum, "–");
      setText(this.#note, "");
      drawSigned(this.#sumBar, 0, 1);
      return;
    }
    const { signal } = view;
    this.#panel.classList.toggle("dead", !isTrusted(store, signal));
    const { sources, missing } = signal;
    this.#rows.show([
      ...sources.map(({ model }) => model),
      ...missing.map(({ model }) => model),
    ]);
    const scale = scaleOf(signal);
    for (const source of sources)
      this.#rows.get(source.model)!.draw(source, scale);
    for (const { model, reason } of missing)
      this.#rows.get(model)!.drawMissing(model, reason);
    setText(this.#sum, format.plusMinus(signal.logOdds, 4));
    setClass(this.#sum, `number ${toneOf(signal.logOdds)}`);
    drawSigned(this.#sumBar, signal.logOdds, scale);
    setText(
      this.#note,
      `${sources.length} of ${sources.length + missing.length} speak → P(up) ${format.percent(signal.probability, 2)}`,
    );
    this.#drawSentiment(signal);
  }

  #drawSentiment({ sentiment }: Signal): void {
    if (sentiment === undefined) {
      setText(this.#label, "no news");
      setClass(this.#label, "label neutral");
      setVar(this.#score, "--at", "0");
      setText(this.#words, "No headline within its time to live.");
      return;
    }
    const { label, score, confidence, headlineId, ageMs } = sentiment;
    setText(this.#label, label);
    setClass(this.#label, `label ${label}`);
    setVar(this.#score, "--at", Math.min(1, Math.abs(score)).toFixed(3));
    setClass(this.#score, `score ${score < 0 ? "down" : "up"}`);
    setText(
      this.#words,
      `score ${format.plusMinus(score, 2)} · confidence ${format.percent(confidence, 0)} · ${format.age(ageMs)} ago · headline ${headlineId}`,
    );
  }
}

/** Bars share one scale, in steps, so that they do not breathe with every signal. */
const scaleOf = ({ sources, logOdds }: Signal): number => {
  const most = Math.max(
    Math.abs(logOdds),
    ...sources.map(({ contribution }) => Math.abs(contribution)),
  );
  return 2 ** Math.ceil(Math.log2(Math.max(most, 0.05)));
};
