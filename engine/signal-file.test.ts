import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signal } from "./domain/signal.ts";
import { SignalFile } from "./signal-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-signal-file-"));
});
afterAll(() => rm(folder, { recursive: true }));

const signal = (seq: number): Signal => ({ seq }) as Signal;

describe("a file of signals", () => {
  it("has one line each, and their digest, also where nothing is written", async () => {
    const path = join(folder, "signals.jsonl");
    for (const target of [path, undefined]) {
      const file = await SignalFile.open(target, "refuse");
      for (const seq of [1, 2, 3]) file.publish(signal(seq));
      const text = '{"seq":1}\n{"seq":2}\n{"seq":3}\n';
      expect(await file.end()).toBe(
        createHash("sha256").update(text).digest("hex"),
      );
      expect(await readFile(path, "utf8")).toBe(text);
    }
  });

  it("takes no file's place unasked, and says where it cannot be", async () => {
    const path = join(folder, "precious.jsonl");
    await writeFile(path, "precious");
    await expect(SignalFile.open(path, "refuse")).rejects.toMatchObject({
      code: "E_TAPE_EXISTS",
    });
    expect(await readFile(path, "utf8")).toBe("precious");
    await (await SignalFile.open(path, "replace")).end();
    expect(await readFile(path, "utf8")).toBe("");
    await expect(
      SignalFile.open(join(path, "below"), "replace"),
    ).rejects.toMatchObject({
      code: "E_TAPE_WRITE",
      message: expect.stringContaining("precious.jsonl/below"),
    });
  });

  it("leaves nothing of what did not begin", async () => {
    const path = join(folder, "begun.jsonl");
    const file = await SignalFile.open(path, "refuse");
    await file.discard();
    expect(existsSync(path)).toBe(false);
  });
});
