/** What a NATS server may hold against us, counted and logged under our codes. */
import { errors } from "@nats-io/transport-node";
import type { Logger } from "../ports.ts";
import type { ErrorCode } from "../std/errors.ts";
import type { NatsCounts } from "./nats-counts.ts";

/** `denied`: one operation by permissions; `refused`: the credentials; `failed`: anything else. */
export type NatsFault = "denied" | "refused" | "failed";

export const tellFault = (
  error: unknown,
  counts: NatsCounts,
  log: Logger,
): NatsFault => {
  if (error instanceof errors.PermissionViolationError) {
    // Not an exception at the caller: a denied publish is known only here.
    const denied =
      error.operation === "publish"
        ? counts.deniedPublish
        : counts.deniedSubscribe;
    denied.add(1);
    log.error("nats.denied", {
      code: "E_AUTH_DENIED" satisfies ErrorCode,
      operation: error.operation,
      subject: error.subject,
    });
    return "denied";
  }
  const code = refusalOf(error);
  if (code !== undefined) {
    counts.authErrors.add(1);
    log.error("nats.refused", { code });
    return "refused";
  }
  counts.errors.add(1);
  log.warn("nats.error", {
    code: "E_DEP_NATS" satisfies ErrorCode,
    error: nameOf(error),
  });
  return "failed";
};

const refusalOf = (error: unknown): ErrorCode | undefined => {
  if (error instanceof errors.AuthorizationError) return "E_AUTH_INVALID";
  if (error instanceof errors.UserAuthenticationExpiredError)
    return "E_AUTH_EXPIRED";
  return undefined;
};

/** The class of an error: its text may hold what a peer sent. */
export const nameOf = (error: unknown): string =>
  error instanceof Error ? error.name : typeof error;
