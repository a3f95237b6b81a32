/** One actor's life: its mailbox, its incarnations, its children, and what becomes of a throw. */
import type { TimerHandle } from "../../engine/std/time.ts";
import type { Actor, ActorProps, StopReason } from "./actor.ts";
import type { ActorRef, TellResult } from "./actor-ref.ts";
import type { Cell, CellHost } from "./cell.ts";
import type { Directive } from "./directive.ts";
import type { TurnTaker } from "./dispatcher.ts";
import { IdleWatch } from "./idle-watch.ts";
import { Incarnation } from "./incarnation.ts";
import type { IncarnationHost } from "./incarnation.ts";
import type { ActorState, ActorStatus, CrashPhase } from "./inspection.ts";
import { Mailbox } from "./mailbox.ts";
import type { SystemCommand } from "./mailbox.ts";
import { CrashRecord } from "./supervisor.ts";
import type { SupervisionOptions } from "./supervisor.ts";

/** The ref that others hold is the cell itself, seen through the narrow interface. */
export class ActorCell<M> implements Cell, IncarnationHost<M>, TurnTaker {
  readonly path: string;
  nextReady: TurnTaker | undefined;
  isQueued = false;

  readonly #host: CellHost;
  readonly #props: ActorProps<M>;
  readonly #parent: Cell | undefined;
  readonly #mailbox: Mailbox<M>;
  readonly #crashes: CrashRecord;
  readonly #children = new Set<Cell>();

  #state: ActorState = "running";
  #actor: Actor<M> | undefined;
  #incarnation: Incarnation<M> | undefined;
  #incarnations = 0;
  #processed = 0;
  #restarts = 0;
  #lastError: string | undefined;
  /** Wakes it from backoff or quarantine. */
  #wake: TimerHandle | undefined;
  readonly #idle: IdleWatch;

  /** State of the turn in progress, in fields so that a throw leaves it readable. */
  #took = 0;
  #phase: CrashPhase = "create";
  #message: M | undefined;
  #owesTurnEnd = false;

  constructor(
    host: CellHost,
    path: string,
    props: ActorProps<M>,
    parent: Cell | undefined,
  ) {
    this.#host = host;
    this.path = path;
    this.#props = props;
    this.#parent = parent;
    this.#mailbox = new Mailbox(props.mailbox);
    this.#crashes = new CrashRecord(parent?.supervision ?? host.supervision);
    host.admit(this);
    host.inspect?.({ type: "spawned", path });
    this.#idle = new IdleWatch(
      host.timers,
      props.idleMs,
      () => this.#children.size > 0,
      () => {
        // One that waits out a backoff or a quarantine is kept: forgetting it would forget its crashes.
        if (this.#state === "running") this.#command("passivate");
      },
    );
    this.#command("start");
  }

  get mailboxSize(): number {
    return this.#mailbox.size;
  }

  get supervision(): SupervisionOptions {
    return this.#props.supervision ?? this.#host.supervision;
  }

