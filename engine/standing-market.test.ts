import { expect, it } from "vitest";
import { ActorStage, BTC } from "../test/support/actor-stage.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import {
  FUNDING_AGE_MS_MAX,
  INTEREST_AGE_MS_MAX,
  standingMarket,
} from "./standing-market.ts";

const toldAfter = (ms: number): string[] => {
  const stage = new ActorStage();
  stage.warm(BTC);
  stage.feed(
    stage.event(BTC, {
      type: "funding",
      rate: 0.0002,
      markPrice: 100,
      nextUs: stage.clock.nowUs(),
    }),
    stage.event(BTC, { type: "openInterest", openInterest: 750 }),
  );
  stage.clock.advanceMs(ms);
  stage.run();
  stage.feed(stage.delta(BTC));
  const market = standingMarket(stage.actors, stage.clock);
  expect(market.standing(BTC)).toBe(stage.clock.nowNs());
  return [...market.recordsOf(BTC)].map(({ subject }) =>
    subject.split(".").at(-1)!,
  );
};

it("tells funding and open interest with a book, but for those that were out of date when it last moved", () => {
  expect(toldAfter(0)).toEqual(["funding", "interest", "book"]);
  expect(toldAfter(INTEREST_AGE_MS_MAX)).toEqual([
    "funding",
    "interest",
    "book",
  ]);
  expect(toldAfter(INTEREST_AGE_MS_MAX + 1)).toEqual(["funding", "book"]);
  expect(toldAfter(FUNDING_AGE_MS_MAX)).toEqual(["funding", "book"]);
  expect(toldAfter(FUNDING_AGE_MS_MAX + 1)).toEqual(["book"]);
});

it("takes for out of date what no feature takes", () => {
  const limits = Object.values(FEATURE_SETS)
    .flatMap(({ features }) => features)
    .filter(({ inputs }) => inputs.includes("funding"))
    .map(({ staleAfterMs }) => staleAfterMs);
  expect(Math.max(...limits)).toBe(FUNDING_AGE_MS_MAX);
});
