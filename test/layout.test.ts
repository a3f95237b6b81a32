/** Walks the sources and compares every import with the table in docs/architecture.md: imports go downwards only. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const SOURCES = ["engine", "actors", "workers", "models", "bench"];

/** First match wins; `files` are prefixes of repository paths. `packages: "any"` is for edges. */
interface Layer {
  readonly name: string;
  readonly files: readonly string[];
  readonly layers: readonly string[] | "any";
  readonly packages: readonly string[] | "any";
}

const LAYERS: readonly Layer[] = [
  { name: "std", files: ["engine/std/"], layers: [], packages: [] },
  { name: "domain", files: ["engine/domain/"], layers: ["std"], packages: [] },
  {
    name: "ports",
    files: ["engine/ports.ts"],
    layers: ["std", "domain"],
    packages: [],
  },
  {
    name: "config",
    files: [
      "engine/config.ts",
      "engine/config-fields.ts",
      "engine/config-keys.ts",
      "engine/config-schema.ts",
    ],
    layers: ["std", "domain"],
    packages: ["@sinclair/typebox", "yaml", "node:fs"],
  },
  {
    name: "market",
    files: ["engine/market/"],
    layers: ["std", "domain"],
    packages: [],
  },
  {
    name: "fusion",
    files: ["engine/fusion/"],
    layers: ["std", "domain"],
    packages: [],
  },
  {
    name: "features",
    files: ["engine/features/"],
    layers: ["std", "domain", "market"],
    packages: ["node:crypto"],
  },
  {
    name: "wire",
    files: ["engine/wire/"],
    layers: ["std", "domain"],
    packages: ["msgpackr", "@sinclair/typebox", "node:buffer"],
  },
  {
    name: "models",
    files: ["models/"],
    layers: ["std", "domain", "ports"],
    packages: ["node:crypto", "node:fs", "node:path", "node:url"],
  },
  {
    name: "runtime",
    files: ["actors/runtime/"],
    layers: ["std"],
    packages: [],
  },
  {
    name: "actors",
    files: ["actors/"],
    layers: [
      "runtime",
      "std",
      "domain",
      "ports",
      "market",
      "features",
      "fusion",
    ],
    packages: [],
  },
  {
    name: "workers",
    files: ["workers/"],
    layers: ["std", "domain", "ports", "models"],
    packages: "any",
  },
  // The page runs in a browser and knows the engine by its wire only.
  {
    name: "page",
    files: ["engine/io/dashboard/page/"],
    layers: [],
    packages: ["lightweight-charts"],
  },
  {
    name: "feeds",
    files: ["engine/feeds/"],
    layers: ["std", "domain", "ports", "wire", "market", "features"],
    packages: "any",
  },
  {
    name: "io",
    files: ["engine/io/"],
    layers: ["std", "domain", "ports", "wire", "market"],
    packages: "any",
  },
  {
    name: "journal",
    files: ["engine/journal/"],
    layers: ["std", "domain", "ports", "feeds"],
    packages: [],
  },
  { name: "bench", files: ["bench/"], layers: "any", packages: "any" },
  { name: "test", files: ["test/"], layers: "any", packages: "any" },
  {
    name: "top",
    // The composition root and the nouns that only it needs.
    files: [
      "engine/main.ts",
      "engine/installation.ts",
      "engine/actor-options.ts",
      "engine/fed-models.ts",
      "engine/model-runtime.ts",
      "engine/simulated-market.ts",
      "engine/stores.ts",
      "engine/engine-status.ts",
      "engine/operator-desk.ts",
      "engine/predict-backend.ts",
      "engine/links.ts",
      "engine/publish-run.ts",
      "engine/venue-run.ts",
      "engine/actor-machine.ts",
      "engine/record-run.ts",
      "engine/replay-run.ts",
      "engine/replay-recorded.ts",
      "engine/recompute-check.ts",
      "engine/signal-file.ts",
      "engine/standing-market.ts",
      "engine/signal-verifier.ts",
      "engine/counting-telemetry.ts",
      "engine/settling-inference.ts",
      "engine/cli/",
    ],
    layers: "any",
    packages: "any",
  },
];

