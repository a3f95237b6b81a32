/** Compiled schemas with coded refusals: what is wrong (type, number, size) decides the code, and only our own field names leave. */
import type { Static, TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { CodedError, type ErrorCode } from "../std/errors.ts";

/** Narrower than what a double holds: what lies outside is a broken feed, and its squares would overflow. */
export const PRICE_MIN = 1e-12;
export const PRICE_MAX = 1e12;
export const SIZE_MAX = Number.MAX_SAFE_INTEGER;

export class Check<S extends TSchema> {
  readonly #compiled;
  readonly #names = new Set<string>();

  constructor(schema: S) {
    this.#compiled = TypeCompiler.Compile(schema);
    collectNames(schema, this.#names);
  }

  /** Returns the value itself: nothing is copied, cleaned or converted. */
  parse(value: unknown): Static<S> {
    if (this.#compiled.Check(value)) return value;
    throw this.#refusal(value);
  }

  #refusal(value: unknown): CodedError {
    const first = this.#compiled.Errors(value).First();
    if (first === undefined) return new CodedError("E_INPUT_SCHEMA");
    const field = this.#ownPath(first.path);
    return new CodedError(
      codeFor(field, first.value, first.schema),
      field === "" ? {} : { field },
    );
  }

  /** The part of the path that our schema names: a peer's own key never reaches a reply or a log. */
  #ownPath(path: string): string {
    const own: string[] = [];
    for (const part of path.split("/").slice(1)) {
      if (!this.#names.has(part) && !/^\d{1,5}$/.test(part)) break;
      own.push(part);
    }
    return own.join(".");
  }
}

const codeFor = (field: string, value: unknown, schema: TSchema): ErrorCode => {
  if (field === "v") return "E_INPUT_VERSION";
  if ("const" in schema) return "E_INPUT_SCHEMA";
  const wantsNumber = schema.type === "number" || schema.type === "integer";
  if (typeof value === "number" && wantsNumber) return "E_INPUT_RANGE";
  if (Array.isArray(value) && schema.type === "array") return "E_INPUT_LIMIT";
  if (typeof value === "string" && schema.type === "string")
    return "E_INPUT_LIMIT";
  return "E_INPUT_SCHEMA";
};

const collectNames = (schema: unknown, into: Set<string>): void => {
  if (typeof schema !== "object" || schema === null) return;
  const properties = (schema as TSchema).properties as unknown;
  if (typeof properties === "object" && properties !== null)
    for (const name of Object.keys(properties)) into.add(name);
  for (const part of Object.values(schema)) collectNames(part, into);
};
