/** How patient a book is with its feed, and how suspicious. */
export interface BookSyncOptions {
  /** No book event at all for this long makes a live book stale: `silent`. */
  readonly staleAfterMs: number;
  /** Book events that change nothing, and nothing else, for this long make it stale too: `frozen`. */
  readonly frozenAfterMs: number;
  /** For so long after the book's own last progress quotes that agree with it count as progress. */
  readonly quietMaxMs: number;
  /** Deltas kept while there is no book to apply them to; one more voids them all. */
  readonly bufferMax: number;
  /** Deltas behind a hole that wait for a late one to fill it; one more gives the book up. */
  readonly reorderMax: number;
  /** Requests for a snapshot before a book that does not come back is quarantined. */
  readonly resyncMax: number;
  /** Wait before the second request; doubles up to the maximum, at which requests go on. */
  readonly resyncMinMs: number;
  readonly resyncMaxMs: number;
  /** A price this many times over or under the mid is suspect; 0 for none. */
  readonly bandFactor: number;
  /** Best levels a side that must be known without holes, or a live book asks for a fresh snapshot; 0 for none. */
  readonly completeMin: number;
  /** Why there is no book yet. */
  readonly initialReason: "noSnapshot" | "actorRestarted";
}

export const BOOK_SYNC_DEFAULTS: BookSyncOptions = {
  staleAfterMs: 2000,
  frozenAfterMs: 2000,
  quietMaxMs: 10_000,
  bufferMax: 1000,
  reorderMax: 8,
  resyncMax: 5,
  resyncMinMs: 250,
  resyncMaxMs: 8000,
  bandFactor: 1000,
  completeMin: 20,
  initialReason: "noSnapshot",
};
