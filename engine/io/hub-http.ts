/** The HTTP side of the hub: page, health, metrics and status on the port of the WebSocket. */
import type { HttpRequest, HttpResponse, TemplatedApp } from "uWebSockets.js";
import { CodedError, ERROR_CODES } from "../std/errors.ts";
import type { Question } from "./hub-messages.ts";
import type { HubOrders } from "./hub-orders.ts";
import type { PageFile } from "./hub-pages.ts";
import type { HubPulse } from "./hub-pulse.ts";
import type { HubQuestions } from "./hub-questions.ts";
import type { Readiness } from "./hub-status.ts";

export interface HubHttpOptions {
  readonly pulse: HubPulse;
  readonly silentMsMax: number;
  readonly pages: ReadonlyMap<string, PageFile>;
  readonly questions: HubQuestions;
  readonly orders: HubOrders;
  /** JSON of a symbol's last minutes, undefined for an unknown symbol. */
  readonly historyOf: (symbol: string) => string | undefined;
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  200: "200 OK",
  202: "202 Accepted",
  304: "304 Not Modified",
  400: "400 Bad Request",
  401: "401 Unauthorized",
  403: "403 Forbidden",
  404: "404 Not Found",
  408: "504 Gateway Timeout",
  429: "503 Service Unavailable",
  500: "500 Internal Server Error",
  503: "503 Service Unavailable",
};

const JSON_TYPE = "application/json; charset=utf-8";
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const SECURITY_HEADERS: readonly (readonly [string, string])[] = [
  [
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-opener-policy", "same-origin"],
  ["cross-origin-resource-policy", "same-origin"],
];

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly etag?: string;
}

/** Everything of `reply` at once: the caller is inside the handler, or inside cork. */
export const send = (res: HttpResponse, reply: Reply): void => {
  res.writeStatus(STATUS_TEXTS[reply.status] ?? STATUS_TEXTS[500]!);
  for (const [name, value] of SECURITY_HEADERS) res.writeHeader(name, value);
  res.writeHeader("content-type", reply.type);
  // What has an etag may be kept but is asked for again; the rest is of the moment.
  res.writeHeader(
    "cache-control",
    reply.etag === undefined ? "no-store" : "no-cache",
  );
  if (reply.etag !== undefined) res.writeHeader("etag", reply.etag);
  res.end(reply.body);
};

export const errorReply = (error: CodedError): Reply => ({
  status: ERROR_CODES[error.code].num,
  type: JSON_TYPE,
  body: JSON.stringify({ v: 1, ok: false, err: error.body() }),
});

const jsonReply = (status: number, body: string): Reply => ({
  status,
  type: JSON_TYPE,
  body,
});

export class HubHttp {
  readonly #options: HubHttpOptions;
  #readiness: Readiness = { ready: false, reasons: ["starting"] };

  constructor(options: HubHttpOptions) {
    this.#options = options;
  }

  setReadiness(readiness: Readiness): void {
    this.#readiness = readiness;
  }

  route(app: TemplatedApp): void {
    app.get("/health/live", (res) => send(res, this.#live()));
    app.get("/health/ready", (res) => send(res, this.#ready()));
    app.get("/metrics", (res) => this.#answer(res, "metrics", METRICS_TYPE));
    app.get("/api/status", (res) => this.#answer(res, "status", JSON_TYPE));
    app.get("/api/symbols", (res) => this.#answer(res, "symbols", JSON_TYPE));
    app.post("/api/books/resync", (res, req) => this.#resync(res, req));
    app.get("/api/history", (res, req) => send(res, this.#history(req)));
    app.get("/*", (res, req) => send(res, this.#page(req)));
    app.any("/*", (res) =>
      send(res, errorReply(new CodedError("E_PATH_UNKNOWN"))),
    );
  }

  get #isSilent(): boolean {
    return this.#options.pulse.isSilentFor(this.#options.silentMsMax);
  }

  #live(): Reply {
    const live = !this.#isSilent;
    return jsonReply(live ? 200 : 503, JSON.stringify({ live }));
  }

  #ready(): Reply {
    const { ready, reasons } = this.#isSilent
      ? { ready: false, reasons: ["engine thread is silent"] }
      : this.#readiness;
    return jsonReply(ready ? 200 : 503, JSON.stringify({ ready, reasons }));
  }

  #answer(res: HttpResponse, question: Question, type: string): void {
    let isAborted = false;
    res.onAborted(() => {
      isAborted = true;
    });
    this.#options.questions.put(question, (answer) => {
      if (isAborted) return;
      const reply =
        answer instanceof CodedError
          ? errorReply(answer)
          : { status: 200, type, body: answer };
      res.cork(() => send(res, reply));
    });
  }

  #resync(res: HttpResponse, req: HttpRequest): void {
    let isAborted = false;
    res.onAborted(() => {
      isAborted = true;
    });
    const symbol = req.getQuery("symbol") ?? "";
    this.#options.orders.put(
      req.getHeader("authorization"),
      symbol,
      (error) => {
        if (isAborted) return;
        const reply =
          error === undefined
            ? jsonReply(202, JSON.stringify({ v: 1, ok: true, symbol }))
            : errorReply(error);
        res.cork(() => send(res, reply));
      },
    );
  }

  #history(req: HttpRequest): Reply {
    const json = this.#options.historyOf(req.getQuery("symbol") ?? "");
    return json === undefined
      ? errorReply(new CodedError("E_SYMBOL_UNKNOWN"))
      : jsonReply(200, json);
  }

  #page(req: HttpRequest): Reply {
    const file = this.#options.pages.get(req.getUrl());
    if (file === undefined) return errorReply(new CodedError("E_PATH_UNKNOWN"));
    const { body, type, etag } = file;
    return req.getHeader("if-none-match") === etag
      ? { status: 304, type, body: "", etag }
      : { status: 200, type, body, etag };
  }
}
