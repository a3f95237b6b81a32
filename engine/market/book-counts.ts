/** What one book has been through since its symbol's actor started. */
export class BookCounts {
  snapshots = 0;
  deltas = 0;
  /** Holes in the sequence, found in it or told by a Gap. */
  gaps = 0;
  /** Holes that late deltas filled. */
  reordered = 0;
  duplicates = 0;
  /** Snapshots that did not fit. */
  refused = 0;
  /** Messages with a number out of range. */
  rejected = 0;
  /** Messages with a price far off the mid. */
  suspects = 0;
  /** Times that bid met ask after an update. */
  crossed = 0;
  locked = 0;
  /** Times that the buffer of early deltas ran over. */
  overflows = 0;
  /** Times that a live book asked for a fresh snapshot for want of depth. */
  refreshes = 0;
  /** Quotes of the book's own sequence: those that agreed with it, and those that did not. */
  quotesAgreed = 0;
  quotesContradicted = 0;
}
