/** The part of node-llama-cpp that we use. The package is optional, so the build must not need its typings. */

export interface LlamaBinding {
  getLlama(options: {
    readonly gpu: "auto" | false;
    readonly build: "never";
    readonly progressLogs: false;
    readonly logLevel: "error";
  }): Promise<Llama>;
  readonly LlamaCompletion: new (options: {
    readonly contextSequence: LlamaSequence;
  }) => LlamaCompletion;
}

export interface Llama {
  readonly gpu: string | false;
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  createGrammar(options: { readonly grammar: string }): Promise<unknown>;
}

export interface LlamaModel {
  readonly tokens: {
    readonly bos: number | null;
    readonly shouldPrependBosToken: boolean;
  };
  tokenize(text: string, specialTokens: boolean): number[];
  createContext(options: {
    readonly sequences: 1;
    readonly contextSize: number;
    readonly threads: number;
  }): Promise<{ getSequence(): LlamaSequence }>;
}

export interface LlamaSequence {
  clearHistory(): Promise<void>;
  controlledEvaluate(
    input: readonly (number | readonly [number, object])[],
  ): Promise<
    readonly (
      | {
          readonly next: {
            readonly probabilities?: ReadonlyMap<number, number>;
          };
        }
      | undefined
    )[]
  >;
}

export interface LlamaCompletion {
  generateCompletion(
    input: readonly number[],
    options: {
      readonly grammar: unknown;
      readonly maxTokens: number;
      readonly temperature: 0;
    },
  ): Promise<string>;
}

// Not a literal: the compiler would look for the package.
const PACKAGE: string = "node-llama-cpp";

export const loadLlamaBinding = async (): Promise<LlamaBinding> =>
  (await import(PACKAGE)) as LlamaBinding;
