/** What becomes of the actors, counted and logged: nobody should have to ask why a symbol fell silent. */
import type { Counter, Logger, Telemetry } from "../engine/ports.ts";
import { unreachable } from "../engine/std/assert.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { InspectionEvent } from "./runtime/inspection.ts";

export class InspectionLog {
  readonly #log: Logger;
  readonly #crashes: Counter;
  readonly #restarts: Counter;
  readonly #quarantines: Counter;
  readonly #deadLetters: Counter;

  constructor(telemetry: Telemetry, log: Logger) {
    const counter = (name: string, help: string): Counter =>
      telemetry.counter(`fusewire_actor_${name}_total`, help);
    this.#log = log;
    this.#crashes = counter("crashes", "Throws of actors");
    this.#restarts = counter("restarts", "Incarnations after the first");
    this.#quarantines = counter(
      "quarantines",
      "Actors that spent their restart budget",
    );
    this.#deadLetters = counter(
      "dead_letters",
      "Kinds of undelivered messages, and each poisonous one",
    );
  }

  onInspect(event: InspectionEvent): void {
    switch (event.type) {
      case "crashed": {
        const { path, phase, error } = event;
        const { code, message, stack } = toCodedError(error);
        this.#crashes.add(1);
        this.#log.error("actor.crashed", {
          path,
          phase,
          code,
          detail: message,
          stack: error instanceof Error ? error.stack : stack,
        });
        break;
      }
      case "restarted":
        this.#restarts.add(1);
        this.#log.info("actor.restarted", {
          path: event.path,
          incarnation: event.incarnation,
        });
        break;
      case "quarantined":
        this.#quarantines.add(1);
        this.#log.error("actor.quarantined", {
          path: event.path,
          code: "E_ACTOR_QUARANTINED",
          probeAfterMs: event.probeAfterMs,
        });
        break;
      case "deadLetter": {
        const { path, reason, text, count } = event.letter;
        this.#deadLetters.add(1);
        // After the drain everything that still comes is one.
        if (reason === "poison")
          this.#log.warn("actor.poison", { path, count, text });
        break;
      }
      case "fatal":
        this.#log.error("actor.fatal", {
          path: event.path,
          code: toCodedError(event.error).code,
          detail: String(event.error),
        });
        break;
      case "spawned":
      case "backedOff":
      case "passivated":
      case "stopped":
        this.#log.debug(`actor.${event.type}`, { path: event.path });
        break;
      default:
        unreachable(event);
    }
  }
}
