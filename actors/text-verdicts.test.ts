import { describe, expect, it } from "vitest";
import type { Prediction } from "../engine/domain/prediction.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { monoNanos } from "../engine/std/time.ts";
import { FINBERT, LLAMA } from "../test/support/fake-inference.ts";
import { TextVerdicts } from "./text-verdicts.ts";

const verdict = (model: typeof FINBERT, score: number): Prediction => ({
  symbol: symbolId("BTCUSDT.SIM"),
  model: model.name,
  version: model.version,
  family: "sentiment",
  probability: 0.5 + score / 4,
  confidence: Math.abs(score),
  horizonMs: model.horizonMs,
  ttlMs: model.ttlMs,
  basisNs: monoNanos(1),
  detail: {
    kind: "sentiment",
    label: score > 0 ? "positive" : "negative",
    score,
    headlineId: "h1",
  },
});

const both = [FINBERT, LLAMA];

describe("TextVerdicts", () => {
  it("recalls a text whatever its case and margins", () => {
    const texts = new TextVerdicts(10, both);
    texts.remember(" Bitcoin Surges ", verdict(FINBERT, 0.8));
    expect(texts.recall("bitcoin surges")?.get("finbert")?.probability).toBe(
      0.7,
    );
    expect(texts.recall("bitcoin falls")).toBeUndefined();
  });

  it("forgets the least recently used beyond its bound", () => {
    const texts = new TextVerdicts(2, both);
    texts.remember("a", verdict(FINBERT, 0.1));
    texts.remember("b", verdict(FINBERT, 0.2));
    texts.recall("a");
    texts.remember("c", verdict(FINBERT, 0.3));
    expect(["a", "b", "c"].filter((text) => texts.recall(text))).toEqual([
      "a",
      "c",
    ]);
    expect(texts.size).toBe(2);
  });

  it("comes back from the store with what was said", () => {
    const before = new TextVerdicts(10, both);
    before.remember("a", verdict(FINBERT, 0.8));
    before.remember("a", verdict(LLAMA, -0.4));
    const after = new TextVerdicts(10, both);
    after.restore(before.serialise());
    const said = after.recall("a")!;
    expect(said.get("finbert")).toMatchObject({
      probability: 0.7,
      detail: { label: "positive", score: 0.8 },
    });
    expect(said.get("llama")?.probability).toBeCloseTo(0.4, 12);
  });

  it("drops what another version of a model said, and keeps what it knows itself", () => {
    const before = new TextVerdicts(10, both);
    before.remember("a", verdict(FINBERT, 0.8));
    before.remember("b", verdict(LLAMA, 0.8));
    const after = new TextVerdicts(10, [{ ...FINBERT, version: "2" }, LLAMA]);
    after.remember("b", verdict(LLAMA, -0.8));
    after.restore(before.serialise());
    expect(after.recall("a")).toBeUndefined();
    expect(after.recall("b")?.get("llama")?.probability).toBeCloseTo(0.3, 12);
  });

  it.each([
    "",
    "{}",
    '{"version":2,"texts":[]}',
    '{"version":1,"texts":[["a",[{"model":"finbert","version":"1","probability":2,"confidence":1,"score":0,"label":"positive"}]]]}',
    '{"version":1,"texts":[["a",[{"model":"finbert","version":"1","probability":0.5,"confidence":1,"score":0,"label":"up"}]]]}',
  ])("refuses a poisoned state whole: %j", (text) => {
    const texts = new TextVerdicts(10, both);
    expect(() => texts.restore(new TextEncoder().encode(text))).toThrow(
      "E_DEP_STORE",
    );
    expect(texts.size).toBe(0);
  });
});
