/** What happened after the horizon of a prediction. */
import type { MonoNanos } from "../std/time.ts";
import type { ModelName } from "./prediction.ts";
import type { SymbolId } from "./symbol.ts";

export interface Outcome {
  readonly symbol: SymbolId;
  readonly model: ModelName;
  /** What was stated: P(mid higher after the horizon). */
  readonly probability: number;
  readonly horizonMs: number;
  /** ln(mid at maturity / mid at statement). */
  readonly logReturn: number;
  readonly maturedNs: MonoNanos;
}
