/** OKX's public instruments, one answer for each type of instrument; lots of derivatives are in contracts, as their books are. */
import {
  answerOf,
  gridsOf,
  refusedUnless,
  type ReadGrids,
} from "../instrument-reader.ts";

export const readOkxInstruments: ReadGrids = (body) => {
  const answer = answerOf(body, "instruments");
  refusedUnless(answer["code"] === "0");
  return gridsOf(answer["data"], (row) => ({
    name: row["instId"],
    tickSize: row["tickSz"],
    lotSize: row["lotSz"],
  }));
};

/** An option's answer must also name its family. */
export const okxTypeOf = (instId: string): string => {
  const parts = instId.split("-");
  if (parts.length === 2) return "SPOT";
  if (parts.length === 5) return `OPTION&instFamily=${parts[0]}-${parts[1]}`;
  return parts[2] === "SWAP" ? "SWAP" : "FUTURES";
};
