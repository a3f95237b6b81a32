/** The WebSocket as the venue clients see it, so that most of them is tested without a network. */

export interface SocketEnd {
  /** WebSocket close code; 1006 where there was no close frame. */
  readonly code: number;
  /** HTTP status of a refused upgrade. */
  readonly status?: number;
  /** What the venue asked us to wait before we try again. */
  readonly retryAfterMs?: number;
}

export interface SocketHandlers {
  onOpen(): void;
  onText(text: string): void;
  /** A protocol ping (answered below this port) or pong. */
  onAlive(): void;
  /** Once, and last, whatever the reason. */
  onEnd(end: SocketEnd): void;
}

export interface VenueSocket {
  send(text: string): void;
  ping(): void;
  /** Ends it for good, politely where the peer takes part. */
  close(): void;
}

export interface SocketRequest {
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** Larger messages end the connection with code 1009. */
  readonly payloadBytesMax: number;
}

/** Handlers are never called from inside this call. */
export type OpenSocket = (
  request: SocketRequest,
  handlers: SocketHandlers,
) => VenueSocket;
