/** Binance's exchangeInfo: of spot and of both futures markets. */
import { isFields, type Fields } from "../message.ts";
import { answerOf, gridsOf, type ReadGrids } from "../instrument-reader.ts";

export const readBinanceInstruments: ReadGrids = (body) =>
  gridsOf(answerOf(body, "exchangeInfo")["symbols"], (row) => ({
    name: row["symbol"],
    tickSize: filterOf(row, "PRICE_FILTER")["tickSize"],
    lotSize: filterOf(row, "LOT_SIZE")["stepSize"],
  }));

const filterOf = (row: Fields, type: string): Fields => {
  const filters: readonly unknown[] = Array.isArray(row["filters"])
    ? row["filters"]
    : [];
  return (
    filters.filter(isFields).find((filter) => filter["filterType"] === type) ??
    {}
  );
};