  get wantsTurn(): boolean {
    return (
      this.#mailbox.commandsQueued > 0 ||
      (this.#actor !== undefined && this.#mailbox.size > 0)
    );
  }

  tell(message: M): TellResult {
    this.#idle.wasTold = true;
    return this.#enqueue(message);
  }

  status(): ActorStatus {
    const { enqueued, dropped, conflated, rejected, size } = this.#mailbox;
    return {
      path: this.path,
      state: this.#state,
      mailboxSize: size,
      enqueued,
      processed: this.#processed,
      dropped,
      conflated,
      rejected,
      restarts: this.#restarts,
      lastError: this.#lastError,
    };
  }

  spawnChild<C>(name: string, props: ActorProps<C>): ActorRef<C> {
    const child = new ActorCell<C>(
      this.#host,
      `${this.path}/${name}`,
      props,
      this,
    );
    this.#children.add(child);
    return child;
  }

  requestStop(): void {
    this.#command("stop");
  }

  remind(message: M): void {
    this.#enqueue(message);
  }

  takeTurn(messagesMax: number): number {
    this.#took = 0;
    for (;;) {
      try {
        this.#turn(messagesMax);
        this.#message = undefined;
        return this.#took;
      } catch (error) {
        this.#crashed(error);
      }
    }
  }

  /** For good. What is queued becomes dead letters. */
  end(reason: StopReason): void {
    if (this.#state === "stopped") return;
    this.#endIncarnation(reason);
    this.#state = "stopped";
    this.#wake?.cancel();
    this.#idle.cancel();
    while (this.#mailbox.commandsQueued > 0) this.#mailbox.shiftCommand();
    this.#discard();
    this.#parent?.childEnded(this);
    this.#host.forget(this);
    this.#host.inspect?.(
      reason === "passivate"
        ? { type: "passivated", path: this.path }
        : { type: "stopped", path: this.path, reason },
    );
  }

  childEnded(child: Cell): void {
    this.#children.delete(child);
  }

  childEscalated(error: unknown): void {
    this.#phase = "child";
    this.#crashed(error);
  }

  #enqueue(message: M): TellResult {
    const state = this.#state;
    if (state === "stopped" || state === "quarantined") {
      this.#mailbox.rejected++;
      this.#host.deadLetter(this.path, "undeliverable", message);
      return "dead";
    }
    const result = this.#mailbox.push(message);
    // In backoff the mailbox fills and waits for the next incarnation.
    if (state === "running") this.#host.dispatcher.ready(this);
    return result;
  }

  #command(command: SystemCommand): void {
    if (this.#state === "stopped") return;
    this.#mailbox.pushCommand(command);
    this.#host.dispatcher.ready(this);
  }

  #turn(messagesMax: number): void {
    const mailbox = this.#mailbox;
    for (;;) {
      while (mailbox.commandsQueued > 0) this.#obey(mailbox.shiftCommand()!);
      const actor = this.#actor;
      if (
        actor === undefined ||
        mailbox.size === 0 ||
        this.#took >= messagesMax
      )
        break;
      this.#phase = "receive";
      // Also owed to a message that throws and is resumed from: it may have changed the state halfway.
      this.#owesTurnEnd = true;
      do {
        this.#took++;
        this.#processed++;
        this.#message = mailbox.shift();
        actor.receive(this.#message);
      } while (
        mailbox.size > 0 &&
        this.#took < messagesMax &&
        mailbox.commandsQueued === 0
      );
    }
    if (!this.#owesTurnEnd) return;
    this.#owesTurnEnd = false;
    this.#phase = "turnEnded";
    this.#actor?.turnEnded?.();
  }

  #obey(command: SystemCommand): void {
    switch (command) {
      case "start":
        this.#incarnate();
        break;
      case "restart":
      case "probe":
        // One order to restart may overtake another, as when a parent restarts meanwhile.
        if (this.#state !== "backoff" && this.#state !== "quarantined") break;
        if (command === "probe") this.#crashes.probe(this.#host.clock.nowNs());
        this.#restarts++;
        this.#incarnate();
        this.#host.inspect?.({
          type: "restarted",
          path: this.path,
          incarnation: this.#incarnations,
        });
        break;
      case "passivate":
        if (this.#mailbox.size === 0 && this.#state === "running")
          this.end("passivate");
        break;
      case "stop":
        this.end("stop");
        break;
    }
  }

  #incarnate(): void {
    this.#phase = "create";
    this.#state = "running";
    this.#incarnations++;
    this.#incarnation = new Incarnation(
      this,
      this.#host.clock,
      this.#host.timers,
      this.#incarnations,
    );
    this.#actor = this.#props.create(this.#incarnation);
    this.#phase = "started";
    this.#actor.started?.();
  }

  #crashed(error: unknown): void {
    const phase = this.#phase;
    this.#lastError = error instanceof Error ? error.message : String(error);
    if (phase === "receive")
      this.#host.deadLetter(this.path, "poison", this.#message);
    this.#message = undefined;
    this.#host.inspect?.({ type: "crashed", path: this.path, phase, error });
    let directive: Directive;
    try {
      directive = this.#crashes.decide(error);
    } catch (supervisorError) {
      this.end("stop");
      this.#host.fatal(this.path, supervisorError, undefined);
      return;
    }
    this.#follow(directive, phase, error);
  }

  #follow(directive: Directive, phase: CrashPhase, error: unknown): void {
    switch (directive) {
      case "resume":
        // Without an incarnation that came up there is nothing to resume.
        if (phase === "create" || phase === "started") this.#restart();
        break;
      case "restart":
        this.#restart();
        break;
      case "stop":
        this.end("stop");
        break;
      case "escalate":
        if (this.#parent === undefined) {
          this.end("stop");
          this.#host.fatal(this.path, error, "escalate");
          break;
        }
        this.#parent.childEscalated(error);
        // The parent was resumed: the child alone begins anew. Otherwise it ended with its parent's incarnation.
        if (!this.#isOver()) this.#restart();
        break;
    }
  }

  #restart(): void {
    const { clock, timers, inspect } = this.#host;
    const delayMs = this.#crashes.restartDelayMs(clock.nowNs());
    this.#wake?.cancel();
    if (delayMs === "quarantine") {
      const probeAfterMs = this.#crashes.quarantineMs;
      this.#endIncarnation("quarantine");
      this.#state = "quarantined";
      this.#discard();
      this.#wake = timers.after(probeAfterMs, () => this.#command("probe"));
      inspect?.({ type: "quarantined", path: this.path, probeAfterMs });
      return;
    }
    this.#endIncarnation("restart");
    this.#state = "backoff";
    this.#wake = timers.after(delayMs, () => this.#command("restart"));
    inspect?.({ type: "backedOff", path: this.path, delayMs });
  }

  #endIncarnation(reason: StopReason): void {
    const actor = this.#actor;
    this.#actor = undefined;
    this.#owesTurnEnd = false;
    this.#incarnation?.end();
    this.#incarnation = undefined;
    for (const child of [...this.#children])
      child.end(reason === "drain" ? "drain" : "stop");
    try {
      actor?.stopped?.(reason);
    } catch (error) {
      this.#host.inspect?.({
        type: "crashed",
        path: this.path,
        phase: "stopped",
        error,
      });
    }
  }

  #isOver(): boolean {
    return this.#state === "stopped";
  }

  #discard(): void {
    this.#mailbox.discard((message) =>
      this.#host.deadLetter(this.path, "leftover", message),
    );
  }
}