/** Layers that nothing below may import. */
const ROOTS = new Set(["top", "bench", "test"]);

const layerOf = (path: string): Layer | undefined =>
  LAYERS.find((layer) =>
    layer.files.some(
      (prefix) =>
        path === prefix || (prefix.endsWith("/") && path.startsWith(prefix)),
    ),
  );

const sourceFiles = (dir: string): string[] =>
  readdirSync(join(ROOT, dir), { withFileTypes: true, recursive: true })
    .filter(
      (entry) =>
        entry.isFile() &&
        entry.name.endsWith(".ts") &&
        !entry.name.endsWith(".d.ts"),
    )
    .map((entry) =>
      relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join("/"),
    );

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

const importsOf = (path: string): string[] => {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2])!);
};

const packageOf = (specifier: string): string =>
  specifier.startsWith("node:")
    ? specifier
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");

const violation = (path: string, specifier: string): string | undefined => {
  const layer = layerOf(path)!;
  if (!specifier.startsWith(".")) {
    const name = packageOf(specifier);
    if (layer.packages === "any" || layer.packages.includes(name))
      return undefined;
    return `${path}: ${layer.name} may not use the package ${name}`;
  }
  const target = normalize(join(dirname(path), specifier))
    .split(sep)
    .join("/");
  const other = layerOf(target);
  if (other === undefined)
    return `${path}: imports ${target}, which is in no layer`;
  if (other.name === layer.name) return undefined;
  if (ROOTS.has(other.name) && !ROOTS.has(layer.name))
    return `${path}: nothing may import ${target}`;
  if (layer.layers === "any" || layer.layers.includes(other.name))
    return undefined;
  return `${path}: ${layer.name} may not import ${other.name} (${target})`;
};

const product = SOURCES.flatMap(sourceFiles).filter(
  (path) => !path.endsWith(".test.ts"),
);

describe("the tree", () => {
  it("has every source file in a layer", () => {
    expect(product.filter((path) => layerOf(path) === undefined)).toEqual([]);
  });

  it("imports downwards only", () => {
    const violations = product.flatMap((path) =>
      importsOf(path).map((specifier) => violation(path, specifier)),
    );
    expect(violations.filter((text) => text !== undefined)).toEqual([]);
  });

  it("has no cycle between files", () => {
    const graph = new Map(
      product.map((path) => [
        path,
        importsOf(path)
          .filter((specifier) => specifier.startsWith("."))
          .map((specifier) =>
            normalize(join(dirname(path), specifier))
              .split(sep)
              .join("/"),
          ),
      ]),
    );
    expect(findCycle(graph)).toBeUndefined();
  });

  it("has no drawers and no barrels", () => {
    const drawers = /(^|\/)(utils?|helpers?|common|misc|types|index)(\.ts$|\/)/;
    expect(product.filter((path) => drawers.test(path))).toEqual([]);
  });

  it("names its files in kebab-case", () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(bench|property|test))*\.ts$/;
    expect(
      product.filter(
        (path) => !kebab.test(path.slice(path.lastIndexOf("/") + 1)),
      ),
    ).toEqual([]);
  });

  it("would notice an upward import", () => {
    expect(
      violation("engine/market/order-book.ts", "../io/nats-link.ts"),
    ).toContain("may not import io");
    expect(violation("engine/std/time.ts", "piscina")).toContain(
      "may not use the package",
    );
    expect(violation("workers/job.ts", "../actors/router.ts")).toContain(
      "may not import actors",
    );
    expect(violation("engine/io/log.ts", "../main.ts")).toContain(
      "nothing may import",
    );
  });
});

/** Type-only imports count too: a cycle of types is a cycle of ideas. */
const findCycle = (
  graph: ReadonlyMap<string, readonly string[]>,
): string[] | undefined => {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    const at = path.indexOf(node);
    if (at >= 0) return [...path.slice(at), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
};
