/** Where this copy of fusewire lies: its version, models, thread entries and page, whether run from sources or compiled. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { assert } from "./std/assert.ts";

const findRoot = (): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    assert(parent !== folder, "fusewire runs from its own package");
    folder = parent;
  }
  return folder;
};

const root = findRoot();

const compiled = (path: string): URL => pathToFileURL(join(root, "dist", path));

export const INSTALLATION = {
  root,
  version: (
    JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      version: string;
    }
  ).version,
  /** The models that ship with the engine. */
  modelsDir: join(root, "models"),
  /** Threads and processes start from compiled JavaScript: Node 20 strips no types. */
  onnxWorkerUrl: compiled("workers/onnx-worker.js"),
  llamaProcessUrl: compiled("workers/llama-process.js"),
  hubThreadUrl: compiled("engine/io/hub-thread.js"),
  pagesUrl: compiled("engine/io/dashboard/"),
  cliPath: join(root, "dist/engine/cli/fusewire.js"),
} as const;
