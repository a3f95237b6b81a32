import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, loadConfig } from "./config.ts";
import { configKeys, envNameOf } from "./config-keys.ts";

const fileWith = (content: string): string => {
  const file = join(
    mkdtempSync(join(tmpdir(), "fusewire-config-")),
    "config.yaml",
  );
  writeFileSync(file, content);
  return file;
};

const problemsOf = (
  load: () => unknown,
): readonly { code: string; key: string; text: string }[] => {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error("loaded without a problem");
};

describe("configuration", () => {
  it("is complete without a file", () => {
    const config = loadConfig({ env: {} });
    expect(config.http.port).toBe(8787);
    expect(config.feed.source).toBe("auto");
    expect(Object.isFrozen(config.http)).toBe(true);
  });

  it("reads references and instruments, and refuses what names no symbol", () => {
    const file = fileWith(`symbols:
  references: [BTCUSDT.BINANCE, XBT=2FUSD.KRAKEN]
  instruments:
    - { symbol: BTCUSDT.BINANCE, tickSize: 0.1, lotSize: 0.001 }
`);
    const { symbols } = loadConfig({ file, env: {} });
    expect(symbols.references).toEqual(["BTCUSDT.BINANCE", "XBT=2FUSD.KRAKEN"]);
    expect(symbols.instruments[0]).toMatchObject({ tickSize: 0.1 });
    const wrong = fileWith(`symbols:
  references: [btcusdt]
  instruments: [{ symbol: BTCUSDT.BINANCE, tickSize: 0, lotSize: 1 }]
http:
  operatorToken: short
`);
    expect(
      problemsOf(() => loadConfig({ file: wrong, env: {} })).map(
        ({ key }) => key,
      ),
    ).toEqual(
      expect.arrayContaining([
        "symbols.references.0",
        "symbols.instruments.0.tickSize",
        "http.operatorToken",
      ]),
    );
  });

  it("takes flags over environment over file", () => {
    const file = fileWith(
      "http:\n  port: 1\n  host: 0.0.0.0\nsymbols:\n  max: 7\n",
    );
    const config = loadConfig({
      file,
      env: { FUSEWIRE_HTTP_PORT: "2", FUSEWIRE_SYMBOLS_MAX: "8" },
      flags: new Map([["http.port", "3"]]),
    });
    expect([config.http.port, config.symbols.max, config.http.host]).toEqual([
      3,
      8,
      "0.0.0.0",
    ]);
  });

  it("names every unknown key and every bad value at once", () => {
    const file = fileWith(
      "http:\n  prot: 1\nsymbols:\n  max: many\nnope: {}\n",
    );
    const problems = problemsOf(() =>
      loadConfig({ file, env: { FUSEWIRE_TYPO: "1" } }),
    );
    expect(
      problems.map((problem) => [problem.code, problem.key]).sort(),
    ).toEqual([
      ["E_CONFIG_INVALID", "symbols.max"],
      ["E_CONFIG_UNKNOWN", "FUSEWIRE_TYPO"],
      ["E_CONFIG_UNKNOWN", "http.prot"],
      ["E_CONFIG_UNKNOWN", "nope"],
    ]);
  });

  it("leaves the variable of verify alone", () => {
    expect(() =>
      loadConfig({ env: { FUSEWIRE_PYTHON: "/usr/bin/python3" } }),
    ).not.toThrow();
  });

  it("suggests the key that was meant", () => {
    const problems = problemsOf(() =>
      loadConfig({ env: {}, flags: new Map([["symbols.maxx", "1"]]) }),
    );
    expect(problems[0]!.text).toContain("symbols.max");
  });

  it("reads lists and booleans from variables", () => {
    const config = loadConfig({
      env: {
        FUSEWIRE_FEED_SYMBOLS: "AAA.SIM, BBB.SIM",
        FUSEWIRE_MODELS_LLAMA: "false",
        FUSEWIRE_MODELS_CUDA_DEVICES: "0,1",
      },
    });
    expect(config.feed.symbols).toEqual(["AAA.SIM", "BBB.SIM"]);
    expect(config.models.llama).toBe(false);
    expect(config.models.cudaDevices).toEqual([0, 1]);
  });

  it("refuses an unreadable file with a code", () => {
    expect(() => loadConfig({ file: fileWith("- a list"), env: {} })).toThrow(
      "E_CONFIG_INVALID",
    );
    expect(() => loadConfig({ file: "/nowhere.yaml", env: {} })).toThrow(
      "E_CONFIG_INVALID",
    );
  });

  it("gives every key one variable", () => {
    const names = configKeys().map(({ key }) => envNameOf(key));
    expect(new Set(names).size).toBe(names.length);
    expect(envNameOf("http.connectionsMax")).toBe(
      "FUSEWIRE_HTTP_CONNECTIONS_MAX",
    );
  });
});
