/** Typed access to the fields of untrusted JSON: each getter checks, and a refusal names the path. */
import { CodedError } from "../engine/std/errors.ts";

type Raw = Readonly<Record<string, unknown>>;

const isRaw = (value: unknown): value is Raw =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export class ManifestFields {
  readonly #raw: Raw;
  readonly #path: string;

  private constructor(raw: Raw, path: string) {
    this.#raw = raw;
    this.#path = path;
  }

  /** With `keys`, any other key is refused by name. */
  static of(
    raw: unknown,
    path: string,
    keys: readonly string[] | undefined,
  ): ManifestFields {
    if (!isRaw(raw)) throw refusal(path, "must be an object");
    if (keys !== undefined)
      for (const key of Object.keys(raw))
        if (!keys.includes(key)) throw refusal(`${path}.${key}`, "unknown key");
    return new ManifestFields(raw, path);
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#raw, key);
  }

  keys(): string[] {
    return Object.keys(this.#raw);
  }

  child(key: string, keys: readonly string[] | undefined): ManifestFields {
    return ManifestFields.of(this.#get(key), `${this.#path}.${key}`, keys);
  }

  object(key: string): Raw {
    const value = this.#get(key);
    if (!isRaw(value)) throw this.#refuse(key, "must be an object");
    return value;
  }

  list(
    key: string,
    lengthMax: number,
    keys: readonly string[],
  ): ManifestFields[] {
    return this.#array(key, lengthMax).map((item, i) =>
      ManifestFields.of(item, `${this.#path}.${key}[${i}]`, keys),
    );
  }

  entries(
    key: string,
    countMax: number,
    keys: readonly string[],
  ): [string, ManifestFields][] {
    const parent = this.child(key, undefined);
    const names = parent.keys();
    if (names.length > countMax)
      throw this.#refuse(key, "has too many entries");
    return names.map((name) => [name, parent.child(name, keys)]);
  }

  text(key: string, lengthMax: number): string {
    const value = this.#get(key);
    if (typeof value !== "string" || value === "" || value.length > lengthMax)
      throw this.#refuse(key, `must be text of 1 to ${lengthMax} characters`);
    return value;
  }

  matching(key: string, pattern: RegExp): string {
    const value = this.#get(key);
    if (typeof value !== "string" || !pattern.test(value))
      throw this.#refuse(key, `must match ${pattern.source}`);
    return value;
  }

  oneOf<const T extends string | number>(key: string, values: readonly T[]): T {
    const value = this.#get(key);
    const found = values.find((allowed) => allowed === value);
    if (found === undefined)
      throw this.#refuse(key, `must be one of ${values.join(", ")}`);
    return found;
  }

  number(key: string, min: number, max: number): number {
    const value = this.#get(key);
    if (typeof value !== "number" || !(value >= min && value <= max))
      throw this.#refuse(key, `must be a number from ${min} to ${max}`);
    return value;
  }

  integer(key: string, min: number, max: number): number {
    const value = this.number(key, min, max);
    if (!Number.isInteger(value)) throw this.#refuse(key, "must be an integer");
    return value;
  }

  numbers(key: string, lengthMax: number): number[] {
    return this.#array(key, lengthMax).map((value) => {
      if (typeof value !== "number" || !Number.isFinite(value))
        throw this.#refuse(key, "must hold finite numbers");
      return value;
    });
  }

  /** By name; each is refused by its own. */
  finiteNumbers(key: string, countMax: number): Record<string, number> {
    const parent = this.child(key, undefined);
    const names = parent.keys();
    if (names.length > countMax)
      throw this.#refuse(key, "has too many entries");
    return Object.fromEntries(
      names.map((name) => [
        name,
        parent.number(name, -Number.MAX_VALUE, Number.MAX_VALUE),
      ]),
    );
  }

  ascending(key: string, lengthMax: number): number[] {
    const values = this.numbers(key, lengthMax);
    for (let i = 1; i < values.length; i++)
      if (values[i]! < values[i - 1]!)
        throw this.#refuse(key, "must not descend");
    return values;
  }

  strings(key: string, lengthMax: number): string[] {
    return this.#array(key, lengthMax).map((value) => {
      if (typeof value !== "string" || value === "" || value.length > 64)
        throw this.#refuse(key, "must hold short texts");
      return value;
    });
  }

  dimensions(key: string, lengthMax: number): (number | string)[] {
    return this.#array(key, lengthMax).map((value) => {
      if (typeof value === "string" && value.length <= 64) return value;
      if (typeof value === "number" && Number.isInteger(value) && value > 0)
        return value;
      throw this.#refuse(key, "must hold positive integers or names");
    });
  }

  #array(key: string, lengthMax: number): readonly unknown[] {
    const value = this.#get(key);
    if (!Array.isArray(value) || value.length > lengthMax)
      throw this.#refuse(key, `must be a list of at most ${lengthMax}`);
    return value;
  }

  #get(key: string): unknown {
    return this.has(key) ? this.#raw[key] : undefined;
  }

  #refuse(key: string, detail: string): CodedError {
    return refusal(`${this.#path}.${key}`, detail);
  }
}

const refusal = (field: string, detail: string): CodedError =>
  new CodedError("E_MODEL_CONTRACT", { field, detail });
