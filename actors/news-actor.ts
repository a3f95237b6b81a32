/** Headlines: each text is judged once by each sentiment model, and its symbols are told. */
import type { Headline } from "../engine/domain/headline.ts";
import type { ModelName, Prediction } from "../engine/domain/prediction.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { consensus } from "../engine/fusion/consensus.ts";
import type { SentimentVerdict } from "../engine/fusion/consensus.ts";
import type {
  Counter,
  Inference,
  Logger,
  ServedModel,
  StateStore,
  Telemetry,
} from "../engine/ports.ts";
import { unreachable } from "../engine/std/assert.ts";
import { toCodedError } from "../engine/std/errors.ts";
import { msToNs } from "../engine/std/time.ts";
import type { MonoNanos } from "../engine/std/time.ts";
import type { NewsMessage, SymbolMessage, TextMissed } from "./messages.ts";
import { judgedArticle } from "./judged-article.ts";
import type { Actor, ActorContext, ActorProps } from "./runtime/actor.ts";
import { isRead } from "./symbol-features.ts";
import { TextVerdicts } from "./text-verdicts.ts";

export interface NewsActorOptions {
  readonly mailboxMax: number;
  /** Ids of headlines remembered, so that none is judged twice. */
  readonly idsMax: number;
  /** Texts whose verdicts are kept, over restarts too. */
  readonly textsMax: number;
  /** Verdicts are saved at most this often. */
  readonly saveEveryMs: number;
  /** Headlines waiting for a verdict; one more is dropped and counted. */
  readonly openMax: number;
  readonly deadlineMs: number;
  /** Which sentiment model speaks as which in the consensus. */
  readonly finbert: ModelName;
  readonly llama: ModelName;
}

export interface NewsActorDeps {
  readonly inference: Inference;
  readonly store: StateStore;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly tell: (symbol: SymbolId, message: SymbolMessage) => void;
  readonly options: NewsActorOptions;
}

/** A headline whose models have not all answered. */
interface Open {
  readonly headline: Headline;
  readonly verdicts: Map<ModelName, Prediction>;
  readonly waitingFor: Set<ModelName>;
}

export class NewsActor implements Actor<NewsMessage> {
  readonly #deps: NewsActorDeps;
  readonly #context: ActorContext<NewsMessage>;
  readonly #models: readonly ServedModel[];
  readonly #ids = new Set<string>();
  readonly #open = new Map<string, Open>();
  readonly #texts: TextVerdicts;
  /** A model reads the news windows of its symbol. */
  readonly #feedsWindows: boolean;
  #isSaveDue = false;
  readonly #repeated: Counter;
  readonly #cached: Counter;
  readonly #dropped: Counter;
  readonly #missed: Counter;

