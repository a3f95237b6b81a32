/** One question to the service `signals` of a running engine, and its answer. */
import { randomUUID } from "node:crypto";
import type { Bus } from "../ports.ts";
import { CodedError, ERROR_CODES, type ErrorCode } from "../std/errors.ts";
import { systemTimers } from "../std/time.ts";
import { TIMEOUT_HEADER } from "../wire/api.ts";
import { readPayload, writePayload } from "../wire/encoding.ts";

const ANSWER_MS = 2_000;
const ANSWER_BYTES_MAX = 256 * 1024;

interface Answer {
  readonly ok?: unknown;
  readonly err?: { readonly code?: unknown; readonly field?: unknown };
}

/** The body of the reply. Throws the error that the engine answered, or E_TIME_DEADLINE when none is there to answer. */
export const askService = (
  bus: Bus,
  subject: string,
  request: object,
): Promise<object> =>
  new Promise((resolve, reject) => {
    const inbox = `_INBOX.${randomUUID()}`;
    const end = (settle: () => void): void => {
      timer.cancel();
      subscription.unsubscribe();
      settle();
    };
    const timer = systemTimers.after(ANSWER_MS, () =>
      end(() => reject(noAnswer())),
    );
    const subscription = bus.subscribe(inbox, ({ data }) => {
      end(() => {
        try {
          resolve(bodyOf(data));
        } catch (error) {
          reject(error instanceof Error ? error : noAnswer());
        }
      });
    });
    bus.publish(
      subject,
      writePayload(request, "json"),
      new Map([[TIMEOUT_HEADER, String(ANSWER_MS)]]),
      inbox,
    );
  });

const bodyOf = (data: Uint8Array): object => {
  // The broker's own word that nobody listens has no body.
  if (data.byteLength === 0) throw noAnswer();
  const answer = readPayload(data, ANSWER_BYTES_MAX) as Answer;
  if (answer.ok === true) return answer;
  const { code } = answer.err ?? {};
  throw new CodedError(
    typeof code === "string" && code in ERROR_CODES
      ? (code as ErrorCode)
      : "E_INTERNAL",
  );
};

const noAnswer = (): CodedError =>
  new CodedError("E_TIME_DEADLINE", { detail: "no engine answers" });
