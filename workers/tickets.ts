/** Requests waiting for a lane: bounded, first come first served over all models, each answered exactly once. */
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { InferenceRequest, Timers } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import type { Clock, MonoNanos, TimerHandle } from "../engine/std/time.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { SpecInput } from "../models/model-spec.ts";
import { copyInput, missOf } from "./answer.ts";

export interface Ticket {
  readonly request: InferenceRequest;
  readonly input: SpecInput;
  readonly order: number;
  readonly enqueuedNs: MonoNanos;
  /** Times that a worker died over it. */
  crashes: number;
  answered: boolean;
  readonly onPrediction: (p: Prediction) => void;
  readonly onMiss: (m: PredictionMiss) => void;
  deadline: TimerHandle | undefined;
}

export interface TicketsOptions {
  readonly queueMax: number;
  readonly clock: Clock;
  readonly timers: Timers;
  onTimeout(ticket: Ticket): void;
  onMiss(model: string, code: ErrorCode): void;
}

export class Tickets {
  readonly #options: TicketsOptions;
  /** Per model, in order of arrival: a Set forgets one in the middle at no cost. */
  readonly #waiting = new Map<string, Set<Ticket>>();
  #order = 0;
  #waitingCount = 0;
  /** Neither answered yet nor forgotten: waiting, running, or refused a moment ago. */
  readonly #open = new Set<Ticket>();

  constructor(models: readonly string[], options: TicketsOptions) {
    this.#options = options;
    for (const model of models) this.#waiting.set(model, new Set());
  }

  /** Waiting or running, and not answered. */
  get pending(): number {
    return this.#open.size;
  }

  get waiting(): number {
    return this.#waitingCount;
  }

  /** Undefined when it was refused: the miss is on its way. */
  enqueue(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
    refusal: ErrorCode | undefined,
  ): Ticket | undefined {
    const { clock, timers, queueMax } = this.#options;
    const nowNs = clock.nowNs();
    const queue = this.#waiting.get(request.model);
    const ticket: Ticket = {
      request,
      input: copyInput(request.input),
      order: this.#order++,
      enqueuedNs: nowNs,
      crashes: 0,
      answered: false,
      onPrediction,
      onMiss,
      deadline: undefined,
    };
    this.#open.add(ticket);
    const code =
      refusal ??
      (queue === undefined
        ? "E_MODEL_UNKNOWN"
        : request.deadlineNs <= nowNs
          ? "E_MODEL_TIMEOUT"
          : this.#waitingCount >= queueMax
            ? "E_LIMIT_QUEUE"
            : undefined);
    if (code !== undefined) {
      // Never inside the caller's own call.
      queueMicrotask(() => this.miss(ticket, code));
      return undefined;
    }
    queue!.add(ticket);
    this.#waitingCount++;
    ticket.deadline = timers.after(nsToMs(request.deadlineNs - nowNs), () => {
      this.#options.onTimeout(ticket);
      this.miss(ticket, "E_MODEL_TIMEOUT");
    });
    return ticket;
  }

  /** Back to its old place: its order is its arrival. */
  requeue(ticket: Ticket): void {
    const queue = this.#waiting.get(ticket.request.model)!;
    const later = [...queue];
    queue.clear();
    queue.add(ticket);
    for (const other of later) queue.add(other);
    this.#waitingCount++;
  }

  /** The oldest and those of its model that wait with it; one that has outlived a crash goes alone. */
  nextBatch(batchMaxOf: (model: string) => number): Ticket[] {
    let oldest: Ticket | undefined;
    for (const queue of this.#waiting.values()) {
      const [first] = queue;
      if (
        first !== undefined &&
        (oldest === undefined || first.order < oldest.order)
      )
        oldest = first;
    }
    if (oldest === undefined) return [];
    const batchMax = batchMaxOf(oldest.request.model);
    const batch: Ticket[] = [];
    const queue = this.#waiting.get(oldest.request.model)!;
    for (const ticket of queue) {
      if (batch.length > 0 && ticket.crashes > 0) break;
      batch.push(ticket);
      if (batch.length >= batchMax || ticket.crashes > 0) break;
    }
    for (const ticket of batch) queue.delete(ticket);
    this.#waitingCount -= batch.length;
    return batch;
  }

  predict(ticket: Ticket, prediction: Prediction): void {
    if (this.#settle(ticket)) ticket.onPrediction(prediction);
  }

  miss(ticket: Ticket, code: ErrorCode): void {
    if (!this.#settle(ticket)) return;
    this.#options.onMiss(ticket.request.model, code);
    ticket.onMiss(missOf(ticket.request, code));
  }

  /** The running ones too: their results will be late. */
  missAll(code: ErrorCode): void {
    for (const ticket of [...this.#open]) this.miss(ticket, code);
  }

  #settle(ticket: Ticket): boolean {
    if (ticket.answered) return false;
    ticket.answered = true;
    ticket.deadline?.cancel();
    if (this.#waiting.get(ticket.request.model)?.delete(ticket) === true)
      this.#waitingCount--;
    this.#open.delete(ticket);
    return true;
  }
}
