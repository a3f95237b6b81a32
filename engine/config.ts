/** The whole configuration: file, environment and flags are read once into one frozen, checked value. */
import { readFileSync } from "node:fs";
import type { TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { parse as parseYaml } from "yaml";
import {
  ENV_PREFIX,
  PYTHON_ENV,
  configKeys,
  envNameOf,
} from "./config-keys.ts";
import { CONFIG_SCHEMA, type Config } from "./config-schema.ts";
import { CodedError, type ErrorCode } from "./std/errors.ts";

/** `a.b` → raw text, as given by a flag or an environment variable. */
export type Overrides = ReadonlyMap<string, string>;

export interface ConfigProblem {
  readonly code: ErrorCode;
  /** The key, the variable or the flag at fault, such as `symbols.max`. */
  readonly key: string;
  readonly text: string;
}

/** All that is wrong at once, so that one look mends the file. */
export class ConfigError extends CodedError {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const first = problems[0]!;
    super(first.code, {
      field: first.key,
      detail: problems
        .map((problem) => `${problem.key}: ${problem.text}`)
        .join("; "),
    });
    this.problems = problems;
  }
}

const checker = TypeCompiler.Compile(CONFIG_SCHEMA);

/** Precedence: flags over environment over file over defaults. Throws a ConfigError with every problem. */
export const loadConfig = (options: {
  readonly file?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly flags?: Overrides;
}): Config => {
  const raw = options.file === undefined ? {} : readConfigFile(options.file);
  const problems: ConfigProblem[] = [];
  applyOverrides(
    raw,
    overridesFromEnv(options.env ?? process.env, problems),
    problems,
  );
  applyOverrides(raw, options.flags ?? new Map<string, string>(), problems);

  const filled = Value.Default(CONFIG_SCHEMA, raw);
  for (const error of checker.Errors(filled)) {
    const key = error.path.slice(1).replaceAll("/", ".");
    if (problems.some((problem) => problem.key === key)) continue;
    const isUnknown = error.message === "Unexpected property";
    problems.push({
      code: isUnknown ? "E_CONFIG_UNKNOWN" : "E_CONFIG_INVALID",
      key: key === "" ? "(file)" : key,
      text: isUnknown ? `unknown key${suggestion(key)}` : error.message,
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(filled as Config);
};

const readConfigFile = (file: string): Record<string, unknown> => {
  let content: unknown;
  try {
    // YAML 1.2 holds JSON as a subset.
    content = parseYaml(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new CodedError("E_CONFIG_INVALID", {
      field: file,
      detail: "cannot be read as YAML or JSON",
      cause,
    });
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== "object" || Array.isArray(content))
    throw new CodedError("E_CONFIG_INVALID", {
      field: file,
      detail: "is not a mapping of sections",
    });
  return content as Record<string, unknown>;
};

const overridesFromEnv = (
  env: NodeJS.ProcessEnv,
  problems: ConfigProblem[],
): Overrides => {
  const keyOf = new Map(configKeys().map(({ key }) => [envNameOf(key), key]));
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(ENV_PREFIX) || value === undefined) continue;
    if (name === PYTHON_ENV) continue;
    const key = keyOf.get(name);
    if (key === undefined)
      problems.push({
        code: "E_CONFIG_UNKNOWN",
        key: name,
        text: "unknown variable",
      });
    else found.set(key, value);
  }
  return found;
};

const applyOverrides = (
  raw: Record<string, unknown>,
  overrides: Overrides,
  problems: ConfigProblem[],
): void => {
  const schemaOf = new Map(
    configKeys().map(({ key, schema }) => [key, schema]),
  );
  for (const [key, value] of overrides) {
    const schema = schemaOf.get(key);
    if (schema === undefined) {
      problems.push({
        code: "E_CONFIG_UNKNOWN",
        key,
        text: `unknown key${suggestion(key)}`,
      });
      continue;
    }
    const [group, name] = key.split(".") as [string, string];
    const target: unknown = (raw[group] ??= {});
    if (typeof target === "object" && target !== null)
      (target as Record<string, unknown>)[name] = typed(value, schema);
  }
};

/** Text from a flag or variable in the type its key wants; what does not convert stays text and fails the check. */
const typed = (value: string, schema: TSchema): unknown => {
  switch (schema["type"]) {
    case "integer":
    case "number":
      return value.trim() !== "" && Number.isFinite(Number(value))
        ? Number(value)
        : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "array":
      return value === ""
        ? []
        : value
            .split(",")
            .map((item) => typed(item.trim(), schema["items"] as TSchema));
    default:
      return value;
  }
};

/** The known key that shares the longest head with a mistyped one. */
const suggestion = (key: string): string => {
  const keys = configKeys().map((entry) => entry.key);
  let best = "";
  let bestLength = 2;
  for (const candidate of keys) {
    const names = [candidate, candidate.slice(candidate.indexOf(".") + 1)];
    for (const name of names) {
      const wanted = name === candidate ? key : key.slice(key.indexOf(".") + 1);
      const length = commonHead(name.toLowerCase(), wanted.toLowerCase());
      if (length > bestLength) [best, bestLength] = [candidate, length];
    }
  }
  return best === "" ? "" : `, did you mean ${best}?`;
};

const commonHead = (a: string, b: string): number => {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  return i;
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
};
