/** The hub's settings: every bound has a name and a default. */

export interface HubOptions {
  readonly host: string;
  /** 0 takes a free one; never shared with another process. */
  readonly port: number;
  readonly epoch: string;
  readonly version: string;
  /** Sockets above this are refused before the upgrade. */
  readonly connectionsMax: number;
  /** Named symbols per socket; a wildcard counts as one. */
  readonly subscriptionsMax: number;
  /** Symbols that the hub keeps a snapshot of; signals of further ones are dropped and counted. */
  readonly symbolsMax: number;
  /** Origin headers let in; empty: only pages of this host. Clients without an Origin are no browsers and always pass. */
  readonly origins: readonly string[];
  /** Bytes that wait in a socket before it is conflated. */
  readonly socketBytesMax: number;
  /** A socket whose bytes stay above the bound this long is closed with 1013. */
  readonly stalledMsMax: number;
  readonly messageBytesMax: number;
  /** Client messages a second, with as many again in a burst. */
  readonly messagesPerSMax: number;
  /** Refused messages after which a socket is closed. */
  readonly refusalsMax: number;
  readonly heartbeatMs: number;
  /** Between two book ladders of a watched symbol. */
  readonly ladderMs: number;
  /** Different symbols watched at once, over all sockets. */
  readonly watchedMax: number;
  readonly idleTimeoutS: number;
  /** Bytes of signals on their way to the hub thread before the actor thread conflates; a power of two. */
  readonly lagBytesMax: number;
  /** A main thread that is silent for longer is not live. */
  readonly silentMsMax: number;
  /** Answers from the main thread (`/metrics`, `/api/status`): how long one is waited for, and reused. */
  readonly answerMsMax: number;
  readonly answerReuseMs: number;
  /** Who shows it may give orders; empty: nobody. */
  readonly operatorToken: string;
}

export const HUB_DEFAULTS: Omit<HubOptions, "epoch" | "version"> = {
  host: "127.0.0.1",
  port: 0,
  connectionsMax: 2000,
  subscriptionsMax: 512,
  symbolsMax: 4096,
  origins: [],
  socketBytesMax: 64 * 1024,
  stalledMsMax: 10_000,
  messageBytesMax: 16 * 1024,
  messagesPerSMax: 100,
  refusalsMax: 16,
  heartbeatMs: 5000,
  ladderMs: 200,
  watchedMax: 64,
  idleTimeoutS: 60,
  lagBytesMax: 4 * 1024 * 1024,
  silentMsMax: 10_000,
  answerMsMax: 1000,
  answerReuseMs: 400,
  operatorToken: "",
};
