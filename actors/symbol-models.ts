/** Asks one symbol's models and feeds their answers to its fuser: inline ones each turn, the others by message. */
import type {
  ModelName,
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { EventFeatures } from "../engine/features/event-features.ts";
import type { FeatureInput } from "../engine/features/feature-declaration.ts";
import type { Fuser } from "../engine/fusion/fuser.ts";
import type { BarSeries } from "../engine/market/bar-series.ts";
import type {
  Counter,
  Inference,
  InlineModel,
  ModelInput,
  ServedModel,
} from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import { msToNs } from "../engine/std/time.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { SymbolMessage } from "./messages.ts";
import type { StaleCounters } from "./stale-counters.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import type { SymbolFeatures } from "./symbol-features.ts";
import type { SymbolWindows } from "./symbol-windows.ts";

export interface SymbolModelOptions {
  /** For models off this thread that judge the feature vector. */
  readonly featureDeadlineMs: number;
  /** For models that judge a window of bars. */
  readonly forecastDeadlineMs: number;
}

/** A model on this thread, by its index in the fuser. */
interface InlineSeat {
  readonly index: number;
  readonly model: InlineModel;
  readonly features: EventFeatures;
}

interface AskedSeat {
  readonly index: number;
  readonly served: ServedModel;
  /** What it reads, if it judges features. */
  readonly features: EventFeatures;
  deadlineNs: number;
}

/** An answer that did not come by this long after its deadline never will: the mailbox may have refused it. */
const ANSWER_GRACE_NS = 50_000_000;
const NOT_ASKED = Number.POSITIVE_INFINITY;

export class SymbolModels {
  /** Indices of the models that speak each turn. */
  readonly inline: readonly InlineSeat[];
  readonly #symbol: SymbolId;
  readonly #inference: Inference;
  readonly #fuser: Fuser;
  readonly #clock: Clock;
  readonly #options: SymbolModelOptions;
  readonly #failures: Counter;
  readonly #stale: StaleCounters;
  readonly #tell: (message: SymbolMessage) => void;
  readonly #onFeatures: readonly AskedSeat[];
  readonly #onBars: readonly AskedSeat[];
  readonly #windows: SymbolWindows;
  /** Nobody is overdue before: one comparison a turn in the common case. */
  #earliestOverdueNs = NOT_ASKED;

  constructor(
    symbol: SymbolId,
    inference: Inference,
    features: SymbolFeatures,
    windows: SymbolWindows,
    fuser: Fuser,
    clock: Clock,
    options: SymbolModelOptions,
    counters: Pick<SymbolCounters, "inlineFailures" | "stale">,
    tell: (message: SymbolMessage) => void,
  ) {
    this.#symbol = symbol;
    this.#inference = inference;
    this.#windows = windows;
    this.#fuser = fuser;
    this.#clock = clock;
    this.#options = options;
    this.#failures = counters.inlineFailures;
    this.#stale = counters.stale;
    this.#tell = tell;
    const inline: InlineSeat[] = [];
    const onFeatures: AskedSeat[] = [];
    const onBars: AskedSeat[] = [];
    inference.models.forEach((served, index) => {
      const read = features.of(served);
      const seat = { index, served, features: read, deadlineNs: NOT_ASKED };
      const model = inference.inline(served.name);
      if (served.input === "bars") onBars.push(seat);
      else if (served.input === "features" && model === undefined)
        onFeatures.push(seat);
      else if (served.input === "features" && model !== undefined)
        inline.push({ index, model, features: read });
    });
    this.inline = inline;
    this.#onFeatures = onFeatures;
    this.#onBars = onBars;
  }

  /** Distinct bar intervals that models want, with the longest window of each. */
  static barWindows(models: readonly ServedModel[]): Map<number, number> {
    const windows = new Map<number, number>();
    for (const { window } of models)
      if (window !== undefined)
        windows.set(
          window.intervalMs,
          Math.max(window.length, windows.get(window.intervalMs) ?? 0),
        );
    return windows;
  }

  /** The models of this thread, over the vectors of this turn. One that fails is left out, as is one whose features are cold. */
  judge(basisNs: MonoNanos): void {
    for (const { index, model, features } of this.inline) {
      if (!features.isWarm) continue;
      if (features.staleInput !== undefined) {
        this.#starve(index, model.served, features.staleInput);
        continue;
      }
      try {
        const probability = model.predict(features.values);
        this.#fuser.predicted(
          index,
          probability,
          2 * Math.abs(probability - 0.5),
          basisNs,
        );
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        this.#failures.add(1);
        this.#fuser.forget(index);
        this.#fuser.missed(index, "failed");
      }
    }
  }

  /** True where a question went out. One question a model at a time: the next turn asks with newer data. */
  askOnFeatures(basisNs: MonoNanos): boolean {
    if (this.#onFeatures.length === 0) return false;
    let asked = false;
    for (const seat of this.#onFeatures) {
      const { features } = seat;
      if (seat.deadlineNs !== NOT_ASKED || !features.isWarm) continue;
      if (features.staleInput !== undefined) {
        this.#starve(seat.index, seat.served, features.staleInput);
        continue;
      }
      const values = features.values.slice();
      const input = { kind: "features", values } as const;
      this.#ask(seat, input, basisNs, this.#options.featureDeadlineMs);
      asked = true;
    }
    return asked;
  }

  /** After a bar closed. */
  askOnBars({ intervalMs }: BarSeries, basisNs: MonoNanos): boolean {
    let asked = false;
    for (const seat of this.#onBars) {
      const window = seat.served.window!;
      if (window.intervalMs !== intervalMs || seat.deadlineNs !== NOT_ASKED)
        continue;
      const values = this.#windows.of(window).copy();
      if (values === undefined) continue;
      const input = { kind: "bars", values, length: window.length } as const;
      this.#ask(seat, input, basisNs, this.#options.forecastDeadlineMs);
      asked = true;
    }
    return asked;
  }

  /** Index of the source that spoke; undefined when it is not served. */
  predicted(prediction: Prediction): number | undefined {
    const index = this.#answered(prediction.model);
    if (index === undefined) return undefined;
    this.#fuser.predicted(
      index,
      prediction.probability,
      prediction.confidence,
      prediction.basisNs,
    );
    return index;
  }

  missed(miss: PredictionMiss): void {
    const index = this.#answered(miss.model);
    if (index === undefined) return;
    this.#fuser.missed(
      index,
      miss.code === "E_MODEL_TIMEOUT" || miss.code === "E_TIME_DEADLINE"
        ? "late"
        : "failed",
    );
  }

  /** Gives up on answers that got lost. */
  checkDeadlines(nowNs: MonoNanos): void {
    if (nowNs < this.#earliestOverdueNs) return;
    this.#earliestOverdueNs = NOT_ASKED;
    for (const seats of [this.#onFeatures, this.#onBars])
      for (const seat of seats) {
        if (seat.deadlineNs === NOT_ASKED) continue;
        const overdueNs = seat.deadlineNs + ANSWER_GRACE_NS;
        if (overdueNs > nowNs) {
          this.#earliestOverdueNs = Math.min(
            this.#earliestOverdueNs,
            overdueNs,
          );
          continue;
        }
        seat.deadlineNs = NOT_ASKED;
        this.#fuser.missed(seat.index, "late");
      }
  }

  /** The book is void, and so is what was said about it. Forecasts rest on bars and sentiment on texts: these stay. */
  voidBook(): void {
    for (const { index } of this.inline) this.#fuser.forget(index);
    for (const { index } of this.#onFeatures) this.#fuser.forget(index);
  }

  #starve(index: number, { name }: ServedModel, input: FeatureInput): void {
    this.#fuser.starve(index);
    this.#stale.starved(name, input);
  }

  #ask(
    seat: AskedSeat,
    input: ModelInput,
    basisNs: MonoNanos,
    deadlineMs: number,
  ): void {
    const submittedNs = this.#clock.nowNs();
    const deadlineNs = (submittedNs + msToNs(deadlineMs)) as MonoNanos;
    seat.deadlineNs = deadlineNs;
    this.#earliestOverdueNs = Math.min(
      this.#earliestOverdueNs,
      deadlineNs + ANSWER_GRACE_NS,
    );
    this.#fuser.asked(seat.index);
    this.#inference.submit(
      {
        model: seat.served.name,
        symbol: this.#symbol,
        input,
        basisNs,
        deadlineNs,
      },
      (prediction) => {
        this.#tell({
          type: "predictionArrived",
          prediction,
          submittedNs,
          arrivedNs: this.#clock.nowNs(),
        });
      },
      (miss) => {
        this.#tell({ type: "predictionMissed", miss });
      },
    );
  }

  /** The model may be asked again. */
  #answered(model: ModelName): number | undefined {
    for (const seats of [this.#onFeatures, this.#onBars])
      for (const seat of seats)
        if (seat.served.name === model) {
          seat.deadlineNs = NOT_ASKED;
          return seat.index;
        }
    const index = this.#fuser.sources.findIndex(({ name }) => name === model);
    return index < 0 ? undefined : index;
  }
}
