/** Entry of the hub thread: owns uWebSockets.js and every socket, so that a thousand subscribers never delay an actor. */
import { parentPort, workerData } from "node:worker_threads";
import uWS, { type HttpResponse, type us_listen_socket } from "uWebSockets.js";
import { assert } from "../std/assert.ts";
import { CodedError } from "../std/errors.ts";
import { systemClock, systemTimers } from "../std/time.ts";
import type { Encoding } from "../wire/encoding.ts";
import { errorReply, HubHttp, send } from "./hub-http.ts";
import type { FromHub, HubThreadData, ToHub } from "./hub-messages.ts";
import { isOriginAllowed } from "./hub-origin.ts";
import { loadPages } from "./hub-pages.ts";
import { portFor } from "./hub-port.ts";
import { MSGPACK_SUBPROTOCOL } from "./hub-protocol.ts";
import { HubOrders } from "./hub-orders.ts";
import { HubPulse } from "./hub-pulse.ts";
import { HubQuestions } from "./hub-questions.ts";
import type { HubSocket } from "./hub-socket.ts";
import { RingReader } from "./hub-ring.ts";
import { HubSockets } from "./hub-sockets.ts";

const TEND_MS = 25;
const COUNTS_MS = 1000;
const EXCLUSIVE_PORT = 1;

assert(parentPort !== null, "the hub thread is a worker thread");
const port = parentPort;
const tell = (message: FromHub): void => port.postMessage(message);

const { options, pagesUrl, ring, isClosed } = workerData as HubThreadData;
const signals = new RingReader(ring);
const sockets = new HubSockets(options, systemClock);
const pulse = new HubPulse(systemClock);
const questions = new HubQuestions({
  clock: systemClock,
  timers: systemTimers,
  answerMsMax: options.answerMsMax,
  answerReuseMs: options.answerReuseMs,
  ask: (id, question) => tell({ type: "ask", id, question }),
});
const orders = new HubOrders({
  timers: systemTimers,
  answerMsMax: options.answerMsMax,
  token: options.operatorToken,
  order: (id, symbol) => tell({ type: "order", id, symbol }),
});
const http = new HubHttp({
  pulse,
  silentMsMax: options.silentMsMax,
  pages: loadPages(new URL(pagesUrl)),
  questions,
  orders,
  historyOf: (symbol) => {
    const index = sockets.indexOf(symbol);
    return index === undefined
      ? undefined
      : JSON.stringify({ symbol, rows: sockets.history.rows(index) });
  },
});

interface SocketData {
  readonly encoding: Encoding;
  socket?: HubSocket;
}

const refuse = (res: HttpResponse, error: CodedError): void => {
  sockets.refuse();
  send(res, errorReply(error));
};

const app = uWS.App();
app.ws<SocketData>("/ws", {
  compression: uWS.DISABLED,
  maxPayloadLength: options.messageBytesMax,
  idleTimeout: options.idleTimeoutS,
  sendPingsAutomatically: true,
  // The hub keeps its own, lower bound; this one only catches what that one overlooks.
  maxBackpressure: 4 * options.socketBytesMax,
  upgrade: (res, req, context) => {
    if (sockets.isFull) {
      refuse(res, new CodedError("E_LIMIT_CONN"));
      return;
    }
    const origin = req.getHeader("origin");
    if (!isOriginAllowed(origin, req.getHeader("host"), options.origins)) {
      refuse(res, new CodedError("E_AUTH_ORIGIN"));
      return;
    }
    const asked = req.getHeader("sec-websocket-protocol").split(/\s*,\s*/);
    const isMsgpack = asked.includes(MSGPACK_SUBPROTOCOL);
    const data: SocketData = { encoding: isMsgpack ? "msgpack" : "json" };
    res.upgrade(
      data,
      req.getHeader("sec-websocket-key"),
      isMsgpack ? MSGPACK_SUBPROTOCOL : "",
      req.getHeader("sec-websocket-extensions"),
      context,
    );
  },
  open: (ws) => {
    const data = ws.getUserData();
    data.socket = sockets.open(ws, data.encoding);
  },
  message: (ws, message) =>
    sockets.received(ws.getUserData().socket!, new Uint8Array(message)),
  drain: (ws) => sockets.drained(ws.getUserData().socket!),
  ping: (ws) => sockets.pinged(ws.getUserData().socket!),
  close: (ws) => sockets.closed(ws.getUserData().socket!),
});
http.route(app);

let isClosing = false;
const close = (): void => {
  if (isClosing) return;
  isClosing = true;
  for (const timer of timers) timer.cancel();
  sockets.endAll();
  app.close();
  port.close();
  // Native handles are gone after the loop's next turn.
  setImmediate(() =>
    setImmediate(() => {
      Atomics.store(isClosed, 0, 1);
      Atomics.notify(isClosed, 0);
    }),
  );
};

// A thread that ends with uWebSockets.js handles open takes the whole process with it (an assertion in libuv's loop), so a
// failure closes them first; the actor thread then starts another.
process.on("uncaughtException", (error) => {
  tell({ type: "failed", error: error.stack ?? error.message });
  close();
});

/** What comes while the sockets are written waits for the loop's next round, so that they are read as well. */
const deliver = (): void => {
  if (isClosing) return;
  sockets.deliver(signals);
  if (signals.takeWish()) tell({ type: "room" });
  if (!signals.sleep()) setImmediate(deliver);
};

const receive = (message: ToHub): void => {
  switch (message.type) {
    case "symbols":
      sockets.named(message.firstIndex, message.symbols);
      return;
    case "signals":
      deliver();
      return;
    case "beat":
      pulse.beat();
      return;
    case "readiness":
      http.setReadiness(message.readiness);
      return;
    case "answer":
      questions.answered(message.id, message.text);
      return;
    case "obeyed":
      orders.answered(message.id, message.error);
      return;
    case "ladders":
      for (const ladder of message.ladders) sockets.showLadder(ladder);
      return;
    case "close":
      close();
      return;
  }
};

let hadWatched = false;
const askForLadders = (): void => {
  const symbols = sockets.watched;
  if (symbols.length > 0 || hadWatched) tell({ type: "watching", symbols });
  hadWatched = symbols.length > 0;
};

const timers = [
  systemTimers.every(options.ladderMs, askForLadders),
  systemTimers.every(TEND_MS, () => sockets.tend()),
  // This thread's own life proves nothing to a subscriber: no heartbeat while the engine's thread is silent.
  systemTimers.every(options.heartbeatMs, () => {
    if (!pulse.isSilentFor(options.heartbeatMs)) sockets.heartbeat();
  }),
  systemTimers.every(COUNTS_MS, () =>
    tell({ type: "counts", counts: sockets.counts() }),
  ),
];
port.on("message", receive);

// The four-argument form is not in the typings. Without the flag two engines could share a port unawares.
const listen = app.listen.bind(app) as unknown as (
  host: string,
  port: number,
  flags: number,
  onDone: (listener: us_listen_socket | false) => void,
) => void;
listen(
  options.host,
  await portFor(options.host, options.port),
  EXCLUSIVE_PORT,
  (listener) => {
    if (listener === false) tell({ type: "notListening" });
    // A listening socket is a socket to uSockets; the typings only lack the relation.
    else tell({ type: "listening", port: uWS.us_socket_local_port(listener) });
  },
);
