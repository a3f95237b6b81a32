/** The real venue socket, on the package `ws`. */
import type { IncomingMessage } from "node:http";
import { WebSocket, type RawData } from "ws";
import { CodedError } from "../../std/errors.ts";
import { retryAfterMsOf } from "./retry-after.ts";
import type { OpenSocket, SocketEnd, VenueSocket } from "./socket.ts";

/** A peer that does not answer our close frame is cut off after this long. */
const CLOSE_MS_MAX = 2_000;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export const openWsSocket: OpenSocket = (request, handlers) => {
  const { url, connectTimeoutMs, payloadBytesMax } = request;
  requireTls(url);
  const socket = new WebSocket(url, {
    handshakeTimeout: connectTimeoutMs,
    maxPayload: payloadBytesMax,
    // Inflating costs more than these messages' bytes, and every connection would keep its window.
    perMessageDeflate: false,
    followRedirects: false,
  });
  let refused: Omit<SocketEnd, "code"> = {};
  let isOver = false;
  const end = (code: number): void => {
    if (isOver) return;
    isOver = true;
    handlers.onEnd({ code, ...refused });
  };
  socket.on("open", () => handlers.onOpen());
  socket.on("message", (data) => {
    if (!isOver) handlers.onText(textOf(data));
  });
  socket.on("ping", () => handlers.onAlive());
  socket.on("pong", () => handlers.onAlive());
  socket.on("unexpected-response", (_request, response) => {
    refused = refusalOf(response);
    response.destroy();
    socket.terminate();
    end(1006);
  });
  // "close" follows every error; the error's text may hold what a peer sent.
  socket.on("error", () => undefined);
  socket.on("close", (code) => end(code));
  return venueSocketOf(socket);
};

const venueSocketOf = (socket: WebSocket): VenueSocket => ({
  send: (text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  },
  ping: () => {
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  },
  close: () => {
    if (socket.readyState === WebSocket.CLOSED) return;
    socket.close();
    const cut = setTimeout(() => socket.terminate(), CLOSE_MS_MAX);
    cut.unref();
    socket.once("close", () => clearTimeout(cut));
  },
});

/** Plain WebSockets are for servers on this machine: tests, and proxies that add TLS themselves. */
export const requireTls = (url: string, field = "feed.url"): void => {
  if (!URL.canParse(url))
    throw new CodedError("E_CONFIG_INVALID", { field, detail: "no address" });
  const { protocol, hostname } = new URL(url);
  const isSafe =
    protocol === "wss:" ||
    protocol === "https:" ||
    ((protocol === "ws:" || protocol === "http:") && LOOPBACK.test(hostname));
  if (!isSafe)
    throw new CodedError("E_CONFIG_INVALID", { field, detail: "without TLS" });
};

const refusalOf = (response: IncomingMessage): Omit<SocketEnd, "code"> => {
  const retryAfterMs = retryAfterMsOf(response.headers["retry-after"]);
  return {
    status: response.statusCode ?? 0,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
};

const textOf = (data: RawData): string =>
  Array.isArray(data)
    ? Buffer.concat(data).toString("utf8")
    : data instanceof ArrayBuffer
      ? Buffer.from(data).toString("utf8")
      : data.toString("utf8");
