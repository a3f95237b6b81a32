/** Orders of operators that came by HTTP, on their way to the engine's thread: each obeyed once or refused, and never waited for long. */
import { createHash, timingSafeEqual } from "node:crypto";
import { CodedError, type ErrorCode } from "../std/errors.ts";
import type { TimerHandle, Timers } from "../std/time.ts";

export interface HubOrdersOptions {
  readonly timers: Timers;
  readonly answerMsMax: number;
  /** Empty: nobody may order. */
  readonly token: string;
  readonly order: (id: number, symbol: string) => void;
}

/** Undefined: obeyed. */
type OnAnswer = (error: CodedError | undefined) => void;

interface Pending {
  readonly onAnswer: OnAnswer;
  readonly timer: TimerHandle;
}

const PENDING_MAX = 64;
const BEARER = /^Bearer (\S{1,256})$/i;

export class HubOrders {
  readonly #options: HubOrdersOptions;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(options: HubOrdersOptions) {
    this.#options = options;
  }

  /** `authorization` is the header's text. Calls `onAnswer` once, at once where the order is refused. */
  put(authorization: string, symbol: string, onAnswer: OnAnswer): void {
    const refusal = this.#refusal(authorization);
    if (refusal !== undefined) {
      onAnswer(new CodedError(refusal));
      return;
    }
    const id = ++this.#lastId;
    const timer = this.#options.timers.after(this.#options.answerMsMax, () =>
      this.#settle(id, new CodedError("E_TIME_DEADLINE")),
    );
    this.#pending.set(id, { onAnswer, timer });
    this.#options.order(id, symbol);
  }

  answered(id: number, error: ErrorCode | undefined): void {
    this.#settle(id, error === undefined ? undefined : new CodedError(error));
  }

  #refusal(authorization: string): ErrorCode | undefined {
    const { token } = this.#options;
    if (token === "") return "E_AUTH_DENIED";
    if (authorization === "") return "E_AUTH_MISSING";
    const given = BEARER.exec(authorization)?.[1] ?? "";
    if (!timingSafeEqual(digest(given), digest(token))) return "E_AUTH_INVALID";
    return this.#pending.size >= PENDING_MAX ? "E_LIMIT_QUEUE" : undefined;
  }

  #settle(id: number, error: CodedError | undefined): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.timer.cancel();
    pending.onAnswer(error);
  }
}

/** Of one length, so that comparing takes the same time whatever is given. */
const digest = (text: string): Buffer =>
  createHash("sha256").update(text).digest();
