/** Every bound and wait of a venue's clients. */

export interface ClientLimits {
  readonly connectTimeoutMs: number;
  /** Of one WebSocket message: Coinbase sends whole books. */
  readonly payloadBytesMax: number;
  /** Messages that wait to be sent, and that were received and wait to be mapped. */
  readonly sendMax: number;
  readonly waitingMax: number;
  /** Messages mapped in one turn of the event loop. */
  readonly turnMax: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** A connection that lasted this long makes the next wait short again. */
  readonly stableMs: number;
  /** A live connection that brings no market data is replaced. */
  readonly noDataMs: number;
  /** A subscribed book without its first message. */
  readonly firstBookMs: number;
  /** Between two resyncs of one book; doubles from the first to the second. */
  readonly resyncMinMs: number;
  readonly resyncMaxMs: number;
  /** Tries before a book is given up for `resyncMaxMs` with E_BOOK_NOSYNC. */
  readonly resyncTriesMax: number;
  readonly restTimeoutMs: number;
  readonly restBytesMax: number;
  readonly restRetryMinMs: number;
  readonly restRetryMaxMs: number;
  /** Connection attempts to one venue within five minutes. */
  readonly connectsPer5MinutesMax: number;
  /** Share of its lifetime at which a connection is replaced; up to a twentieth earlier at random. */
  readonly rolloverShare: number;
  /** Both connections run this long before the first symbol changes over. */
  readonly overlapMinMs: number;
  /** A replacement that is not in sync by then is given up. */
  readonly overlapMaxMs: number;
}

export const CLIENT_LIMITS: ClientLimits = {
  connectTimeoutMs: 10_000,
  payloadBytesMax: 16 * 1024 * 1024,
  sendMax: 4_096,
  waitingMax: 65_536,
  turnMax: 512,
  reconnectMinMs: 500,
  reconnectMaxMs: 30_000,
  stableMs: 10_000,
  noDataMs: 120_000,
  firstBookMs: 3_000,
  resyncMinMs: 1_000,
  resyncMaxMs: 60_000,
  resyncTriesMax: 5,
  restTimeoutMs: 5_000,
  restBytesMax: 8 * 1024 * 1024,
  restRetryMinMs: 500,
  restRetryMaxMs: 8_000,
  connectsPer5MinutesMax: 60,
  rolloverShare: 0.95,
  overlapMinMs: 2_000,
  overlapMaxMs: 60_000,
};
