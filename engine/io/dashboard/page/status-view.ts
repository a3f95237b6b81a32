/** What comes from /api/status: stage latencies, actors, models and the belief in each. */
import {
  bar,
  byId,
  cellRow,
  KeyedRows,
  setClass,
  setText,
  setTitle,
  setVar,
  type CellRow,
} from "./dom.ts";
import * as format from "./format.ts";
import type { Store } from "./store.ts";
import type { Stage, Status, Weight } from "./wire.ts";

const ACTORS_SHOWN_MAX = 200;
const BUDGET_US = 10_000;
/** Belief is shown around a coin's 0.5, as far out as the widest interval needs. */
const BELIEF_SPANS = [0.05, 0.1, 0.25, 0.5];

/** 1 µs … 10 ms to 0 … 1 */
const logPlace = (us: number): number =>
  Math.max(0, Math.min(1, Math.log10(Math.max(us, 1)) / Math.log10(BUDGET_US)));

class StageRow {
  readonly root: HTMLElement;
  readonly #cells: readonly HTMLElement[];
  readonly #bar = bar("range");

  constructor(name: string) {
    const { root, cells } = cellRow([
      "source",
      "wide",
      "number",
      "number",
      "number dim",
    ]);
    this.root = root;
    this.#cells = cells;
    setText(cells[0]!, name);
    if (name === "total") root.className = "total";
    cells[1]!.append(this.#bar);
  }

  draw({ count, p50Us, p99Us, maxUs }: Stage): void {
    setVar(this.#bar, "--from", logPlace(p50Us).toFixed(3));
    setVar(this.#bar, "--to", logPlace(p99Us).toFixed(3));
    setVar(this.#bar, "--max", logPlace(maxUs).toFixed(3));
    const [, , p50, p99, max] = this.#cells;
    setText(p50!, count > 0 ? format.micros(p50Us) : "–");
    setText(p99!, count > 0 ? format.micros(p99Us) : "–");
    setText(max!, count > 0 ? format.micros(maxUs) : "–");
    setClass(p99!, `number ${p99Us > BUDGET_US ? "down" : ""}`);
  }
}

class WeightRow {
  readonly root: HTMLElement;
  readonly #cells: readonly HTMLElement[];
  readonly #bar = bar("belief");

  constructor(model: string) {
    const { root, cells } = cellRow(["source", "wide", "number", "number dim"]);
    this.root = root;
    this.#cells = cells;
    setText(cells[0]!, model);
    cells[1]!.append(this.#bar);
  }

  draw({ mean, lower, upper, weight, outcomes }: Weight, span: number): void {
    const place = (rate: number): string =>
      Math.max(0, Math.min(1, 0.5 + (rate - 0.5) / (2 * span))).toFixed(3);
    setVar(this.#bar, "--from", place(lower));
    setVar(this.#bar, "--to", place(upper));
    setVar(this.#bar, "--mean", place(mean));
    setText(this.#cells[2]!, mean.toFixed(4));
    setText(this.#cells[3]!, format.count(outcomes));
    setTitle(
      this.root,
      `weight ${format.percent(weight)}, interval ${lower.toFixed(4)} to ${upper.toFixed(4)}`,
    );
  }
}

const spanOf = (weights: readonly Weight[]): number => {
  const widest = Math.max(
    0,
    ...weights.map(({ lower, upper }) => Math.max(0.5 - lower, upper - 0.5)),
  );
  return BELIEF_SPANS.find((span) => widest <= span) ?? 0.5;
};

const cellsRow = (classNames: readonly string[]) => (): CellRow =>
  cellRow(classNames);

export class StatusView {
  readonly #stages = new KeyedRows(
    byId("stage-rows"),
    (name) => new StageRow(name),
  );
  readonly #weights = new KeyedRows(
    byId("weight-rows"),
    (model) => new WeightRow(model),
  );
  readonly #models = new KeyedRows(
    byId("model-rows"),
    cellsRow(["source", "dim", "dim", "state"]),
  );
  readonly #actors = new KeyedRows(
    byId("actor-rows"),
    cellsRow(["source", "state", "number", "number", "number dim"]),
  );
  #drawn: Status | undefined;
  #drawnFor = "";

  draw(store: Store): void {
    const { status } = store;
    if (
      status === undefined ||
      (status === this.#drawn && this.#drawnFor === store.selected)
    )
      return;
    this.#drawn = status;
    this.#drawnFor = store.selected;
    this.#drawStages(status);
    this.#drawWeights(status.weights[store.selected] ?? []);
    this.#drawModels(status);
    this.#drawActors(status, store.selected);
  }

  #drawStages({ stages }: Status): void {
    this.#stages.show(Object.keys(stages));
    for (const [name, stage] of Object.entries(stages))
      this.#stages.get(name)!.draw(stage);
  }

  #drawWeights(weights: readonly Weight[]): void {
    this.#weights.show(weights.map(({ model }) => model));
    const span = spanOf(weights);
    setText(byId("belief-scale"), `${0.5 - span} – ${0.5 + span}`);
    for (const weight of weights)
      this.#weights.get(weight.model)!.draw(weight, span);
  }

  #drawModels({ models }: Status): void {
    this.#models.show(models.map(({ name }) => name));
    for (const model of models) {
      const { root, cells } = this.#models.get(model.name)!;
      setText(cells[0]!, model.name);
      setText(cells[1]!, model.family);
      setText(cells[2]!, model.placement);
      setText(cells[3]!, model.state);
      setClass(cells[3]!, `state ${model.state}`);
      setTitle(
        root,
        `version ${model.version}, horizon ${format.horizon(model.horizonMs)}`,
      );
    }
  }

  #drawActors({ actors }: Status, selected: string): void {
    // What needs a look stands first.
    const shown = [...actors]
      .sort((a, b) => troubleOf(b) - troubleOf(a))
      .slice(0, ACTORS_SHOWN_MAX);
    this.#actors.show(shown.map(({ path }) => path));
    for (const actor of shown) {
      const { root, cells } = this.#actors.get(actor.path)!;
      setText(cells[0]!, actor.path);
      setText(cells[1]!, actor.state);
      setClass(cells[1]!, `state ${actor.state}`);
      setText(cells[2]!, format.count(actor.mailbox));
      setText(cells[3]!, format.count(actor.restarts));
      setClass(cells[3]!, `number ${actor.restarts > 0 ? "warn" : ""}`);
      setText(cells[4]!, format.count(actor.processed));
      setClass(
        root,
        selected !== "" && actor.path.endsWith(selected) ? "selected" : "",
      );
    }
    const restarts = actors.reduce((sum, { restarts: n }) => sum + n, 0);
    setText(
      byId("actor-count"),
      `${actors.length}, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`,
    );
  }
}

const troubleOf = (actor: Status["actors"][number]): number =>
  (actor.state === "running" ? 0 : 1000) + Math.min(999, actor.restarts);
