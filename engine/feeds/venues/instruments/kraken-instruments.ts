/** Kraken's AssetPairs: named as WebSocket v1 names them, and v2's names made of those. */
import { fieldsOf, listOf } from "../message.ts";
import {
  answerOf,
  decimalStep,
  gridsOf,
  refusedUnless,
  type ReadGrids,
} from "../instrument-reader.ts";

export const readKrakenV1Instruments: ReadGrids = (body) => {
  const answer = answerOf(body, "AssetPairs");
  refusedUnless(listOf(answer["error"], "error").length === 0);
  const pairs = Object.values(fieldsOf(answer["result"], "result"));
  return gridsOf(pairs, (pair) => ({
    name: pair["wsname"],
    tickSize: pair["tick_size"] ?? decimalStep(pair["pair_decimals"]),
    lotSize: decimalStep(pair["lot_decimals"]),
  }));
};

/** The assets that v2 calls as everybody does. */
const V2_ASSETS: Readonly<Record<string, string>> = {
  XBT: "BTC",
  XDG: "DOGE",
};

export const readKrakenV2Instruments: ReadGrids = (body) =>
  readKrakenV1Instruments(body).map((grid) => ({
    ...grid,
    name: grid.name
      .split("/")
      .map((asset) => V2_ASSETS[asset] ?? asset)
      .join("/"),
  }));
