/** A headline to token ids, by the model's own tokenizer.json. */
import { Tokenizer } from "@huggingface/tokenizers";
import { CodedError } from "../engine/std/errors.ts";
import type { Tokenize } from "../models/model-spec.ts";

/** What we use of it: the package's own typings do not resolve under NodeNext. */
interface Encoder {
  encode(text: string): { readonly ids: number[] };
}
const JsonTokenizer = Tokenizer as unknown as new (
  tokenizer: object,
  config: object,
) => Encoder;

/** E_MODEL_CONTRACT when the file is no tokenizer. */
export const textTokenizer = (json: string): Tokenize => {
  let tokenizer: Encoder;
  let specials: string[];
  try {
    const parsed = JSON.parse(json) as { added_tokens?: unknown };
    tokenizer = new JsonTokenizer(parsed, {});
    specials = specialTokens(parsed.added_tokens);
  } catch (cause) {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: "manifest.input.tokenizer",
      detail: "not a tokenizer.json",
      cause,
    });
  }
  // The library reads a literal "[SEP]" in a text as the token, so a headline could end itself early.
  const literal =
    specials.length === 0
      ? undefined
      : new RegExp(specials.map(escapeRegExp).join("|"), "gi");
  return (text, tokensMax) => {
    const plain =
      literal === undefined ? text : text.replace(literal, breakToken);
    const { ids } = tokenizer.encode(plain);
    if (ids.length <= tokensMax) return ids;
    // Cut the text, keep the end marker.
    return [...ids.slice(0, tokensMax - 1), ids.at(-1)!];
  };
};

/** For models that take no text. */
export const noTokenizer: Tokenize = () => {
  throw new CodedError("E_MODEL_CONTRACT", { detail: "no tokenizer" });
};

const specialTokens = (added: unknown): string[] =>
  Array.isArray(added)
    ? added.flatMap((token: unknown) => {
        const { content } = token as { content?: unknown };
        return typeof content === "string" && content !== "" ? [content] : [];
      })
    : [];

const escapeRegExp = (text: string): string =>
  text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** "[SEP]" → "[ SEP ]": the same word to a reader, never the token. */
const breakToken = (token: string): string =>
  token.length < 3
    ? " "
    : `${token[0]!} ${token.slice(1, -1)} ${token.at(-1)!}`;
