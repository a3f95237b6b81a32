/** The actors of one thread: spawns them, finds them, shows their states, ends them. */
import { assert } from "../../engine/std/assert.ts";
import { CodedError } from "../../engine/std/errors.ts";
import type { Clock, Timers } from "../../engine/std/time.ts";
import { ActorCell } from "./actor-cell.ts";
import type { Cell, CellHost } from "./cell.ts";
import type { ActorProps, StopReason } from "./actor.ts";
import type { ActorRef } from "./actor-ref.ts";
import { DEFAULT_DEAD_LETTERS, DeadLetters } from "./dead-letters.ts";
import type { DeadLetterOptions } from "./dead-letters.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Executor, TurnBudget } from "./dispatcher.ts";
import type { ActorStatus, InspectionEvent } from "./inspection.ts";
import { DEFAULT_SUPERVISION } from "./supervisor.ts";
import type { SupervisionOptions } from "./supervisor.ts";

export interface ActorSystemOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly executor: Executor;
  /** Called synchronously with each fact; must not throw. Left out, watching costs nothing. */
  readonly onInspect?: (event: InspectionEvent) => void;
  /** A supervisor threw, or an error escalated past the root. Left out, the error is thrown on the executor's stack and ends the process. */
  readonly onFatal?: (error: unknown, path: string) => void;
  /** For the actors at the root, and the default below. */
  readonly supervision?: SupervisionOptions;
  readonly turnBudget?: TurnBudget;
  readonly deadLetters?: DeadLetterOptions;
  readonly actorsMax?: number;
}

const TURN_BUDGET: TurnBudget = { turnMessagesMax: 64, runMessagesMax: 1_024 };
const ACTORS_MAX = 10_000;
/** Bounds a drain in which actors keep telling one another. */
const DRAIN_MESSAGES_MAX = 1_000_000;

export class ActorSystem {
  readonly deadLetters: DeadLetters;
  readonly #dispatcher: Dispatcher;
  readonly #host: CellHost;
  readonly #actorsMax: number;
  readonly #cells = new Map<string, Cell>();
  #isDraining = false;

  constructor(options: ActorSystemOptions) {
    const { clock, timers, executor, onInspect, onFatal } = options;
    this.deadLetters = new DeadLetters(
      options.deadLetters ?? DEFAULT_DEAD_LETTERS,
    );
    this.#dispatcher = new Dispatcher(
      executor,
      options.turnBudget ?? TURN_BUDGET,
    );
    this.#actorsMax = options.actorsMax ?? ACTORS_MAX;
    this.#host = {
      clock,
      timers,
      dispatcher: this.#dispatcher,
      supervision: options.supervision ?? DEFAULT_SUPERVISION,
      inspect: onInspect,
      admit: (cell) => this.#admit(cell),
      forget: (cell) => this.#cells.delete(cell.path),
      deadLetter: (path, reason, message) => {
        const letter = this.deadLetters.add(
          path,
          reason,
          message,
          clock.nowUs(),
        );
        // What is not poison may come in floods: told once a kind, counted always.
        if (reason === "poison" || letter.count === 1)
          onInspect?.({ type: "deadLetter", letter });
      },
      fatal: (path, error, directive) => {
        onInspect?.({ type: "fatal", path, error, directive });
        if (onFatal === undefined) throw error;
        onFatal(error, path);
      },
    };
  }

  get size(): number {
    return this.#cells.size;
  }

  /** Throws E_LIMIT_ACTORS at the bound and E_STATE_DRAINING once it drains. */
  spawn<M>(name: string, props: ActorProps<M>): ActorRef<M> {
    return new ActorCell<M>(this.#host, name, props, undefined);
  }

  lookup(path: string): ActorRef<never> | undefined {
    return this.#cells.get(path);
  }

  /** In order of spawning. */
  states(): ActorStatus[] {
    return Array.from(this.#cells.values(), (cell) => cell.status());
  }

  /** Handles all that is queued on the caller's stack, then ends everyone; nobody is spawned any more. */
  drain(): void {
    this.#isDraining = true;
    this.#dispatcher.runUntilIdle(DRAIN_MESSAGES_MAX);
    this.#end("drain");
  }

  /** Ends everyone at once; what is queued becomes dead letters. */
  stop(): void {
    this.#isDraining = true;
    this.#end("stop");
  }

  #end(reason: StopReason): void {
    // Newest first: those spawned last may lean on the earlier ones.
    for (const cell of [...this.#cells.values()].reverse()) cell.end(reason);
  }

  #admit(cell: Cell): void {
    if (this.#isDraining) throw new CodedError("E_STATE_DRAINING");
    if (this.#cells.size >= this.#actorsMax)
      throw new CodedError("E_LIMIT_ACTORS");
    assert(!this.#cells.has(cell.path), `the path ${cell.path} is free`);
    this.#cells.set(cell.path, cell);
  }
}
