/** Where the compiled thread and process entries lie: Node 20 starts no thread from TypeScript. */
import { existsSync } from "node:fs";

const DIST = new URL("../../dist/", import.meta.url);

const compiled = (path: string): URL => {
  const url = new URL(path, DIST);
  if (!existsSync(url))
    throw new Error(`${url.pathname} is missing: npm run build`);
  return url;
};

export const workerUrl = (): URL => compiled("workers/onnx-worker.js");
export const llamaProcessUrl = (): URL => compiled("workers/llama-process.js");
