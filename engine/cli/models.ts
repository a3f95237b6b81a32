/** `fusewire models ls`: the model registry as the engine would serve it. */
import { loadRegistry } from "../../models/registry.ts";
import { FEATURE_SETS } from "../features/feature-sets.ts";
import { INPUT_WINDOWS } from "../features/input-windows.ts";
import { INSTALLATION } from "../installation.ts";
import { EXIT, UsageError, parseFlags, type Command } from "./command.ts";

const help = `usage: fusewire models ls [--models DIR] [--json]

Lists every model under the registry: those that would be served, those superseded by a higher version, and those refused, with the reason.
Exit code 1 when one is refused.

      --models DIR      registry in place of the shipped one
      --json            one JSON object`;

interface Row {
  readonly name: string;
  readonly version: string;
  readonly family: string;
  readonly state: string;
  readonly horizonMs: number | undefined;
  readonly bytes: number | undefined;
  readonly sha256: string;
}

const rowsOf = (dir: string): Row[] => {
  const registry = loadRegistry(dir, {
    featureSets: FEATURE_SETS,
    windows: INPUT_WINDOWS,
  });
  const good = (entries: typeof registry.entries, state: string): Row[] =>
    entries.map(({ manifest }) => ({
      name: manifest.name,
      version: manifest.version,
      family: manifest.family,
      state,
      horizonMs: manifest.horizonMs,
      bytes: manifest.bytes,
      sha256: manifest.sha256,
    }));
  return [
    ...good(registry.entries, "serves"),
    ...good(registry.superseded, "superseded"),
    ...registry.refusals.map(({ directory, name, version, error, detail }) => ({
      name: name ?? directory,
      version: version ?? "?",
      family: "?",
      state: `${error.code}: ${detail}`,
      horizonMs: undefined,
      bytes: undefined,
      sha256: "",
    })),
  ];
};

const table = (rows: readonly Row[]): string => {
  const cells = rows.map((row) => [
    row.name,
    row.version,
    row.family,
    row.horizonMs === undefined ? "" : `${row.horizonMs} ms`,
    row.bytes === undefined ? "" : `${(row.bytes / 1024).toFixed(0)} KiB`,
    row.sha256.slice(0, 12),
    row.state,
  ]);
  const head = [
    "model",
    "version",
    "family",
    "horizon",
    "size",
    "sha256",
    "state",
  ];
  const widths = head.map((title, i) =>
    Math.max(title.length, ...cells.map((line) => line[i]!.length)),
  );
  return [head, ...cells]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

export const modelsCommand: Command = {
  name: "models",
  summary: "list the models, served and refused",
  help,
  run(args) {
    const { values, positionals } = parseFlags(args, {
      models: { type: "string" },
      json: { type: "boolean" },
    });
    if (positionals[0] !== "ls" || positionals.length > 1)
      throw new UsageError("models ls is the only one");
    const dir = values.models ?? INSTALLATION.modelsDir;
    const rows = rowsOf(dir);
    console.log(
      values.json === true
        ? JSON.stringify({ dir, models: rows })
        : table(rows),
    );
    const isRefused = rows.some(({ state }) => state.startsWith("E_"));
    return Promise.resolve(isRefused ? EXIT.failed : EXIT.ok);
  },
};
