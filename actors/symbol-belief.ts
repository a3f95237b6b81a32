/** What one symbol's models believe now: who is asked when, how far each is trusted, and what it adds up to. */
import { Fuser } from "../engine/fusion/fuser.ts";
import type { Fusion } from "../engine/fusion/fuser.ts";
import type { BarSeries } from "../engine/market/bar-series.ts";
import type { MonoNanos } from "../engine/std/time.ts";
import type { PredictionArrived, SymbolMessage } from "./messages.ts";
import type { ActorContext } from "./runtime/actor.ts";
import type { SymbolMarket } from "./symbol-market.ts";
import { SymbolModels } from "./symbol-models.ts";
import type { SymbolActorDeps } from "./symbol-options.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import type { SymbolTurn } from "./symbol-turn.ts";
import { WeightKeeper } from "./weight-keeper.ts";

export class SymbolBelief {
  readonly models: SymbolModels;
  readonly keeper: WeightKeeper;
  readonly #fuser: Fuser;
  readonly #market: SymbolMarket;
  readonly #turn: SymbolTurn;

  constructor(
    { symbol }: SymbolSlot,
    deps: SymbolActorDeps,
    { clock, self }: ActorContext<SymbolMessage>,
    market: SymbolMarket,
    turn: SymbolTurn,
  ) {
    const { inference, options, store, predictions, log } = deps;
    this.#market = market;
    this.#turn = turn;
    this.#fuser = new Fuser(inference.models, options.fuser);
    this.models = new SymbolModels(
      symbol,
      inference,
      market.features,
      market.windows,
      this.#fuser,
      clock,
      options.models,
      deps.counters,
      (message) => self.tell(message),
    );
    this.keeper = new WeightKeeper({
      symbol,
      models: inference.models,
      clock,
      store,
      predictions,
      log,
      weights: options.weights,
      ledger: options.ledger,
    });
  }

  /** At the start of a turn's work: what has come due by itself. */
  advance(nowNs: MonoNanos): void {
    this.models.checkDeadlines(nowNs);
    this.keeper.mature(nowNs);
  }

  /** What the models make of the market as this turn left it. */
  judge(): void {
    const turn = this.#turn;
    const { features, book } = this.#market;
    const basisNs = turn.latest.receivedNs;
    features.write(book, turn.latest);
    turn.featured();
    this.askOnClosedBars();
    if (!features.market.isWarm) return;
    if (this.models.askOnFeatures(basisNs)) turn.submitted();
    this.models.judge(basisNs);
    turn.predicted();
  }

  /** Those that spoke now stand by their word: inline models each turn, the others when their answer arrives. */
  stateOutcomes(nowNs: MonoNanos): void {
    if (this.#turn.hasMarketNews)
      for (const { index } of this.models.inline)
        this.#stateOutcome(index, nowNs);
    for (const index of this.#turn.arrivedSources)
      this.#stateOutcome(index, nowNs);
  }

  #stateOutcome(index: number, nowNs: MonoNanos): void {
    if (this.#fuser.freshness(index, nowNs) > 0)
      this.keeper.state(index, this.#fuser.probability(index), nowNs);
  }

  predicted(message: PredictionArrived): void {
    const index = this.models.predicted(message.prediction);
    if (index !== undefined) this.#turn.answered(index, message);
  }

  /** The book is lost, and with it what was said of it. */
  voidBook(): void {
    this.keeper.voidBook();
    this.models.voidBook();
  }

  fuse(nowNs: MonoNanos): Fusion {
    return this.#fuser.fuse(this.keeper.weights, nowNs);
  }

  silent(nowNs: MonoNanos): Fusion {
    return this.#fuser.silent(nowNs);
  }

  askOnClosedBars(): void {
    this.#market.bars.takeGrown(this.#askOnBars);
  }

  readonly #askOnBars = (series: BarSeries): void => {
    if (this.models.askOnBars(series, this.#turn.latest.receivedNs))
      this.#turn.submitted();
  };
}
