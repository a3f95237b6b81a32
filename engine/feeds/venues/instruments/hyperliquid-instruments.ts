/**
 * Hyperliquid's meta and spotMeta: sizes have so many decimals, and prices what six (spot: eight) leave. Prices have five digits
 * at most besides, so that the tick that shows may be a coarser one.
 */
import { isFields, type Fields } from "../message.ts";
import {
  answerOf,
  decimalStep,
  gridsOf,
  type ReadGrids,
} from "../instrument-reader.ts";

const PERP_DECIMALS = 6;
const SPOT_DECIMALS = 8;

/** The first answers `{"type":"meta"}`, the second `{"type":"spotMeta"}`: only that one has tokens. */
export const readHyperliquidInstruments: ReadGrids = (body) => {
  const meta = answerOf(body, "meta");
  const { tokens } = meta;
  return gridsOf(meta["universe"], (row) => {
    const decimals = Array.isArray(tokens)
      ? baseTokenOf(row, tokens)["szDecimals"]
      : row["szDecimals"];
    const left = Array.isArray(tokens) ? SPOT_DECIMALS : PERP_DECIMALS;
    return {
      name: row["name"],
      tickSize: decimalStep(left - Number(decimals)),
      lotSize: decimalStep(decimals),
    };
  });
};

const baseTokenOf = (row: Fields, tokens: readonly unknown[]): Fields => {
  const pair: readonly unknown[] = Array.isArray(row["tokens"])
    ? row["tokens"]
    : [];
  return (
    tokens.filter(isFields).find((token) => token["index"] === pair[0]) ?? {}
  );
};
