import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TapeReader } from "../engine/feeds/tape-reader.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-full-disk-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it("fusewire record ends with the error's code and status, having run on to its end, where the disk took no more", async () => {
  const cli = join(import.meta.dirname, "../dist/engine/cli/fusewire.js");
  const out = join(folder, "full.fwt");
  // A limit on the size of files is a full disk to whoever writes one.
  const ended = await new Promise<{ code: unknown; stderr: string }>(
    (resolve) =>
      execFile(
        "bash",
        [
          ...["-c", 'ulimit -f 36; exec "$@"', "bash", process.execPath, cli],
          ...["record", "--out", out, "--seconds", "2", "--port", "0"],
          ...["--set", "models.llama=false", "--rate", "20"],
          ...["--state-dir", join(folder, "state")],
        ],
        (error, _stdout, stderr) => resolve({ code: error?.code ?? 0, stderr }),
      ),
  );
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("tape.failing");
  expect(ended.stderr).toContain("engine.stopped");
  // What the disk said, not that it was slow.
  expect(ended.stderr).toMatch(/^fusewire: E_TAPE_WRITE: .* events: EFBIG/m);
  const reader = new TapeReader(out);
  for await (const item of reader.items()) expect(item.type).not.toBe("hole");
  expect(reader.records).toBeGreaterThan(50);
}, 30_000);