  constructor(deps: NewsActorDeps, context: ActorContext<NewsMessage>) {
    this.#deps = deps;
    this.#context = context;
    this.#models = deps.inference.models.filter(
      ({ input }) => input === "text",
    );
    this.#texts = new TextVerdicts(deps.options.textsMax, this.#models);
    this.#feedsWindows = isRead("headline", deps.inference.models);
    const counter = (name: string, help: string): Counter =>
      deps.telemetry.counter(`fusewire_${name}_total`, help);
    this.#repeated = counter("headlines_repeated", "Headlines seen before");
    this.#cached = counter("texts_cached", "Texts judged from the cache");
    this.#dropped = counter(
      "headlines_dropped",
      "Headlines refused because too many were waiting",
    );
    this.#missed = counter(
      "texts_missed",
      "Texts that a model did not judge in time, or at all",
    );
  }

  started(): void {
    this.#deps.store.load(TEXTS_KEY).then(
      (bytes) => {
        this.#context.self.tell({ type: "textsLoaded", bytes });
      },
      // Without the store the texts are only asked for again.
      () => undefined,
    );
  }

  stopped(): void {
    if (this.#isSaveDue) this.#save();
  }

  receive(message: NewsMessage): void {
    switch (message.type) {
      case "headlineArrived":
        this.#onHeadline(message.headline);
        break;
      case "textJudged":
        this.#onJudged(message.headlineId, message.prediction);
        break;
      case "textMissed":
        this.#onMissed(message);
        break;
      case "headlineDue":
        this.#close(message.headlineId);
        break;
      case "textsLoaded":
        this.#onLoaded(message.bytes);
        break;
      case "saveTextsDue":
        this.#save();
        break;
      default:
        unreachable(message);
    }
  }

  #onHeadline(headline: Headline): void {
    const { options } = this.#deps;
    if (this.#ids.has(headline.id)) {
      this.#repeated.add(1);
      return;
    }
    if (this.#open.size >= options.openMax) {
      this.#dropped.add(1);
      return;
    }
    this.#ids.add(headline.id);
    if (this.#ids.size > options.idsMax) deleteFirst(this.#ids);
    if (this.#models.length === 0 || headline.symbols.length === 0) return;

    const open: Open = {
      headline,
      verdicts: new Map(),
      waitingFor: new Set(this.#models.map(({ name }) => name)),
    };
    this.#open.set(headline.id, open);
    const known = this.#texts.recall(headline.text);
    if (known !== undefined) this.#cached.add(1);
    for (const model of this.#models) {
      const verdict = known?.get(model.name);
      if (verdict === undefined) this.#ask(model, headline);
      else this.#heard(open, verdict);
    }
    if (open.waitingFor.size === 0) this.#close(headline.id);
    else
      this.#context.tellAfter(options.deadlineMs, {
        type: "headlineDue",
        headlineId: headline.id,
      });
  }

  #ask(model: ServedModel, headline: Headline): void {
    const { clock, self } = this.#context;
    const headlineId = headline.id;
    this.#deps.inference.submit(
      {
        model: model.name,
        symbol: headline.symbols[0]!,
        input: { kind: "text", text: headline.text, headlineId },
        basisNs: headline.receivedNs,
        deadlineNs: (clock.nowNs() +
          msToNs(this.#deps.options.deadlineMs)) as MonoNanos,
      },
      (prediction) => self.tell({ type: "textJudged", headlineId, prediction }),
      (miss) =>
        self.tell({ type: "textMissed", headlineId, model: model.name, miss }),
    );
  }

  #onJudged(headlineId: string, prediction: Prediction): void {
    const open = this.#open.get(headlineId);
    if (open === undefined) return;
    this.#texts.remember(open.headline.text, prediction);
    this.#saveSoon();
    this.#heard(open, prediction);
    if (open.waitingFor.size === 0) this.#close(headlineId);
  }

  #onMissed({ headlineId, model, miss }: TextMissed): void {
    this.#missed.add(1);
    const open = this.#open.get(headlineId);
    if (open === undefined) return;
    this.#deps.log.debug("text.missed", { headlineId, model, code: miss.code });
    for (const symbol of open.headline.symbols)
      this.#deps.tell(symbol, {
        type: "predictionMissed",
        miss: { ...miss, symbol },
      });
    open.waitingFor.delete(model);
    if (open.waitingFor.size === 0) this.#close(headlineId);
  }

  /** Tells the symbols at once: a fast model does not wait for a slow one. */
  #heard(open: Open, verdict: Prediction): void {
    const { id, receivedNs, symbols } = open.headline;
    open.verdicts.set(verdict.model, verdict);
    open.waitingFor.delete(verdict.model);
    if (this.#feedsWindows && verdict.model === this.#deps.options.finbert)
      this.#tellArticle(open.headline, verdict);
    const arrivedNs = this.#context.clock.nowNs();
    const detail =
      verdict.detail?.kind === "sentiment"
        ? { ...verdict.detail, headlineId: id }
        : undefined;
    for (const symbol of symbols)
      this.#deps.tell(symbol, {
        type: "predictionArrived",
        prediction: {
          ...verdict,
          symbol,
          basisNs: receivedNs,
          ...(detail === undefined ? {} : { detail }),
        },
        submittedNs: receivedNs,
        arrivedNs,
      });
  }

  #tellArticle(headline: Headline, verdict: Prediction): void {
    const article = judgedArticle(
      headline,
      verdict,
      this.#context.clock.nowUs(),
    );
    if (article === undefined) return;
    for (const symbol of headline.symbols)
      this.#deps.tell(symbol, { type: "articleJudged", article });
  }

  /** All have answered, or the deadline has come: what do they say together? */
  #close(headlineId: string): void {
    const open = this.#open.get(headlineId);
    if (open === undefined) return;
    this.#open.delete(headlineId);
    const { options, tell } = this.#deps;
    const { verdicts, headline } = open;
    const agreed = consensus(
      verdictOf(verdicts.get(options.finbert)),
      verdictOf(verdicts.get(options.llama)),
    );
    if (agreed === undefined) return;
    let ttlMs = 0;
    for (const verdict of verdicts.values())
      ttlMs = Math.max(ttlMs, verdict.ttlMs);
    for (const symbol of headline.symbols)
      tell(symbol, {
        type: "consensusReached",
        consensus: agreed,
        headlineId,
        basisNs: headline.receivedNs,
        ttlMs,
      });
  }

  #onLoaded(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return;
    try {
      this.#texts.restore(bytes);
    } catch (error) {
      this.#deps.log.warn("texts.refused", { code: toCodedError(error).code });
    }
  }

  #saveSoon(): void {
    if (this.#isSaveDue) return;
    this.#isSaveDue = true;
    this.#context.tellAfter(this.#deps.options.saveEveryMs, {
      type: "saveTextsDue",
    });
  }

  #save(): void {
    this.#isSaveDue = false;
    this.#deps.store.save(TEXTS_KEY, this.#texts.serialise());
  }
}

const TEXTS_KEY = "news/texts";

const verdictOf = (
  prediction: Prediction | undefined,
): SentimentVerdict | undefined =>
  prediction?.detail?.kind === "sentiment"
    ? { label: prediction.detail.label, confidence: prediction.confidence }
    : undefined;

/** The oldest entry: sets and maps keep the order of insertion. */
const deleteFirst = <K>(collection: {
  keys(): Iterator<K>;
  delete(key: K): boolean;
}): void => {
  const first = collection.keys().next();
  if (first.done !== true) collection.delete(first.value);
};

export const newsActorProps = (
  deps: NewsActorDeps,
): ActorProps<NewsMessage> => ({
  create: (context) => new NewsActor(deps, context),
  // Old news is worth less than new: what does not fit is the oldest.
  mailbox: { capacityMax: deps.options.mailboxMax, overflow: "dropOldest" },
});
