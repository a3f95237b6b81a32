import { describe, expect, it } from "vitest";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { createEventFeatures, featureSet } from "../features/feature-sets.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { tableOfEvents } from "./event-table.ts";
import type { FeatureTable } from "./feature-table.ts";
import { LeadingTape } from "./leading-tape.ts";

const OWN = symbolId("ETHUSDT.TEST");
const LEADER = symbolId("BTCUSDT.TEST");
const SECOND = 1000;

/** A book that is told anew every 500 ms, its mid going up and down; the clock of the machine that recorded it began at `zeroNs`. */
const tape = (
  symbol: typeof OWN,
  price: (ms: number) => number,
  options: { zeroNs?: number; untilMs?: number } = {},
): MarketEvent[] => {
  const { zeroNs = 1e9, untilMs = 320 * SECOND } = options;
  const events: MarketEvent[] = [];
  for (let ms = 0; ms <= untilMs; ms += 500) {
    const mid = price(ms);
    events.push({
      type: "bookSnapshot",
      symbol,
      eventUs: unixMicros(1.7e15 + ms * 1000),
      receivedUs: unixMicros(1.7e15 + ms * 1000),
      receivedNs: monoNanos(zeroNs + ms * 1e6),
      seq: ms + 1,
      bids: [mid - 0.5, 1],
      asks: [mid + 0.5, 1],
    });
  }
  return events;
};

async function* stream(
  events: readonly MarketEvent[],
): AsyncGenerator<MarketEvent> {
  await Promise.resolve();
  yield* events;
}

/** Up by one for a second, down for the next. */
const swing = (ms: number): number => 1000 + (Math.floor(ms / SECOND) % 2);
/** The same half a second later. */
const late = (ms: number): number =>
  200 + (Math.floor((ms - 500) / SECOND) % 2);

const tableBeside = async (
  leader: readonly MarketEvent[],
  clock: "shared" | "wall",
): Promise<FeatureTable> => {
  const leading = await LeadingTape.of(stream(leader), clock);
  return tableOfEvents(
    tape(OWN, late),
    [
      createEventFeatures(featureSet("microstructure"), {
        leading: leading.reference,
      }),
    ],
    { horizonsS: [1], barrierBps: 5, sampleMs: 0, leader: leading },
  );
};

const leaderColumns = (table: FeatureTable, rows = Infinity): number[][] =>
  table.columns
    .filter(({ name }) => /^(lead|other)/i.test(name))
    .map(({ values }) => [
      ...values.subarray(0, Math.min(rows, values.length)),
    ]);

describe("a leading tape", () => {
  it("gives the features that read one their numbers, and the table its name", async () => {
    const table = await tableBeside(tape(LEADER, swing), "shared");
    const columns = leaderColumns(table);
    expect(columns).toHaveLength(8);
    for (const values of columns) expect(values.at(-1)).not.toBeNaN();
    expect(table.missingInputs).toEqual(["trade"]);
    expect(table.metadata["fusewire.leader"]).toBe(LEADER);
  });

  it("is lined up by the wall's time where another machine recorded it", async () => {
    const shared = await tableBeside(tape(LEADER, swing), "shared");
    const other = await tableBeside(
      tape(LEADER, swing, { zeroNs: 7.5e12 }),
      "wall",
    );
    expect(leaderColumns(other)).toEqual(leaderColumns(shared));
  });

  it("says nothing before its time: a cut changes no row before it", async () => {
    const whole = await tableBeside(tape(LEADER, swing), "shared");
    const cut = await tableBeside(
      tape(LEADER, swing, { untilMs: 310 * SECOND }),
      "shared",
    );
    expect(leaderColumns(cut, 621)).toEqual(leaderColumns(whole, 621));
    expect(leaderColumns(cut)).not.toEqual(leaderColumns(whole));
  });

  it("is silent once its book is out of date", async () => {
    const table = await tableBeside(
      tape(LEADER, swing, { untilMs: 310 * SECOND }),
      "shared",
    );
    for (const values of leaderColumns(table)) {
      // Two seconds later, at the latest.
      expect(values[625]).toBeNaN();
      expect(values.at(-1)).toBeNaN();
    }
  });
});
