/** What the sentiment models said of texts: agencies repeat one another word by word, and a restart need not ask again. */
import type {
  ModelName,
  Prediction,
  SentimentLabel,
} from "../engine/domain/prediction.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import type { ServedModel } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import { monoNanos } from "../engine/std/time.ts";

export type Verdicts = ReadonlyMap<ModelName, Prediction>;

/** One verdict as it is stored: what depends on the headline and on the model's manifest is filled in at reading. */
interface StoredVerdict {
  readonly model: ModelName;
  readonly version: string;
  readonly probability: number;
  readonly confidence: number;
  readonly label: SentimentLabel;
  readonly score: number;
}

interface StoredState {
  readonly version: 1;
  readonly texts: readonly (readonly [string, readonly StoredVerdict[]])[];
}

const STATE_VERSION = 1;
/** Stands in stored verdicts until a headline is read again. */
const NO_SYMBOL = symbolId("NONE.NONE");
const LABELS: ReadonlySet<unknown> = new Set([
  "positive",
  "negative",
  "neutral",
]);

export class TextVerdicts {
  readonly #textsMax: number;
  readonly #models: ReadonlyMap<ModelName, ServedModel>;
  /** By trimmed lower-case text, least recently used first. */
  readonly #texts = new Map<string, Map<ModelName, Prediction>>();

  constructor(textsMax: number, models: readonly ServedModel[]) {
    this.#textsMax = textsMax;
    this.#models = new Map(models.map((model) => [model.name, model]));
  }

  get size(): number {
    return this.#texts.size;
  }

  recall(text: string): Verdicts | undefined {
    const key = keyOf(text);
    const known = this.#texts.get(key);
    if (known === undefined) return undefined;
    this.#texts.delete(key);
    this.#texts.set(key, known);
    return known;
  }

  remember(text: string, verdict: Prediction): void {
    this.#put(keyOf(text), verdict);
  }

  serialise(): Uint8Array {
    const texts = [...this.#texts].map(
      ([key, verdicts]) =>
        [key, [...verdicts.values()].flatMap(storedOf)] as const,
    );
    const state: StoredState = { version: STATE_VERSION, texts };
    return new TextEncoder().encode(JSON.stringify(state));
  }

  /**
   * Adds what was stored under what is known already. Verdicts of models that are not served, or no longer in that version, are left
   * out; a state that is not ours is refused whole with E_DEP_STORE.
   */
  restore(bytes: Uint8Array): void {
    const state = parseState(bytes);
    for (const [key, verdicts] of state.texts)
      for (const verdict of verdicts) {
        const model = this.#models.get(verdict.model);
        if (model?.version !== verdict.version) continue;
        if (this.#texts.get(key)?.has(verdict.model) === true) continue;
        this.#put(key, predictionOf(verdict, model));
      }
  }

  #put(key: string, verdict: Prediction): void {
    const known = this.#texts.get(key) ?? new Map<ModelName, Prediction>();
    known.set(verdict.model, verdict);
    this.#texts.set(key, known);
    if (this.#texts.size <= this.#textsMax) return;
    // A map keeps the order of insertion.
    for (const oldest of this.#texts.keys()) {
      this.#texts.delete(oldest);
      return;
    }
  }
}

const keyOf = (text: string): string => text.trim().toLowerCase();

const storedOf = (prediction: Prediction): StoredVerdict[] => {
  const { detail, model, version, probability, confidence } = prediction;
  if (detail?.kind !== "sentiment") return [];
  const { label, score } = detail;
  return [{ model, version, probability, confidence, label, score }];
};

const predictionOf = (
  { model, version, probability, confidence, label, score }: StoredVerdict,
  served: ServedModel,
): Prediction => ({
  symbol: NO_SYMBOL,
  model,
  version,
  family: served.family,
  probability,
  confidence,
  horizonMs: served.horizonMs,
  ttlMs: served.ttlMs,
  basisNs: monoNanos(0),
  detail: { kind: "sentiment", label, score, headlineId: "" },
});

/** Stores are shared and can be poisoned: everything is checked. */
const parseState = (bytes: Uint8Array): StoredState => {
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new CodedError("E_DEP_STORE", { detail: "not JSON", cause });
  }
  if (!isState(state))
    throw new CodedError("E_DEP_STORE", { detail: "not a cache of verdicts" });
  return state;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWithin = (value: unknown, low: number, high: number): boolean =>
  typeof value === "number" && value >= low && value <= high;

const isVerdict = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value["model"] === "string" &&
  typeof value["version"] === "string" &&
  isWithin(value["probability"], Number.MIN_VALUE, 1 - Number.EPSILON) &&
  isWithin(value["confidence"], 0, 1) &&
  isWithin(value["score"], -1, 1) &&
  LABELS.has(value["label"]);

const isState = (value: unknown): value is StoredState =>
  isRecord(value) &&
  value["version"] === STATE_VERSION &&
  Array.isArray(value["texts"]) &&
  value["texts"].every(
    (entry) =>
      Array.isArray(entry) &&
      entry.length === 2 &&
      typeof entry[0] === "string" &&
      Array.isArray(entry[1]) &&
      entry[1].every(isVerdict),
  );
