/** Coinbase's products: a list on Exchange, wrapped on Advanced Trade, whose field names differ. */
import { parse, isFields } from "../message.ts";
import { gridsOf, type ReadGrids } from "../instrument-reader.ts";

export const readCoinbaseInstruments: ReadGrids = (body) => {
  const answer = parse(body);
  return gridsOf(isFields(answer) ? answer["products"] : answer, (row) => ({
    name: row["product_id"] ?? row["id"],
    tickSize: row["price_increment"] ?? row["quote_increment"],
    lotSize: row["base_increment"],
  }));
};
