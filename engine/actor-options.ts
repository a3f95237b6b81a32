/** The configuration in the terms of the actors: one place for live runs and for replays of plain recordings. */
import {
  ENGINE_ACTORS_DEFAULTS,
  type EngineActorsOptions,
} from "../actors/engine-actors.ts";
import type { Config } from "./config-schema.ts";
import { symbolId } from "./domain/symbol.ts";
import { parseBarKind } from "./market/bar-kind.ts";

export const actorOptions = (config: Config): EngineActorsOptions => {
  const { symbols, models, fusion, state } = config;
  const { symbol, news } = ENGINE_ACTORS_DEFAULTS;
  return {
    symbolsMax: symbols.max,
    references: symbols.references.map(symbolId),
    derivatives: symbols.derivatives.map(({ symbol: one, derivative }) => ({
      symbol: symbolId(one),
      derivative: symbolId(derivative),
    })),
    instruments: symbols.instruments.map((one) => ({
      ...one,
      symbol: symbolId(one.symbol),
    })),
    symbol: {
      ...symbol,
      mailboxMax: symbols.mailboxMax,
      idleMs: symbols.idleMs,
      depthMax: symbols.depthMax,
      bars: {
        kinds: symbols.bars.map(parseBarKind),
        length: symbols.barsMax,
        policies: {
          prefer: symbols.barsPrefer,
          preferWaitMs: symbols.preferWaitMs,
          fillWaitMs: symbols.fillWaitMs,
          lateTrades: symbols.lateTrades,
        },
      },
      bookSync: {
        ...symbol.bookSync,
        staleAfterMs: symbols.staleAfterMs,
        frozenAfterMs: symbols.frozenAfterMs,
        quietMaxMs: symbols.quietMaxMs,
        reorderMax: symbols.reorderMax,
        bandFactor: symbols.bandFactor,
        completeMin: symbols.completeMin,
      },
      models: {
        ...symbol.models,
        forecastDeadlineMs: models.forecastDeadlineMs,
      },
      weights: {
        ...symbol.weights,
        priorAlpha: fusion.priorStrength / 2,
        priorBeta: fusion.priorStrength / 2,
        halfLifeMs: fusion.weightHalfLifeHours * 3_600_000,
      },
      minIntervalMs: symbols.signalIntervalMs,
      saveEveryMs: state.saveEveryMs,
      barsEveryMs: state.barsEveryMs,
    },
    news: {
      ...news,
      deadlineMs: models.sentimentDeadlineMs,
      saveEveryMs: state.saveEveryMs,
    },
  };
};
