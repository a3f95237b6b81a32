/** What an event did to a book. */

/**
 * `snapshot` and `delta` changed a book that is now live; `voided` took the book away, as did `crossed` and `locked`,
 * because its sides met, and `suspect`, because of a price far off the mid; `oneSided` left a book without a mid;
 * `buffered`, `duplicate`, `refused` (a snapshot that does not fit) and `rejected` (a number out of range) changed nothing.
 */
export const BOOK_CHANGES = [
  "snapshot",
  "delta",
  "voided",
  "crossed",
  "locked",
  "suspect",
  "oneSided",
  "buffered",
  "duplicate",
  "refused",
  "rejected",
] as const;
export type BookChange = (typeof BOOK_CHANGES)[number];
