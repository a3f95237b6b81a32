import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHeadline } from "../feeds/feed-event.ts";
import type { FeedEvent } from "../feeds/feed-event.ts";
import { MarketSimulator } from "../feeds/simulator.ts";
import { SIMULATED_SYMBOLS } from "../feeds/simulated-symbols.ts";
import { TapeWriter } from "../feeds/tape-writer.ts";
import { monoNanos } from "../std/time.ts";
import { exportTable } from "./feature-table-verb.ts";
import { eventsOfAll } from "./recorded-input.ts";

const [BTC, ETH] = SIMULATED_SYMBOLS.map(({ symbol }) => symbol);
const SECONDS = 12;

let folder = "";
let tapes = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-input-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const written = async (events: readonly FeedEvent[]): Promise<string> => {
  const path = join(folder, `${++tapes}.tape`);
  const writer = await TapeWriter.create(path);
  for (const event of events) await writer.write(event);
  await writer.close();
  return path;
};

/** Of both symbols, in two halves. */
const EVENTS: readonly FeedEvent[] = [
  ...(function* () {
    const simulator = new MarketSimulator({
      seed: 5,
      symbols: SIMULATED_SYMBOLS.slice(0, 2),
    });
    for (const { simNs, event } of simulator) {
      if (simNs > SECONDS * 1e9) return;
      yield event;
    }
  })(),
];
const half = EVENTS.length >> 1;

const of = (symbol: unknown, events = EVENTS): FeedEvent[] =>
  events.filter((event) => !isHeadline(event) && event.symbol === symbol);

const timesOf = async (paths: readonly string[]): Promise<number[]> => {
  const times: number[] = [];
  for await (const { receivedNs } of eventsOfAll(paths)) times.push(receivedNs);
  return times;
};

/** As a machine that was started later would have recorded them. */
const restarted = (events: readonly FeedEvent[]): FeedEvent[] =>
  events.map((event) => ({
    ...event,
    receivedNs: monoNanos(event.receivedNs - 1e9),
  }));

describe("tapes that continue one another", () => {
  it("are one stream of one symbol, on one clock", async () => {
    const first = await written(EVENTS.slice(0, half));
    const second = await written(EVENTS.slice(half));
    const whole = await timesOf([await written(EVENTS)]);
    expect(whole.length).toBeGreaterThan(100);
    expect(await timesOf([first, second])).toEqual(whole);
  });

  it("keep their place by wall time where another clock recorded them", async () => {
    const all = of(BTC);
    const middle = all.length >> 1;
    const times = await timesOf([
      await written(all.slice(0, middle)),
      await written(restarted(all.slice(middle))),
    ]);
    times.forEach((time, i) =>
      expect(Math.abs(time - all[i]!.receivedNs)).toBeLessThan(1000),
    );
  });

  it("are refused in another order, and where one is not of the symbol", async () => {
    const first = await written(EVENTS.slice(0, half));
    const second = await written(EVENTS.slice(half));
    const other = await written(of(ETH, EVENTS.slice(half)));
    await expect(timesOf([second, first])).rejects.toThrow("E_TAPE_ORDER");
    await expect(
      timesOf([await written(of(BTC, EVENTS.slice(0, half))), other]),
    ).rejects.toThrow("E_SYMBOL_UNKNOWN");
  });
});

describe("a tape of two symbols", () => {
  it("gives one of them, led by the other", async () => {
    const tape = await written(EVENTS);
    const apart = await written(of(BTC));
    const rowsOf = async (leader: string) => {
      const out = join(folder, "out.parquet");
      const summary = await exportTable({
        paths: [tape],
        sets: ["microstructure"],
        symbol: ETH,
        sampleMs: 100,
        horizonsS: undefined,
        barrierBps: 5,
        digits: "float64",
        out,
        leader: [leader],
        leaderSymbol: BTC,
      });
      expect(summary.missingInputs).toEqual([]);
      const file = await asyncBufferFromFile(out);
      return parquetReadObjects({ file });
    };
    const rows = await rowsOf(tape);
    expect(rows.at(-1)!.leaderReturn1S).not.toBeNaN();
    expect(await rowsOf(apart)).toEqual(rows);
  });

  it("is not led by itself", async () => {
    const tape = await written(EVENTS.slice(0, half));
    await expect(
      exportTable({
        paths: [tape],
        sets: ["market"],
        symbol: BTC,
        sampleMs: 100,
        horizonsS: undefined,
        barrierBps: 5,
        digits: "float64",
        out: join(folder, "self.parquet"),
        leader: [tape],
        leaderSymbol: BTC,
      }),
    ).rejects.toThrow("E_INPUT_RANGE");
  });
});
