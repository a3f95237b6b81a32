/** An operator at a running engine on a real broker: sees every book, and has one synced anew; a client may only look. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { INSTALLATION } from "../engine/installation.ts";
import type { SymbolsReply } from "../engine/wire/operator-api.ts";
import { eventually } from "./support/eventually.ts";
import { publishMarket, type MarketStage } from "./support/market-stage.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { startTestEngine, type TestEngine } from "./support/test-engine.ts";

const NATS_CONF = join(import.meta.dirname, "../nats.conf");

const TOKEN = "sixteen-characters-or-more";

let nats: NatsServer;
let market: MarketStage;
let stage: TestEngine;

beforeAll(async () => {
  nats = await startNats(NATS_CONF);
  stage = await startTestEngine(nats.urlAs("engine"), {
    "http.operatorToken": TOKEN,
  });
  market = await publishMarket(nats.urlAs("feed"), 2);
  await eventually(
    "both books are live",
    () =>
      new Set(
        stage.signals
          .filter(({ book }) => book.state === "LIVE")
          .map(({ symbol }) => symbol),
      ).size === 2,
    20_000,
  );
}, 60_000);

afterAll(async () => {
  await stage.close();
  await nats.close();
});

const books = async (
  user: "operator" | "client",
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> => {
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [INSTALLATION.cliPath, "books", ...args, "--nats", nats.urlAs(user)],
      { timeout: 20_000, env: { PATH: process.env["PATH"] } },
    );
    return { code: 0, stdout, stderr };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
};

describe("fusewire books", () => {
  it("lists every book, for a client too", async () => {
    const { code, stdout } = await books("client", "ls", "--json");
    expect(code).toBe(0);
    const reply = JSON.parse(stdout) as SymbolsReply;
    expect(reply).toMatchObject({ total: 2, feedSilent: false });
    expect(reply.symbols.map(({ symbol }) => symbol)).toEqual(
      [...market.symbols].sort(),
    );
    for (const one of reply.symbols)
      expect(one).toMatchObject({
        state: "LIVE",
        reason: "none",
        sets: expect.arrayContaining([
          expect.objectContaining({ set: "market" }),
        ]),
      });
    const table = await books("operator", "ls");
    for (const symbol of market.symbols) expect(table.stdout).toContain(symbol);
  });

  it("has one book synced anew by an operator: void with that reason, then live again, the other untouched", async () => {
    const [symbol, other] = market.symbols;
    const from = stage.signals.length;
    const { code, stdout } = await books("operator", "resync", symbol!);
    expect(code).toBe(0);
    expect(stdout).toContain(symbol!);
    await eventually(
      "it is void, and live after that",
      () => {
        const said = stage.signals
          .slice(from)
          .filter((signal) => signal.symbol === symbol);
        const voided = said.findIndex(
          ({ book, live }) => book.reason === "operator" && !live,
        );
        return (
          voided >= 0 &&
          said.slice(voided).some(({ book }) => book.state === "LIVE")
        );
      },
      10_000,
    );
    expect(
      stage.signals
        .slice(from)
        .filter((signal) => signal.symbol === other)
        .every(({ book }) => book.state === "LIVE"),
    ).toBe(true);
    const reply = JSON.parse(
      (await books("operator", "ls", "--json")).stdout,
    ) as SymbolsReply;
    expect(
      reply.symbols.find((one) => one.symbol === symbol)!.resyncs,
    ).toBeGreaterThan(0);
  });

  it("takes no order from a client, and says what is unknown", async () => {
    const [symbol] = market.symbols;
    const from = stage.signals.length;
    const denied = await books("client", "resync", symbol!);
    expect(denied.code).toBe(1);
    expect(
      stage.signals.slice(from).every(({ book }) => book.reason !== "operator"),
    ).toBe(true);
    const unknown = await books("operator", "resync", "NOBODY.SIM");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("E_SYMBOL_UNKNOWN");
    expect((await books("operator", "resync")).code).toBe(2);
  });
});

describe("the same by HTTP", () => {
  const order = (symbol: string, authorization?: string): Promise<Response> =>
    fetch(`${stage.engine.url}api/books/resync?symbol=${symbol}`, {
      method: "POST",
      headers: authorization === undefined ? {} : { authorization },
    });

  it("lists every book", async () => {
    const answer = await fetch(`${stage.engine.url}api/symbols`);
    const { total, symbols } = (await answer.json()) as SymbolsReply;
    expect(total).toBe(2);
    expect(symbols.map(({ symbol }) => symbol).sort()).toEqual(
      [...market.symbols].sort(),
    );
  });

  it("obeys who shows the token, and nobody else", async () => {
    const [, symbol] = market.symbols;
    const from = stage.signals.length;
    expect((await order(symbol!)).status).toBe(401);
    expect((await order(symbol!, "Bearer another one of them")).status).toBe(
      401,
    );
    const isOrdered = (): boolean =>
      stage.signals.slice(from).some(({ book }) => book.reason === "operator");
    expect(isOrdered()).toBe(false);
    expect((await order(symbol!, `Bearer ${TOKEN}`)).status).toBe(202);
    await eventually("the book is void", isOrdered, 5_000);
    expect((await order("NOBODY.SIM", `Bearer ${TOKEN}`)).status).toBe(404);
    expect((await order("*", `Bearer ${TOKEN}`)).status).toBe(400);
  });
});

/** Last, for it ends the market. */
describe("F50: every feed falls silent", () => {
  it("says so within 2.25 s: no book is live, the engine is not ready, the alarm is up", async () => {
    expect(await stage.ready()).toBe(true);
    const from = stage.signals.length;
    await market.close();
    const tookMs = await eventually(
      "every symbol says that it is stale",
      () =>
        market.symbols.every((symbol) =>
          stage.signals
            .slice(from)
            .some(
              ({ book, live, symbol: about }) =>
                about === symbol && !live && book.reason === "silent",
            ),
        ),
      5_000,
    );
    // A quarter of a second is the promise; the rest is this machine's, which runs other tests.
    expect(tookMs).toBeLessThan(2_250 + 500);
    // The hub hears of it at the next beat.
    await sleep(300);
    const { reasons } = (await (
      await fetch(`${stage.engine.url}health/ready`)
    ).json()) as { reasons: string[] };
    expect(reasons).toEqual(["feed silent"]);
    const metrics = await (await fetch(`${stage.engine.url}metrics`)).text();
    expect(metrics).toMatch(/^fusewire_feed_silent 1$/m);
    expect(metrics).toMatch(/^fusewire_books\{state="STALE"\} 2$/m);
  });
});
