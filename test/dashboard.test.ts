/** The page in a real browser, over a real hub that is fed with made-up signals. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BrowserContext, Page } from "playwright-core";
import type { BookState, Signal } from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { StatusSnapshot } from "../engine/io/hub-status.ts";
import { SignalHub } from "../engine/io/signal-hub.ts";
import { NO_LOG, NO_TELEMETRY } from "../engine/ports.ts";
import { systemClock, systemTimers } from "../engine/std/time.ts";
import { openBrowser } from "./support/chromium.ts";
import { sampleSignal } from "./support/signal-sample.ts";

const workerUrl = new URL("../dist/engine/io/hub-thread.js", import.meta.url);
const pagesUrl = new URL("../dist/engine/io/dashboard/", import.meta.url);

const MIDS: Readonly<Record<string, number>> = {
  "BTCUSDT.SIM": 61_234.5,
  "ETHUSDT.SIM": 3312.35,
  "SOLUSDT.SIM": 148.33,
};
const SYMBOLS = Object.keys(MIDS);

/** Publishes ten signals a second of each symbol. */
class FakeEngine {
  readonly hub: SignalHub;
  readonly epoch: string;
  readonly states = new Map<string, BookState>();
  readonly latest = new Map<string, Signal>();
  isHung = false;
  #seq = 0;
  readonly #timer: NodeJS.Timeout;

  private constructor(hub: SignalHub, epoch: string) {
    this.hub = hub;
    this.epoch = epoch;
    hub.onStatus((watched) => {
      if (this.isHung) throw new Error("hung");
      return this.#status(watched);
    });
    hub.onBookRequest((symbol) => this.#ladder(symbol));
    hub.pushReadiness({ ready: true, reasons: [] });
    this.#timer = setInterval(() => this.#publish(), 100);
  }

  static async start(epoch: string, port: number): Promise<FakeEngine> {
    const hub = await SignalHub.start({
      epoch,
      version: "0.1.0",
      port,
      workerUrl,
      pagesUrl,
      clock: systemClock,
      timers: systemTimers,
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
    });
    return new FakeEngine(hub, epoch);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.hub.close();
  }

  #publish(): void {
    this.#seq++;
    for (const symbol of SYMBOLS) {
      const mid = MIDS[symbol]! + this.#seq / 10;
      const state = this.states.get(symbol) ?? "LIVE";
      const signal = sampleSignal({
        symbol,
        epoch: this.epoch,
        seq: this.#seq,
        mid,
        state,
      });
      this.latest.set(symbol, signal);
      this.hub.publish(signal);
    }
  }

  #ladder(symbol: SymbolId) {
    const mid = MIDS[symbol]! + this.#seq / 10;
    const side = (sign: number): number[] =>
      Array.from({ length: 10 }, (_, i) => [
        Number((mid + sign * (0.05 + i / 10)).toFixed(2)),
        1 + i,
      ]).flat();
    return {
      symbol,
      state: "LIVE",
      reason: "none",
      seq: this.#seq,
      bids: side(-1),
      asks: side(1),
    } as const;
  }

  #status(watched: readonly SymbolId[]): StatusSnapshot {
    const weight = {
      model: "lightgbm-1s",
      alpha: 56,
      beta: 44,
      mean: 0.56,
      weight: 0.45,
      lower: 0.5,
      upper: 0.62,
      outcomes: 100,
    };
    return {
      engine: {
        version: "0.1.0",
        epoch: this.epoch,
        uptimeMs: 61_000,
        simulated: true,
        ready: true,
        reasons: [],
        eventsPerS: 30,
        signalsPerS: 30,
      },
      links: [{ name: "nats", state: "in-process" }],
      symbols: [],
      stages: {
        decoded: { count: 10, p50Us: 4, p99Us: 19, maxUs: 300 },
        total: { count: 10, p50Us: 28, p99Us: 121, maxUs: 3200 },
      },
      actors: [
        {
          path: "/symbols/BTCUSDT.SIM",
          state: "running",
          mailbox: 3,
          restarts: 2,
          processed: 4711,
        },
      ],
      models: [
        {
          name: "lightgbm-1s",
          version: "1",
          family: "trees",
          placement: "inline",
          horizonMs: 1000,
          ttlMs: 500,
          state: "serving",
        },
      ],
      weights: Object.fromEntries(watched.map((symbol) => [symbol, [weight]])),
    };
  }
}

