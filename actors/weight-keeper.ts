/** One symbol's trust in its models: statements mature into outcomes, outcomes into weights, weights into the store. */
import type { SymbolId } from "../engine/domain/symbol.ts";
import { BayesWeights } from "../engine/fusion/bayes-weights.ts";
import type { WeightOptions } from "../engine/fusion/bayes-weights.ts";
import { OutcomeLedger } from "../engine/fusion/outcome-ledger.ts";
import type {
  LedgerOptions,
  OnMatured,
} from "../engine/fusion/outcome-ledger.ts";
import type {
  Logger,
  PredictionLog,
  ServedModel,
  StateStore,
} from "../engine/ports.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { WeightsLoaded, WeightsLoadFailed } from "./messages.ts";

export interface WeightKeeperDeps {
  readonly symbol: SymbolId;
  readonly models: readonly ServedModel[];
  readonly clock: Clock;
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly log: Logger;
  readonly weights: WeightOptions;
  readonly ledger: LedgerOptions;
}

export class WeightKeeper {
  readonly weights: BayesWeights;
  readonly #deps: WeightKeeperDeps;
  readonly #key: string;
  readonly #ledger: OutcomeLedger;
  /** The mid in force since the end of the last turn; 0 while the book is not LIVE. */
  #mid = 0;
  #hasNews = false;
  /** Until the store has answered, nothing is saved: that would overwrite what it holds. */
  #isLoaded = false;
  #isLoading = false;

  constructor(deps: WeightKeeperDeps) {
    this.#deps = deps;
    this.#key = `weights/${deps.symbol}`;
    this.weights = new BayesWeights(
      deps.models,
      deps.weights,
      deps.clock.nowNs(),
    );
    this.#ledger = new OutcomeLedger(
      deps.models.map(({ horizonMs }) => horizonMs),
      deps.ledger,
    );
  }

  /** There is something that the store does not know yet, or that we do not know of the store. */
  get wantsStore(): boolean {
    return this.#hasNews || !this.#isLoaded;
  }

  /** At the start of a turn's work: what matured since the last turn did so at the mid in force until now. */
  mature(nowNs: MonoNanos): void {
    this.#ledger.mature(nowNs, this.#mid, this.#onMatured);
  }

  /** At the end of a turn over a LIVE book. */
  follow(mid: number): void {
    this.#mid = mid;
  }

  state(index: number, probability: number, nowNs: MonoNanos): void {
    this.#ledger.state(index, probability, this.#mid, nowNs);
  }

  voidBook(): void {
    this.#mid = 0;
    this.#ledger.voidAll();
  }

  /** Asks the store; the answer comes as a message. */
  load(
    incarnation: number,
    tell: (message: WeightsLoaded | WeightsLoadFailed) => void,
  ): void {
    if (this.#isLoaded || this.#isLoading) return;
    this.#isLoading = true;
    this.#deps.store.load(this.#key).then(
      (bytes) => {
        tell({ type: "weightsLoaded", incarnation, bytes });
      },
      (error: unknown) => {
        tell({ type: "weightsLoadFailed", incarnation, error });
      },
    );
  }

  loaded(bytes: Uint8Array | undefined): void {
    if (this.#isLoaded) return;
    this.#isLoading = false;
    this.#isLoaded = true;
    if (bytes === undefined) return;
    const { clock, log, symbol } = this.#deps;
    try {
      this.weights.restore(bytes, clock.nowNs(), clock.nowUs());
    } catch (error) {
      // A poisoned state is worth nothing: begin at the prior, and overwrite it in time.
      log.warn("weights.refused", { symbol, code: toCodedError(error).code });
    }
  }

  /** Tried again with the next save. */
  loadFailed(error: unknown): void {
    this.#isLoading = false;
    this.#deps.log.warn("weights.notLoaded", {
      symbol: this.#deps.symbol,
      code: toCodedError(error).code,
    });
  }

  save(): void {
    if (!this.#hasNews || !this.#isLoaded) return;
    this.#hasNews = false;
    const { clock, store } = this.#deps;
    store.save(this.#key, this.weights.encode(clock.nowNs(), clock.nowUs()));
  }

  readonly #onMatured: OnMatured = (
    index,
    probability,
    logReturn,
    verdict,
    maturedNs,
  ) => {
    const { models, predictions, symbol } = this.#deps;
    const { name, horizonMs } = models[index]!;
    this.weights.record(index, verdict, maturedNs);
    this.#hasNews = true;
    predictions.record({
      symbol,
      model: name,
      probability,
      horizonMs,
      logReturn,
      maturedNs,
    });
  };
}
