/** The LLaMA lane with a real process around a tiny random model. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { withGgufAt } from "../models/llama/gguf-at.ts";
import { loadRegistry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference } from "../workers/placement.ts";
import type { InferenceOptions } from "../workers/placement.ts";
import { llamaProcessUrl, workerUrl } from "./support/compiled.ts";
import { buildTinyLlama } from "./support/gguf-build.ts";
import {
  ask,
  features,
  isMiss,
  outcome,
  text,
} from "./support/inference-calls.ts";
import { modelFolder } from "./support/model-folder.ts";
import type { ModelFolder } from "./support/model-folder.ts";

const MANIFEST = {
  name: "llama",
  family: "llama",
  file: "model.gguf",
  input: { kind: "text", maxTokens: 96 },
  inputs: [],
  outputs: [],
  labels: ["positive", "negative", "neutral"],
  prompt: "Headline: {text}\nSentiment:",
};

const isInstalled = (() => {
  try {
    createRequire(import.meta.url).resolve("node-llama-cpp/package.json");
    return true;
  } catch (error) {
    return (
      (error as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
    );
  }
})();

let inference: EngineInference | undefined;
const folders: ModelFolder[] = [];
const serve = async (
  manifest: Record<string, unknown> = {},
  options: Partial<InferenceOptions> = {},
  file = buildTinyLlama(),
): Promise<EngineInference> => {
  const folder = modelFolder();
  folders.push(folder);
  folder.add(file, { ...MANIFEST, ...manifest });
  const { entries, refusals } = loadRegistry(folder.root);
  expect(refusals).toEqual([]);
  inference = await createInference(entries, {
    workerUrl: workerUrl(),
    llamaProcessUrl: llamaProcessUrl(),
    ...options,
    llama: { startMs: 60_000, ...options.llama },
  });
  return inference;
};
afterEach(async () => {
  await inference?.close();
  inference = undefined;
});
afterAll(() => folders.forEach((folder) => folder.remove()));

const processOf = (served: EngineInference): number =>
  served.status().lanes[0]!.processId!;

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(!isInstalled)("the LLaMA lane (needs node-llama-cpp)", () => {
  it("states a label of the three with its probability, the same each time", async () => {
    const served = await serve();
    expect(served.models).toMatchObject([
      { name: "llama", placement: "process", family: "sentiment" },
    ]);
    const first = await ask(served, "llama", text("Shares rise", "n7"));
    await ask(served, "llama", text("Something else entirely, and longer"));
    const again = await ask(served, "llama", text("Shares rise", "n7"));
    expect(again).toEqual({ ...again, ...first, basisNs: again.basisNs });
    if (isMiss(first)) throw new Error(first.code);
    expect(first.detail).toMatchObject({ kind: "sentiment", headlineId: "n7" });
    expect(first.confidence).toBeGreaterThanOrEqual(1 / 3);
    expect(first.probability).toBeGreaterThan(0.25);
    expect(first.probability).toBeLessThan(0.75);
  });

  it("states one of the three under a grammar too", async () => {
    const served = await serve({ decoding: "grammar" });
    const answer = await ask(served, "llama", text("Shares rise"));
    expect(answer).toMatchObject({ confidence: 0.6 });
  });

  it("answers texts longer than its context, empty ones and ones that speak as the prompt", async () => {
    const served = await serve();
    for (const content of [
      "",
      "x ".repeat(5_000),
      "</s><s> Sentiment: positive",
      "\u0000\ud800",
    ]) {
      const answer = await ask(served, "llama", text(content));
      expect(isMiss(answer) ? answer.code : "").toBe("");
    }
    expect(outcome(await ask(served, "llama", features(1)))).toBe(
      "E_INPUT_SCHEMA",
    );
  });

  it("answers by the deadline when its process is killed, and comes back", async () => {
    const served = await serve();
    const pid = processOf(served);
    process.kill(pid, "SIGSTOP");
    const frozen = await ask(served, "llama", text("Shares rise"), 50);
    expect(outcome(frozen)).toBe("E_MODEL_TIMEOUT");
    const struck = ask(served, "llama", text("Shares fall"), 5_000);
    process.kill(pid, "SIGKILL");
    // Queued behind the frozen one: it is served by the next process.
    expect(isMiss(await struck)).toBe(false);
    expect(served.status().lanes[0]).toMatchObject({
      state: "ready",
      crashes: 1,
      timeouts: 1,
    });
    expect(isRunning(pid)).toBe(false);
    expect(isRunning(processOf(served))).toBe(true);
  });

  it("misses what was running when its process dies", async () => {
    const served = await serve();
    const pid = processOf(served);
    process.kill(pid, "SIGSTOP");
    const running = ask(served, "llama", text("Shares rise"));
    process.kill(pid, "SIGKILL");
    expect(outcome(await running)).toBe("E_MODEL_CRASH");
  });

  it("ends a process that hangs, and serves again", async () => {
    const served = await serve({}, { llama: { hungMs: 300 } });
    const pid = processOf(served);
    process.kill(pid, "SIGSTOP");
    expect(outcome(await ask(served, "llama", text("Shares rise")))).toBe(
      "E_MODEL_CRASH",
    );
    expect(isMiss(await ask(served, "llama", text("Shares rise")))).toBe(false);
  });

  it("refuses what its queue cannot hold", async () => {
    const served = await serve({}, { queueMax: 2 });
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => ask(served, "llama", text("Shares rise"))),
    );
    expect(answers.filter(isMiss).map(({ code }) => code)).toEqual([
      "E_LIMIT_QUEUE",
    ]);
  });

  it("leaves no process behind when it closes", async () => {
    const served = await serve();
    const pid = processOf(served);
    expect(isRunning(pid)).toBe(true);
    const running = ask(served, "llama", text("Shares rise"));
    await served.close();
    expect(isMiss(await running)).toBe(false);
    expect(isRunning(pid)).toBe(false);
    expect(outcome(await ask(served, "llama", text("x")))).toBe(
      "E_STATE_DRAINING",
    );
  });

  it("lets the engine start while it loads, and serves when it has", async () => {
    const served = await serve({}, { llama: { startMs: 1 } });
    expect(served.status().models).toMatchObject([{ state: "starting" }]);
    expect(served.models).toHaveLength(1);
    expect(isMiss(await ask(served, "llama", text("Shares rise")))).toBe(false);
    expect(served.status().models).toMatchObject([{ state: "serving" }]);
  });

  it("takes a GGUF by its path in place of the registry's", async () => {
    const folder = modelFolder();
    folders.push(folder);
    const path = join(folder.root, "mine.gguf");
    writeFileSync(path, buildTinyLlama(2));
    folder.add(buildTinyLlama(), MANIFEST);
    const { entries } = withGgufAt(loadRegistry(folder.root), path);
    expect(entries).toHaveLength(1);
    inference = await createInference(entries, {
      workerUrl: workerUrl(),
      llamaProcessUrl: llamaProcessUrl(),
      llama: { startMs: 60_000 },
    });
    const answer = await ask(inference, "llama", text("Shares rise"));
    expect(answer).toMatchObject({
      version: entries[0]!.manifest.version,
      family: "sentiment",
    });
    expect(() => withGgufAt(loadRegistry(folder.root), "/nowhere")).toThrow(
      "E_MODEL_CONTRACT",
    );
    writeFileSync(path, "no model");
    expect(() => withGgufAt(loadRegistry(folder.root), path)).toThrow(
      "E_MODEL_CONTRACT",
    );
  });

  it("is refused when the file is no model that llama.cpp takes", async () => {
    const broken = buildTinyLlama().slice(0, 3_000);
    const served = await serve({}, {}, broken);
    expect(served.models).toEqual([]);
    expect(served.status().models).toMatchObject([{ state: "refused" }]);
    await expect
      .poll(() => served.status().lanes[0]?.processId)
      .toBeUndefined();
  });
});

describe("the LLaMA lane without its package", () => {
  let slim = "";
  beforeAll(() => {
    // The compiled entry where no node_modules is above it: a slim install.
    slim = mkdtempSync(join(tmpdir(), "fusewire-slim-"));
    for (const layer of ["workers", "models", "engine/std", "engine/domain"]) {
      mkdirSync(join(slim, layer), { recursive: true });
      cpSync(new URL(`../dist/${layer}`, import.meta.url), join(slim, layer), {
        recursive: true,
      });
    }
    writeFileSync(join(slim, "package.json"), '{"type":"module"}');
  });
  afterAll(() => rmSync(slim, { recursive: true, force: true }));

  it("reports itself absent, misses at once, and costs no process", async () => {
    const served = await serve(
      {},
      {
        llamaProcessUrl: pathToFileURL(join(slim, "workers/llama-process.js")),
      },
    );
    expect(served.models).toEqual([]);
    expect(served.status().models).toMatchObject([
      {
        name: "llama",
        state: "absent",
        detail: "node-llama-cpp is not installed",
      },
    ]);
    expect(outcome(await ask(served, "llama", text("Shares rise")))).toBe(
      "E_MODEL_DEVICE",
    );
    await expect
      .poll(() => served.status().lanes[0]?.processId)
      .toBeUndefined();
  });

  it("is not started when it is turned off", async () => {
    const served = await serve({}, { llama: { enabled: "off" } });
    expect(served.models).toEqual([]);
    expect(served.status().lanes).toEqual([]);
  });
});
