/** The keys of the configuration one by one, and what the environment calls them. */
import type { TSchema } from "@sinclair/typebox";
import { CONFIG_SCHEMA } from "./config-schema.ts";

export const ENV_PREFIX = "FUSEWIRE_";
/** A Python for what compares with one (`fusewire verify parity`): of the prefix, but no key. */
export const PYTHON_ENV = "FUSEWIRE_PYTHON";

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
