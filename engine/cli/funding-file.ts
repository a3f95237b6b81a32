/** Funding rates out of a CSV of times and rates, with or without a header. */
import { readFile } from "node:fs/promises";
import { detectTimeUnit, timeParser } from "../feeds/bars-time.ts";
import { CodedError } from "../std/errors.ts";

export interface FundingRate {
  /** From when on it was known. */
  readonly us: number;
  /** Per funding interval, as a fraction. */
  readonly rate: number;
}

/** In order of time; E_INPUT_SCHEMA names the line that is none. */
export const fundingOf = async (path: string): Promise<FundingRate[]> => {
  const lines = (await readFile(path, "utf8"))
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const rates: FundingRate[] = [];
  let toUs: ((cell: string) => number) | undefined;
  for (const [i, line] of lines.entries()) {
    const [time = "", rateText = ""] = line
      .split(",")
      .map((cell) => cell.trim());
    const rate = rateText === "" ? NaN : Number(rateText);
    if (i === 0 && Number.isNaN(rate)) continue;
    toUs ??= timeParser(detectTimeUnit(time, false), undefined);
    const us = toUs(time);
    const lastUs = rates.at(-1)?.us ?? Number.NEGATIVE_INFINITY;
    if (!Number.isFinite(rate) || !(us > lastUs))
      throw new CodedError("E_INPUT_SCHEMA", {
        field: "funding",
        detail: `${path}, line ${i + 1}: a later time and its rate are expected`,
      });
    rates.push({ us, rate });
  }
  return rates;
};
