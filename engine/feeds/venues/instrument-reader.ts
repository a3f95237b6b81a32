/** Tick and lot sizes as venues tell them over REST: what a reader of such an answer takes and gives. */
import { CodedError } from "../../std/errors.ts";
import { fieldsOf, isFields, listOf, parse, type Fields } from "./message.ts";

/** What one row says; the name is the venue's own. */
export interface VenueGrid {
  readonly name: string;
  readonly tickSize: number;
  readonly lotSize: number;
}

/** All that an answer tells, wanted or not. Throws a CodedError for an answer that is none of the venue's. */
export type ReadGrids = (body: string) => readonly VenueGrid[];

/** A venue's refusal comes with status 200 as well. */
export const answerOf = (body: string, field: string): Fields =>
  fieldsOf(parse(body), field);

export const refusedUnless = (isOk: boolean): void => {
  if (!isOk) throw new CodedError("E_DEP_VENUE", { detail: "refused" });
};

/** A row that has no such sizes, as of what is not traded yet, is passed over. */
export const gridsOf = (
  rows: unknown,
  gridOf: (row: Fields) => {
    readonly name: unknown;
    readonly tickSize: unknown;
    readonly lotSize: unknown;
  },
): readonly VenueGrid[] =>
  listOf(rows, "instruments").flatMap((row) => {
    if (!isFields(row)) return [];
    const { name, tickSize, lotSize } = gridOf(row);
    const grid = { tickSize: Number(tickSize), lotSize: Number(lotSize) };
    return typeof name === "string" &&
      isStep(grid.tickSize) &&
      isStep(grid.lotSize)
      ? [{ name, ...grid }]
      : [];
  });

/** `0` is how some venues say that there is none. */
const isStep = (size: number): boolean => size > 0 && size < Infinity;

/** 10 to the -n, as the double that the decimal is. */
export const decimalStep = (decimals: unknown): number =>
  Number(`1e-${String(decimals)}`);
