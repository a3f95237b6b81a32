import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../engine/std/errors.ts";

const doc = readFileSync("docs/operations.md", "utf8");

const sources = ["engine", "actors", "workers", "models"]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) =>
      join(folder, file),
    ),
  )
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

const unique = (names: Iterable<string>) => [...new Set(names)].sort();

describe("docs/operations.md", () => {
  it("holds every error code as errors.ts has it, in its order", () => {
    const rows = [
      ...doc.matchAll(/^\| `(E_\w+)` +\| (\d+) +\| (yes|no) +\| (.+?) +\|$/gm),
    ].map(([, code, num, retry, text]) => ({ code, num, retry, text }));
    expect(rows).toEqual(
      Object.entries(ERROR_CODES).map(([code, { num, retryable, text }]) => ({
        code,
        num: String(num),
        retry: retryable ? "yes" : "no",
        text,
      })),
    );
  });

  it("names every metric that the sources name", () => {
    const named = unique(
      [...sources.matchAll(/"(fusewire_[a-z_]+)"/g)].map(([, name]) => name!),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !doc.includes(`\`${name}\``))).toEqual([]);
  });

  it("names no metric that the sources do not make", () => {
    const made = [...sources.matchAll(/["`](fusewire_[a-z_${}]+)["`]/g)].map(
      ([, name]) => new RegExp(`^${name!.replace(/\$\{\w+\}/g, "([a-z_]+)")}$`),
    );
    const parts = new Set(
      [...sources.matchAll(/"([a-z_]+)"/g)].map(([, text]) => text),
    );
    const documented = unique(
      [...doc.matchAll(/`(fusewire_[a-z_]+)`/g)].map(([, name]) => name!),
    );
    const unknown = documented.filter(
      (name) =>
        !made.some((pattern) => {
          const match = pattern.exec(name);
          // A name built from a part must be built from one that stands in the sources, as text or as a key.
          return (
            match !== null &&
            match
              .slice(1)
              .every(
                (part) =>
                  parts.has(part) ||
                  new RegExp(`\\b${part}(_total)?\\b`).test(sources),
              )
          );
        }),
    );
    expect(unknown).toEqual([]);
  });
});