let engine: FakeEngine;
let browser: BrowserContext;
let page: Page;
const complaints: string[] = [];

const textOf = (selector: string): Promise<string> =>
  page.locator(selector).innerText();
const number = (text: string): number =>
  Number(text.replace("\u2212", "-").replace(/[,%+]/g, ""));

beforeAll(async () => {
  if (!existsSync(new URL("index.html", pagesUrl)))
    throw new Error("the page is not built: run `npm run build` first");
  engine = await FakeEngine.start("e1", 0);
  browser = await openBrowser({ width: 1440, height: 900 });
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // What the browser itself prints while the engine is away or does not answer.
    const isExpected =
      message.text().includes("ERR_CONNECTION") ||
      message.location().url.endsWith("/api/status");
    if (message.type() === "error" && !isExpected)
      complaints.push(message.text());
  });
  await page.goto(`http://127.0.0.1:${engine.hub.port}/`);
  await page.waitForSelector("#symbol-rows tr");
});

afterAll(async () => {
  await browser.close();
  await engine.stop();
});

describe("the page", { timeout: 30_000 }, () => {
  it("lists every symbol, live", async () => {
    await expect
      .poll(() => page.locator("#symbol-rows tr").count())
      .toBe(SYMBOLS.length);
    expect(await textOf("#symbol-rows")).toContain("ETHUSDT");
    await expect.poll(() => textOf("#symbol-count")).toBe("3 of 3 live");
    expect(await textOf("#connection")).toBe("CONNECTED");
  });

  it("says plainly that the market is simulated", async () => {
    await expect.poll(() => page.locator("#simulated").isVisible()).toBe(true);
    expect(await textOf("#simulated")).toContain("SIMULATED MARKET");
    expect(await textOf("#simulated")).toContain("not real prices");
  });

  it("shows numbers that move", async () => {
    const before = await textOf("#focus-mid");
    expect(number(before)).toBeGreaterThan(1);
    await expect.poll(() => textOf("#focus-mid")).not.toBe(before);
    await expect
      .poll(async () => number(await textOf("#focus-rate")), { timeout: 8000 })
      .toBeGreaterThan(5);
  });

  it("draws the chart", async () => {
    const isDrawn = await page.evaluate<boolean>(`(() => {
      const canvas = document.querySelector("#chart canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(data).size > 8;
    })()`);
    expect(isDrawn).toBe(true);
  });

  it("follows the keyboard to another symbol", async () => {
    await page.keyboard.press("Home");
    const before = await textOf("#focus-symbol");
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => textOf("#focus-symbol")).not.toBe(before);
    await page.keyboard.press("ArrowUp");
    await expect.poll(() => textOf("#focus-symbol")).toBe(before);
  });

  it("fills the ladder of the symbol picked", async () => {
    await page.click('#symbol-rows tr[data-symbol="ETHUSDT.SIM"]');
    await expect.poll(() => textOf("#focus-symbol")).toBe("ETHUSDT");
    await expect
      .poll(() => page.locator("#bid-rows .price").last().innerText())
      .not.toBe("");
    const prices = async (side: string): Promise<number[]> =>
      (await page.locator(`#${side}-rows .price`).allInnerTexts()).map(number);
    const [bids, asks] = [await prices("bid"), await prices("ask")];
    expect(bids).toHaveLength(10);
    expect(asks).toHaveLength(10);
    expect(bids).toEqual([...bids].sort((a, b) => b - a));
    expect(asks).toEqual([...asks].sort((a, b) => b - a));
    expect(Math.abs(bids[0]! - MIDS["ETHUSDT.SIM"]!)).toBeLessThan(200);
    expect(await textOf("#book-state")).toBe("LIVE");
  });

  it("shows contributions that add up to the log-odds shown", async () => {
    // Read in one go: the page redraws between two reads.
    const [shares, sum] = await page.evaluate<[string[], string]>(`[
      [...document.querySelectorAll("#source-rows tr[data-model] td:last-child")].map((cell) => cell.textContent),
      document.querySelector("#sum").textContent,
    ]`);
    expect(shares).toHaveLength(4);
    const total = shares.map(number).reduce((a, b) => a + b, 0);
    // Each is rounded to four decimals.
    expect(Math.abs(total - number(sum))).toBeLessThanOrEqual(0.5e-4 * 5);
    expect(await textOf("#source-rows tr.missing")).toContain("pending");
    expect(await textOf("#sentiment-body")).toContain("positive");
  });

  it("shows latencies, actors, models and the belief in them", async () => {
    await expect.poll(() => textOf("#stage-rows")).toContain("121 µs");
    expect(await textOf("#total-p99")).toBe("121 µs");
    expect(await textOf("#actor-rows")).toMatch(/running\s+3\s+2\s+4,711/);
    expect(await textOf("#model-rows")).toContain("serving");
    await expect.poll(() => textOf("#weight-rows")).toContain("0.5600");
  });

  it("greys out and names a book that is not live", async () => {
    engine.states.set("ETHUSDT.SIM", "STALE");
    await expect.poll(() => textOf("#focus-state")).toBe("STALE");
    expect(await textOf("#focus-class")).toBe("NOT LIVE");
    expect(await textOf("#chart-note")).toBe("STALE");
    expect(await textOf("#book-state")).toBe("STALE");
    expect(await textOf("#focus-probability")).toBe("–");
    await expect.poll(() => textOf("#symbol-count")).toBe("2 of 3 live");
    engine.states.delete("ETHUSDT.SIM");
    await expect.poll(() => textOf("#focus-state")).toBe("LIVE");
  });

  it("trusts nothing while the hub answers and the engine behind it does not", async () => {
    engine.isHung = true;
    await expect
      .poll(() => textOf("#focus-state"), { timeout: 10_000 })
      .toBe("SILENT");
    expect(await textOf("#outage")).toContain("ENGINE SILENT");
    expect(await textOf("#symbol-count")).toBe("0 of 3 live");
    engine.isHung = false;
    await expect.poll(() => textOf("#focus-state")).toBe("LIVE");
    expect(await page.locator("#outage").isVisible()).toBe(false);
  });

  it("shows nothing of a symbol that the engine does not know", async () => {
    const other = await browser.newPage();
    await other.goto(`http://127.0.0.1:${engine.hub.port}/#NOPEUSDT.SIM`);
    const state = other.locator("#focus-state");
    await expect.poll(() => state.innerText()).toBe("NO DATA");
    expect(await other.locator("#focus-class").innerText()).toBe("NOT LIVE");
    await other.keyboard.press("ArrowDown");
    await expect.poll(() => state.innerText()).toBe("LIVE");
    await other.close();
  });

  it("trusts nothing once the engine is gone, and comes back with it", async () => {
    const { port } = engine.hub;
    await engine.stop();
    await expect.poll(() => textOf("#connection")).not.toBe("CONNECTED");
    await expect.poll(() => page.locator("#outage").isVisible()).toBe(true);
    expect(await textOf("#symbol-count")).toBe("0 of 3 live");
    expect(await textOf("#focus-class")).toBe("NOT LIVE");
    engine = await FakeEngine.start("e2", port);
    await expect
      .poll(() => textOf("#connection"), { timeout: 15_000 })
      .toBe("CONNECTED");
    await expect.poll(() => textOf("#symbol-count")).toBe("3 of 3 live");
    // Of the new epoch, though its seq is lower than the last one seen.
    await expect.poll(() => textOf("#focus-class")).not.toBe("NOT LIVE");
    await expect.poll(() => page.locator("#outage").isVisible()).toBe(false);
    expect(await textOf("#focus-symbol")).toBe("ETHUSDT");
  });

  it("fits a phone", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const width = await page.evaluate<number>(
      "document.documentElement.scrollWidth",
    );
    expect(width).toBeLessThanOrEqual(390);
    expect(await page.locator("#head").isVisible()).toBe(true);
  });

  it("has had nothing to complain about", () => {
    expect(complaints).toEqual([]);
  });
});
