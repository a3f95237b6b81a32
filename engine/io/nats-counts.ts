/** What the NATS link counts. */
import type { Counter, Gauge, Telemetry } from "../ports.ts";

export class NatsCounts {
  readonly published: Counter;
  readonly received: Counter;
  readonly droppedDisconnected: Counter;
  readonly droppedRefused: Counter;
  readonly handlerErrors: Counter;
  readonly disconnects: Counter;
  readonly reconnects: Counter;
  readonly stale: Counter;
  readonly deniedPublish: Counter;
  readonly deniedSubscribe: Counter;
  readonly authErrors: Counter;
  readonly errors: Counter;
  readonly connected: Gauge;

  constructor(t: Telemetry) {
    const dropped = (reason: string) =>
      t.counter("fusewire_nats_dropped_total", "Messages not published", {
        reason,
      });
    const denied = (operation: string) =>
      t.counter("fusewire_nats_denied_total", "Denied by permissions", {
        operation,
      });
    this.published = t.counter(
      "fusewire_nats_published_total",
      "Messages handed to the server",
    );
    this.received = t.counter(
      "fusewire_nats_received_total",
      "Messages received",
    );
    this.droppedDisconnected = dropped("disconnected");
    this.droppedRefused = dropped("refused");
    this.handlerErrors = t.counter(
      "fusewire_nats_handler_errors_total",
      "Handlers that threw",
    );
    this.disconnects = t.counter(
      "fusewire_nats_disconnects_total",
      "Connections lost",
    );
    this.reconnects = t.counter(
      "fusewire_nats_reconnects_total",
      "Connections regained",
    );
    this.stale = t.counter(
      "fusewire_nats_stale_total",
      "Connections given up because pings went unanswered",
    );
    this.deniedPublish = denied("publish");
    this.deniedSubscribe = denied("subscription");
    this.authErrors = t.counter(
      "fusewire_nats_auth_errors_total",
      "Credentials refused",
    );
    this.errors = t.counter(
      "fusewire_nats_errors_total",
      "Other errors of the connection",
    );
    this.connected = t.gauge(
      "fusewire_nats_connected",
      "1 while connected to a server",
    );
    this.connected.set(0);
  }
}
