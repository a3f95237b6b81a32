/** What a reader of bars has to know besides the file: told by the caller, or by the file's name. */
import type { ColumnChoice } from "./bars-layout.ts";
import type { TimeUnit } from "./bars-time.ts";

export interface BarsSource {
  readonly columns: ColumnChoice;
  /** Recognised where it is not told. */
  readonly timeUnit: TimeUnit | undefined;
  /** Midnight that `msOfDay` counts from. */
  readonly dayUs: number | undefined;
  /** Which price a file of quotes gives. */
  readonly quote: "bid" | "ask" | "mid";
  /** Of the file, unpacked. */
  readonly bytesMax: number;
  readonly rowsMax: number;
}
