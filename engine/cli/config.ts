/** `fusewire config check`: reads the configuration as `run` would and prints every key with its value. */
import type { TSchema } from "@sinclair/typebox";
import { loadConfig } from "../config.ts";
import { configKeys, envNameOf } from "../config-keys.ts";
import type { Config } from "../config-schema.ts";
import {
  CONFIG_HELP,
  CONFIG_OPTIONS,
  EXIT,
  UsageError,
  configOverrides,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire config check [flags]

Reads file, environment and flags as fusewire run would, and prints every key with its value; passwords are masked.
Precedence: flags, then FUSEWIRE_ variables, then the file, then the defaults. Unknown keys are errors that name the key.

${CONFIG_HELP}
      --json            the values as one JSON object
      --env             the environment variable of each key beside it`;

/** nats://user:password@host → nats://user:***@host */
const masked = (value: unknown): unknown =>
  typeof value === "string"
    ? value.replace(/(\/\/[^:@/]*:)[^@]*@/, "$1***@")
    : value;

const valueOf = (config: Config, key: string): unknown => {
  const [group, name] = key.split(".") as [keyof Config, string];
  const value = (config[group] as Record<string, unknown>)[name];
  if (name.endsWith("Token")) return value === "" ? "" : "***";
  return masked(value);
};

const line = (config: Config, key: string, schema: TSchema): string => {
  const value = valueOf(config, key);
  const isDefault = JSON.stringify(value) === JSON.stringify(schema["default"]);
  const shown = `${key}: ${JSON.stringify(value)}`;
  return `${isDefault ? " " : "*"} ${shown.padEnd(46)} ${schema.description ?? ""}`;
};

export const configCommand: Command = {
  name: "config",
  summary: "check the configuration and show every key",
  help,
  run(args) {
    const { values, positionals } = parseFlags(args, {
      ...CONFIG_OPTIONS,
      json: { type: "boolean" },
      env: { type: "boolean" },
    });
    if (positionals[0] !== "check" || positionals.length > 1)
      throw new UsageError("config check is the only one");
    const config = loadConfig({
      ...(values.config === undefined ? {} : { file: values.config }),
      flags: configOverrides(values),
    });
    if (values.json === true) {
      const entries = configKeys().map(
        ({ key }) => [key, valueOf(config, key)] as const,
      );
      console.log(JSON.stringify(Object.fromEntries(entries)));
      return Promise.resolve(EXIT.ok);
    }
    for (const { key, schema } of configKeys())
      console.log(
        values.env === true
          ? `${key.padEnd(32)}${envNameOf(key)}`
          : line(config, key, schema),
      );
    console.log("\nThe configuration is valid; * marks what is not a default.");
    return Promise.resolve(EXIT.ok);
  },
};
