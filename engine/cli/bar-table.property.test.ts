import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SYMBOL, barAt } from "../../test/support/bar-samples.ts";
import { symbolId } from "../domain/symbol.ts";
import { COMPACT_SET } from "../features/compact-set.ts";
import { DIRECTION_SET } from "../features/direction-set.ts";
import { LiveBarFeatures } from "../features/live-bar-features.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { tableOfBars } from "./bar-table.ts";
import { labelsOf } from "./feature-labels.ts";

const MINUTE_MS = 60_000;
const DAY_MS = Date.UTC(2024, 0, 1);

/** What happens in a minute; null: no trade of this symbol, or of the leading one. Some venues tell an empty bar then. */
const minute = fc.record({
  close: fc.option(fc.double({ min: 90, max: 110, noNaN: true }), { freq: 6 }),
  other: fc.option(fc.double({ min: 900, max: 1100, noNaN: true }), {
    freq: 6,
  }),
  isTold: fc.boolean(),
  mood: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), {
    freq: 1,
  }),
});

describe("a table of bars", () => {
  it("says what the follower that is served says of the same minutes, whatever is missing among them", () => {
    fc.assert(
      fc.property(
        fc.array(minute, { minLength: 130, maxLength: 150 }),
        fc.constantFrom(DIRECTION_SET, COMPACT_SET),
        (minutes, set) => {
          const opens = minutes.map((_, i) => DAY_MS + i * MINUTE_MS);
          const told = <T>(of: (i: number) => T | undefined): T[] =>
            opens.flatMap((_, i) => of(i) ?? []);
          const leaderAt = (i: number) => {
            const { other } = minutes[i]!;
            return other === null ? undefined : barAt(opens[i]!, other);
          };
          const ownAt = (i: number) => {
            const { close } = minutes[i]!;
            return close === null
              ? undefined
              : barAt(opens[i]!, close, { high: close + 1, low: close - 1 });
          };
          const articleAt = (i: number) => {
            const { mood } = minutes[i]!;
            const us = (opens[i]! + 30_000) * 1000;
            return mood === null
              ? undefined
              : {
                  ...{ publishedUs: us, receivedUs: us, headline: "" },
                  ...{ positive: mood, negative: 0, neutral: 1 - mood },
                  source: "",
                };
          };
          fc.pre(minutes.some(({ close }) => close !== null));
          const table = tableOfBars(told(ownAt), [set], {
            barrierBps: 5,
            leader: told(leaderAt),
            funding: [{ us: (DAY_MS + 120_000) * 1000, rate: 1e-4 }],
            articles: told(articleAt),
          });

          const reference = new Reference(symbolId("LEADER.TEST"));
          const live = new LiveBarFeatures(set, { leading: reference });
          const book = new OrderBook({ depthMax: 10 });
          const times = table.columns[0]!.values;
          let row = 0;
          opens.forEach((openMs, i) => {
            const closeMs = openMs + MINUTE_MS;
            const at = {
              eventUs: unixMicros(closeMs * 1000),
              receivedUs: unixMicros(closeMs * 1000),
              receivedNs: monoNanos(closeMs * 1e6),
            };
            const leading = leaderAt(i);
            const article = articleAt(i);
            if (leading !== undefined) reference.closed(leading);
            if (article !== undefined) live.onArticle(article);
            // A venue tells its rate again and again.
            if (i >= 1)
              live.onFunding({
                ...at,
                type: "funding",
                symbol: SYMBOL,
                rate: 1e-4,
                markPrice: 1,
                nextUs: unixMicros(0),
              });
            const own =
              ownAt(i) ??
              (minutes[i]!.isTold
                ? barAt(openMs, 1, { volume: 0 })
                : undefined);
            if (own !== undefined) live.onBar(own);
            // Past the time for which the leading symbol is waited for.
            live.write(book, {
              receivedNs: monoNanos(at.receivedNs + 6e9),
              receivedUs: at.receivedUs,
            });
            if (times[row] !== closeMs * 1000) return;
            if (own === undefined) {
              row++;
              return;
            }
            const features = table.columns.slice(2, 2 + set.features.length);
            expect(features.map(({ values }) => values[row])).toEqual([
              ...live.values,
            ]);
            row++;
          });
          // What is missing after the last bar is not told.
          expect(row).toBe(table.rows);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("labels", () => {
  it("are those that a look at every later row gives", () => {
    const row = fc.record({
      step: fc.integer({ min: 0, max: 4 }),
      price: fc.integer({ min: 98, max: 102 }),
      known: fc.option(fc.integer({ min: 0, max: 3 }), {
        freq: 1,
        nil: Infinity,
      }),
    });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (rows, horizon) => {
          const times = new Float64Array(rows.length);
          rows.forEach(
            ({ step }, i) => (times[i] = (times[i - 1] ?? 0) + step),
          );
          const prices = Float64Array.from(rows, ({ price }) => price);
          const knownUntil = Float64Array.from(
            rows,
            ({ known }, i) => times[i]! + known,
          );
          const [move, growth, touch] = labelsOf(
            { times, prices, knownUntil },
            horizon,
            "",
            0.01,
          ).map(({ values }) => values);
          times.forEach((time, i) => {
            const end = time + horizon;
            let last = i;
            while (times[last + 1]! <= end) last++;
            const isKnown =
              end <= times.at(-1)! &&
              end <= knownUntil[last]! &&
              knownUntil.slice(i, last).every((until) => until === Infinity);
            if (!isKnown) {
              expect([move![i], growth![i], touch![i]]).toEqual([
                NaN,
                NaN,
                NaN,
              ]);
              return;
            }
            const from = prices[i]!;
            expect(move![i]).toBe(Math.sign(prices[last]! - from));
            expect(growth![i]).toBe(prices[last]! / from - 1);
            const first = prices
              .slice(i + 1, last + 1)
              .find((price) => Math.abs(price / from - 1) >= 0.01);
            expect(touch![i]).toBe(
              first === undefined ? 0 : Math.sign(first - from),
            );
          });
        },
      ),
      { numRuns: 100 },
    );
  });
});
