/** Entry of the LLaMA process: one model, one text at a time. Whatever llama.cpp does wrong ends here, never the engine. */
import { CodedError, toCodedError } from "../engine/std/errors.ts";
import { systemClock } from "../engine/std/time.ts";
import { labelProbabilities } from "../models/llama/label-probabilities.ts";
import { loadLlamaBinding } from "./llama-binding.ts";
import type {
  Llama,
  LlamaBinding,
  LlamaModel,
  LlamaSequence,
} from "./llama-binding.ts";
import type {
  FromLlama,
  LlamaClassify,
  LlamaLoad,
  ToLlama,
} from "./llama-messages.ts";

const send = (message: FromLlama): void => {
  process.send?.(message);
};

/** Room for the answer after the longest prompt. */
const ANSWER_TOKENS_MAX = 16;
/** What a label gets that a grammar forced, where no probability is known; the others share the rest. */
const GRAMMAR_PROBABILITY = 0.6;

class LlamaClassifier {
  readonly #binding: LlamaBinding;
  readonly #llama: Llama;
  readonly #model: LlamaModel;
  readonly #sequence: LlamaSequence;
  readonly #load: LlamaLoad;

  private constructor(
    binding: LlamaBinding,
    llama: Llama,
    model: LlamaModel,
    sequence: LlamaSequence,
    load: LlamaLoad,
  ) {
    this.#binding = binding;
    this.#llama = llama;
    this.#model = model;
    this.#sequence = sequence;
    this.#load = load;
  }

  static async create(
    binding: LlamaBinding,
    load: LlamaLoad,
  ): Promise<LlamaClassifier> {
    const llama = await binding.getLlama({
      gpu: load.gpu === "off" ? false : "auto",
      build: "never",
      progressLogs: false,
      logLevel: "error",
    });
    const model = await llama.loadModel({ modelPath: load.path });
    const context = await model.createContext({
      sequences: 1,
      contextSize: load.tokensMax + ANSWER_TOKENS_MAX,
      threads: load.threads,
    });
    return new LlamaClassifier(
      binding,
      llama,
      model,
      context.getSequence(),
      load,
    );
  }

  get device(): string {
    return this.#llama.gpu === false ? "cpu" : this.#llama.gpu;
  }

  /** From a clean context each time: the same text gives the same numbers whatever came before. */
  async classify(text: string): Promise<number[]> {
    await this.#sequence.clearHistory();
    return this.#load.decoding === "grammar"
      ? this.#byGrammar(text)
      : this.#byProbabilities(text);
  }

  async #byProbabilities(text: string): Promise<number[]> {
    const prompts = this.#load.answers.map((answer) =>
      this.#tokens(text, answer),
    );
    const shared = commonPrefix(prompts);
    const prompt = prompts[0]!.slice(0, shared);
    if (prompt.length === 0)
      throw new CodedError("E_MODEL_CONTRACT", { detail: "an empty prompt" });
    let held: readonly number[] = [];
    return labelProbabilities(
      prompts.map((tokens) => tokens.slice(shared)),
      async (path, candidates) => {
        const wanted = [...prompt, ...path];
        const continues = held.every((token, i) => token === wanted[i]);
        if (!continues || held.length >= wanted.length) {
          await this.#sequence.clearHistory();
          held = [];
        }
        const logits = await this.#logits(
          wanted.slice(held.length),
          candidates,
        );
        held = wanted;
        return logits;
      },
    );
  }

  async #logits(
    tokens: readonly number[],
    candidates: readonly number[],
  ): Promise<number[]> {
    const last = tokens.length - 1;
    const outputs = await this.#sequence.controlledEvaluate(
      tokens.map((token, i) =>
        i === last
          ? [
              token,
              // The whole distribution, unfiltered: what is left after top-k would say nothing of a label outside it.
              {
                generateNext: {
                  probabilities: true,
                  options: { temperature: 1, minP: 0, topK: 0, topP: 1 },
                },
              },
            ]
          : token,
      ),
    );
    const probabilities = outputs[last]?.next.probabilities;
    // Up to a constant, which the softmax over the candidates takes out again.
    return candidates.map((token) =>
      Math.log(probabilities?.get(token) ?? Number.NaN),
    );
  }

  async #byGrammar(text: string): Promise<number[]> {
    const { answers } = this.#load;
    const grammar = await this.#llama.createGrammar({
      grammar: `root ::= ${answers.map((answer) => JSON.stringify(answer)).join(" | ")}`,
    });
    const said = await new this.#binding.LlamaCompletion({
      contextSequence: this.#sequence,
    }).generateCompletion(this.#tokens(text, ""), {
      grammar,
      maxTokens: ANSWER_TOKENS_MAX,
      temperature: 0,
    });
    const chosen = answers.findIndex((answer) => answer.trim() === said.trim());
    if (chosen < 0)
      throw new CodedError("E_MODEL_OUTPUT", { detail: "no label" });
    const rest = (1 - GRAMMAR_PROBABILITY) / (answers.length - 1);
    return answers.map((_, i) => (i === chosen ? GRAMMAR_PROBABILITY : rest));
  }

  /** The text is tokenised by itself and without control tokens, so that a headline cannot speak as the prompt. */
  #tokens(text: string, answer: string): number[] {
    const { promptHead, promptTail, tokensMax } = this.#load;
    const { tokens } = this.#model;
    const head = [
      ...(tokens.shouldPrependBosToken && tokens.bos !== null
        ? [tokens.bos]
        : []),
      ...this.#model.tokenize(promptHead, true),
    ];
    const tail = this.#model.tokenize(promptTail + answer, true);
    const question = this.#model.tokenize(promptTail, true);
    const room = Math.max(0, tokensMax - head.length - question.length);
    return [
      ...head,
      ...this.#model.tokenize(text, false).slice(0, room),
      ...tail,
    ];
  }
}

const commonPrefix = (rows: readonly (readonly number[])[]): number => {
  const first = rows[0]!;
  let length = 0;
  while (
    length < first.length &&
    rows.every((row) => row[length] === first[length])
  )
    length++;
  return length;
};

let classifier: LlamaClassifier | undefined;

const load = async (message: LlamaLoad): Promise<void> => {
  let binding: LlamaBinding;
  try {
    binding = await loadLlamaBinding();
  } catch {
    send({
      kind: "unfit",
      why: "absent",
      detail: "node-llama-cpp is not installed",
    });
    return;
  }
  try {
    classifier = await LlamaClassifier.create(binding, message);
    // The first pass allocates; it also shows that the answers part somewhere.
    await classifier.classify("shares rise");
    send({ kind: "ready", device: classifier.device });
  } catch (error) {
    send({ kind: "unfit", why: "model", detail: toCodedError(error).message });
  }
};

const classify = async ({ id, text }: LlamaClassify): Promise<void> => {
  const startNs = systemClock.nowNs();
  try {
    if (classifier === undefined) throw new CodedError("E_MODEL_DEVICE");
    const probabilities = await classifier.classify(text);
    send({
      kind: "classified",
      id,
      probabilities,
      runNs: systemClock.nowNs() - startNs,
    });
  } catch (error) {
    const code = error instanceof CodedError ? error.code : "E_MODEL_OUTPUT";
    send({ kind: "refused", id, code });
  }
};

/** The engine is our parent; only it can reach this channel. */
process.on("message", (message: ToLlama) => {
  void (message.kind === "load" ? load(message) : classify(message));
});
/** The engine is gone: nobody is left to answer. */
process.on("disconnect", () => process.exit(0));
