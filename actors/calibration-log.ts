/** Every outcome of every symbol, scored by model on its way to the prediction log. */
import { Calibration } from "../engine/fusion/calibration.ts";
import type { Outcome } from "../engine/domain/outcome.ts";
import type { ModelName } from "../engine/domain/prediction.ts";
import type {
  Counter,
  Gauge,
  PredictionLog,
  Telemetry,
} from "../engine/ports.ts";

interface Score {
  readonly calibration: Calibration;
  readonly hits: Counter;
  readonly misses: Counter;
  readonly ece: Gauge;
  readonly brier: Gauge;
  readonly logLoss: Gauge;
}

export class CalibrationLog implements PredictionLog {
  readonly #next: PredictionLog;
  readonly #scores = new Map<ModelName, Score>();

  constructor(
    models: readonly { readonly name: ModelName }[],
    telemetry: Telemetry,
    next: PredictionLog,
  ) {
    this.#next = next;
    for (const { name } of models) {
      const labels = { model: name };
      const outcomes = (verdict: string): Counter =>
        telemetry.counter("fusewire_outcomes_total", "Matured statements", {
          ...labels,
          verdict,
        });
      const score = (metric: string, help: string): Gauge =>
        telemetry.gauge(`fusewire_${metric}`, help, labels);
      this.#scores.set(name, {
        calibration: new Calibration(),
        hits: outcomes("hit"),
        misses: outcomes("miss"),
        ece: score("calibration_error", "Expected calibration error"),
        brier: score("brier_score", "Mean squared error of the probability"),
        logLoss: score("log_loss", "Mean negative log-likelihood"),
      });
    }
  }

  of(model: ModelName): Calibration | undefined {
    return this.#scores.get(model)?.calibration;
  }

  record(outcome: Outcome): void {
    const { model, probability, logReturn } = outcome;
    const score = this.#scores.get(model);
    if (score !== undefined && logReturn !== 0) {
      const up = logReturn > 0;
      score.calibration.record(probability, up ? "up" : "down");
      (probability > 0.5 === up ? score.hits : score.misses).add(1);
      refresh(score);
    }
    this.#next.record(outcome);
  }
}

const refresh = ({ calibration, ece, brier, logLoss }: Score): void => {
  ece.set(calibration.ece);
  brier.set(calibration.brier);
  logLoss.set(calibration.logLoss);
};
