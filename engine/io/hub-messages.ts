/** What the actor thread and the hub thread tell each other; both sides import only this. */
import type { ErrorCode } from "../std/errors.ts";
import type { BookLadder, Readiness } from "./hub-status.ts";
import type { HubOptions } from "./hub-options.ts";

/** Passed as workerData. */
export interface HubThreadData {
  readonly options: HubOptions;
  /** Folder of the page's files, as a file URL. */
  readonly pagesUrl: string;
  /** See hub-ring.ts. */
  readonly ring: SharedArrayBuffer;
  /** One word, set to 1 and notified when every native handle is closed. */
  readonly isClosed: Int32Array;
}

export type Question = "metrics" | "status" | "symbols";

export type ToHub =
  /** Names for the indexes in the ring, in order of first sight; sent before their first signal is written. */
  | {
      readonly type: "symbols";
      readonly firstIndex: number;
      readonly symbols: readonly string[];
    }
  /** There are signals in the ring, and the hub sleeps. */
  | { readonly type: "signals" }
  | { readonly type: "beat" }
  | { readonly type: "readiness"; readonly readiness: Readiness }
  | {
      readonly type: "answer";
      readonly id: number;
      /** Undefined: the question could not be answered. */
      readonly text: string | undefined;
    }
  /** Of an order: undefined when it was obeyed. */
  | {
      readonly type: "obeyed";
      readonly id: number;
      readonly error: ErrorCode | undefined;
    }
  | { readonly type: "ladders"; readonly ladders: readonly BookLadder[] }
  | { readonly type: "close" };

/** Running totals since the thread started, and two present values. */
export interface HubCounts {
  readonly sockets: number;
  readonly behind: number;
  readonly delivered: number;
  readonly conflated: number;
  readonly refused: number;
  readonly stalled: number;
}

export type FromHub =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "notListening" }
  /** It broke and closes itself. */
  | { readonly type: "failed"; readonly error: string }
  /** The ring was full and has room again. */
  | { readonly type: "room" }
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  /** An operator's, whose token was right: sync this symbol's book anew. The text is as it came. */
  | { readonly type: "order"; readonly id: number; readonly symbol: string }
  /** The books to show now, again every ladderMs: answered with `ladders`. None: once, when the last is given up. */
  | { readonly type: "watching"; readonly symbols: readonly string[] }
  | { readonly type: "counts"; readonly counts: HubCounts };
