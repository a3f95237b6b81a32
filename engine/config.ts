/** The whole configuration: file, environment and flags are read once into one frozen, checked value. */
import { readFileSync } from "node:fs";
import {
  Type,
  type Static,
  type TObject,
  type TSchema,
} from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import { Value } from "@sinclair/typebox/value";
import { parse as parseYaml } from "yaml";
import { CodedError, type ErrorCode } from "./std/errors.ts";

const section = <T extends Record<string, TSchema>>(
  properties: T,
  description: string,
): TObject<T> =>
  Type.Object(properties, {
    additionalProperties: false,
    default: {},
    description,
  });

const text = (fallback: string, description: string) =>
  Type.String({ default: fallback, description });
const count = (
  fallback: number,
  minimum: number,
  maximum: number,
  description: string,
) => Type.Integer({ default: fallback, minimum, maximum, description });
const amount = (
  fallback: number,
  minimum: number,
  maximum: number,
  description: string,
) => Type.Number({ default: fallback, minimum, maximum, description });
const flag = (fallback: boolean, description: string) =>
  Type.Boolean({ default: fallback, description });

export const CONFIG_SCHEMA = section(
  {
    nats: section(
      {
        url: text(
          "",
          "nats://user:password@host:port; empty: an in-process bus, no broker",
        ),
        tlsCaFile: text(
          "",
          "PEM file of the authority that signs the broker's certificate; empty: no TLS",
        ),
      },
      "The broker",
    ),
    redis: section(
      {
        url: text(
          "",
          "redis://host:port; empty: state is kept in files under state.dir",
        ),
      },
      "The optional state store",
    ),
    state: section(
      {
        dir: text(
          "state",
          "Directory of the file store and the prediction log",
        ),
        saveEveryMs: count(
          5000,
          100,
          3_600_000,
          "Weights are saved at most this often, per symbol",
        ),
      },
      "What survives a restart",
    ),
    http: section(
      {
        host: text(
          "127.0.0.1",
          "Address of page, WebSocket, health and metrics",
        ),
        port: count(8787, 0, 65535, "0 takes a free one"),
        connectionsMax: count(
          2000,
          1,
          100_000,
          "Sockets above this are refused",
        ),
        origins: Type.Array(Type.String(), {
          default: [],
          maxItems: 64,
          description: "Allowed Origin headers; empty: same host only",
        }),
      },
      "The hub",
    ),
    feed: section(
      {
        source: Type.Union(
          [
            Type.Literal("auto"),
            Type.Literal("simulator"),
            Type.Literal("bus"),
          ],
          {
            default: "auto",
            description:
              "auto: the simulator without a broker, the bus with one",
          },
        ),
        seed: text("fusewire", "Seed of the simulated market"),
        symbols: Type.Array(Type.String(), {
          default: [],
          maxItems: 500,
          description:
            "Simulated symbols, SYMBOL.VENUE; empty: the simulator's own eight",
        }),
        updatesPerSecond: amount(
          20,
          0.1,
          10_000,
          "Mean book updates a second and simulated symbol",
        ),
      },
      "Where market data comes from",
    ),
    symbols: section(
      {
        max: count(
          2000,
          1,
          100_000,
          "Actors at once; further symbols are refused with E_SYMBOL_LIMIT",
        ),
        idleMs: count(
          900_000,
          1000,
          86_400_000,
          "A symbol without events this long is passivated",
        ),
        mailboxMax: count(
          1024,
          16,
          65_536,
          "Messages that wait for one symbol",
        ),
        staleAfterMs: count(
          2000,
          50,
          600_000,
          "A book without a valid update this long is STALE",
        ),
        depthMax: count(1000, 10, 10_000, "Levels kept on each side of a book"),
        signalIntervalMs: count(
          0,
          0,
          60_000,
          "Least time between two signals of a symbol; 0: every turn",
        ),
      },
      "Symbol actors",
    ),
    models: section(
      {
        dir: text(
          "",
          "Model directory; empty: the models that ship with the engine",
        ),
        threads: count(1, 1, 256, "Inference threads"),
        queueMax: count(512, 1, 100_000, "Requests that wait for a thread"),
        batchMax: count(16, 1, 1024, "Rows of one call"),
        forecastDeadlineMs: count(
          250,
          1,
          60_000,
          "Forecasts that take longer are left out",
        ),
        sentimentDeadlineMs: count(
          2000,
          1,
          600_000,
          "Sentiment that takes longer is left out",
        ),
        llama: flag(
          true,
          "Serve the LLaMA lane where node-llama-cpp is installed",
        ),
        llamaPath: text("", "A GGUF file in place of the small one that ships"),
        cudaDevices: Type.Array(Type.Integer({ minimum: 0, maximum: 63 }), {
          default: [],
          maxItems: 64,
          description: "GPU ids for the pool; empty: CPU",
        }),
      },
      "Inference",
    ),
    fusion: section(
      {
        weightHalfLifeHours: amount(
          6,
          0.01,
          100_000,
          "Evidence about a source halves in this time",
        ),
        priorStrength: amount(
          10,
          0.1,
          100_000,
          "Outcomes that the prior is worth; it never fades",
        ),
      },
      "Bayesian weights",
    ),
    log: section(
      {
        level: Type.Union(
          [
            Type.Literal("debug"),
            Type.Literal("info"),
            Type.Literal("warn"),
            Type.Literal("error"),
            Type.Literal("silent"),
          ],
          { default: "info", description: "Lines below this are dropped" },
        ),
        predictions: flag(
          false,
          "Append matured predictions to state.dir/predictions.jsonl",
        ),
      },
      "Logging",
    ),
  },
  "fusewire configuration",
);

export type Config = Static<typeof CONFIG_SCHEMA>;

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

const ENV_PREFIX = "FUSEWIRE_";
const checker = TypeCompiler.Compile(CONFIG_SCHEMA);

/** `http.connectionsMax` → `FUSEWIRE_HTTP_CONNECTIONS_MAX`. */
export const envNameOf = (key: string): string =>
  ENV_PREFIX +
  key
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .replaceAll(".", "_")
    .toUpperCase();

/** Every `section.key` with its schema, in order. */
export const configKeys = (): readonly {
  readonly key: string;
  readonly schema: TSchema;
}[] =>
  Object.entries(CONFIG_SCHEMA.properties).flatMap(([name, group]) =>
    Object.entries(group.properties as Record<string, TSchema>).map(
      ([key, schema]) => ({
        key: `${name}.${key}`,
        schema,
      }),
    ),
  );

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
