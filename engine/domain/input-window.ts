/** The last bars that a sequence model is fed: what its training, its manifest and the engine must agree on. */

/** What every bar has; a window of these is made of closed bars as they are. */
export const BAR_CHANNELS = [
  "open",
  "high",
  "low",
  "close",
  "volume",
  "vwap",
] as const;

export type BarChannel = (typeof BAR_CHANNELS)[number];

export interface WindowShape {
  readonly name: string;
  readonly intervalMs: number;
  /** In bars. */
  readonly length: number;
  /** Of each bar, in order. */
  readonly channels: readonly string[];
}

export interface InputWindow extends WindowShape {
  /** SHA-256 of `windowText`. */
  readonly hash: string;
}

/** Whether closed bars say all of it. */
export const isOfBars = (channels: readonly string[]): boolean =>
  channels.every((channel) =>
    (BAR_CHANNELS as readonly string[]).includes(channel),
  );

/** Raised when what stands in a channel, or which bars follow one another, changes its meaning. */
const VERSION = 1;

/** The text whose SHA-256 an export, a manifest and the engine compare. */
export const windowText = (shape: WindowShape): string => {
  const { name, intervalMs, length, channels } = shape;
  return [
    `window ${VERSION} ${name}`,
    `${length} bars of ${intervalMs} ms`,
    ...channels,
  ].join("\n");
};
