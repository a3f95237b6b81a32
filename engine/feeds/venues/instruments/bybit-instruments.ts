/** Bybit's instruments-info: spot calls its lot by the coin's precision, derivatives by a step. */
import { fieldsOf, isFields, type Fields } from "../message.ts";
import {
  answerOf,
  gridsOf,
  refusedUnless,
  type ReadGrids,
} from "../instrument-reader.ts";

export const readBybitInstruments: ReadGrids = (body) => {
  const answer = answerOf(body, "instruments");
  refusedUnless(answer["retCode"] === 0);
  return gridsOf(fieldsOf(answer["result"], "result")["list"], (row) => {
    const lot = partOf(row, "lotSizeFilter");
    return {
      name: row["symbol"],
      tickSize: partOf(row, "priceFilter")["tickSize"],
      lotSize: lot["qtyStep"] ?? lot["basePrecision"],
    };
  });
};

const partOf = (row: Fields, name: string): Fields =>
  isFields(row[name]) ? row[name] : {};
