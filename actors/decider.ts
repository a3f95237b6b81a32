/** Which error means which directive, in this application. */
import { CodedError } from "../engine/std/errors.ts";
import type { Directive } from "./runtime/directive.ts";
import type { SupervisionOptions } from "./runtime/supervisor.ts";

/**
 * A coded error was foreseen, and thrown before any state changed: bad input and failed models cost one message. Anything
 * else (a broken invariant, a TypeError) may have left the state half changed, so it is thrown away with the actor.
 */
export const decide = (error: unknown): Directive => {
  if (!(error instanceof CodedError)) return "restart";
  const family = error.code.slice(0, error.code.indexOf("_", 2));
  switch (family) {
    case "E_INPUT":
    case "E_TIME":
    case "E_MODEL":
    case "E_DEP":
    case "E_LIMIT":
      return "resume";
    case "E_CONFIG":
      return "escalate";
    default:
      return "restart";
  }
};

/** Five restarts in ten seconds with backoff from 10 ms to 5 s; then quarantine. */
export const SUPERVISION: SupervisionOptions = {
  decide,
  restartBudget: { max: 5, withinMs: 10_000 },
  backoff: { minMs: 10, maxMs: 5_000 },
};
