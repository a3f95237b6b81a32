import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { sampleSignal } from "../test/support/signal-sample.ts";
import type { Signal } from "./domain/signal.ts";
import { signalLine } from "./signal-file.ts";
import { SignalVerifier } from "./signal-verifier.ts";

const folder = mkdtempSync(join(tmpdir(), "fusewire-verify-"));
afterAll(() => rmSync(folder, { recursive: true }));

const signals = [1, 2, 3].map((seq) => sampleSignal({ seq, nowUs: seq }));

/** Compares a replay of these signals with a file of these lines. */
const verified = async (
  said: readonly Signal[],
  lines: readonly string[],
  run: "whole" | "cut" = "whole",
  cutChars = 0,
): Promise<number> => {
  const path = join(folder, "live.jsonl");
  const text = lines.map((line) => `${line}\n`).join("");
  writeFileSync(path, text.slice(0, text.length - cutChars));
  const verifier = new SignalVerifier(path);
  for (const signal of said) {
    verifier.publish(signal);
    await verifier.catchUp();
  }
  await verifier.end(run);
  return verifier.verified;
};

const lines = signals.map(signalLine);

describe("verifying a replay", () => {
  it("counts the signals that are equal", async () => {
    expect(await verified(signals, lines)).toBe(3);
    expect(await verified([], [])).toBe(0);
  });

  it("names the first field that differs, however deep", async () => {
    const [first, second, third] = signals;
    const other = { ...second!, book: { ...second!.book, bidSize: 7 } };
    await expect(verified([first!, other, third!], lines)).rejects.toThrow(
      `signal 2 (BTCUSDT.SIM, seq 2): book.bidSize is 7, live it was ${second!.book.bidSize}`,
    );
  });

  it("tells which of the two said more", async () => {
    await expect(verified(signals, lines.slice(0, 2))).rejects.toThrow(
      "signal 3 (BTCUSDT.SIM, seq 3): the live run said no more",
    );
    await expect(verified(signals.slice(0, 2), lines)).rejects.toThrow(
      "signal 3 (BTCUSDT.SIM, seq 3): the replay said no more",
    );
  });

  it("lets either be ahead of the other where the run was cut short, in the middle of a line too", async () => {
    expect(await verified(signals, lines.slice(0, 2), "cut")).toBe(2);
    expect(await verified(signals.slice(0, 2), lines, "cut")).toBe(2);
    expect(await verified(signals, lines, "cut", 100)).toBe(2);
    await expect(verified(signals, lines, "whole", 100)).rejects.toThrow(
      "signal 3 (BTCUSDT.SIM, seq 3): the live run said no more",
    );
    const torn = [lines[0]!, lines[1]!.slice(0, 50), lines[2]!];
    await expect(verified(signals, torn, "cut")).rejects.toThrow("signal 2");
  });

  it("compares bytes, not meaning", async () => {
    const spaced = lines.map((line) => line.replace("{", "{ "));
    await expect(verified(signals, spaced)).rejects.toThrow(
      "the bytes differ, the fields do not",
    );
  });

  it("refuses a file that is not there", async () => {
    const verifier = new SignalVerifier(join(folder, "absent"));
    verifier.publish(signals[0]!);
    await expect(verifier.catchUp()).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });
});
