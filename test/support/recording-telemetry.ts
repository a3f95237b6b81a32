/** Telemetry and a logger that remember: what a test asks about counters and alarms. */
import type { Labels, Logger, Telemetry } from "../../engine/ports.ts";

const keyOf = (name: string, labels: Labels = {}): string => {
  const parts = Object.entries(labels).map(([k, v]) => `${k}=${v}`);
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
};

export class RecordingTelemetry implements Telemetry {
  readonly values = new Map<string, number>();

  counter(name: string, _help: string, labels?: Labels) {
    const key = keyOf(name, labels);
    this.values.set(key, this.of(key));
    return {
      add: (n: number) => {
        this.values.set(key, this.of(key) + n);
      },
    };
  }

  gauge(name: string, _help: string, labels?: Labels) {
    const key = keyOf(name, labels);
    return {
      set: (value: number) => {
        this.values.set(key, value);
      },
    };
  }

  /** Counts what was recorded. */
  histogram(name: string, help: string, labels?: Labels) {
    const counter = this.counter(name, help, labels);
    return { recordNs: () => counter.add(1) };
  }

  of(key: string): number {
    return this.values.get(key) ?? 0;
  }
}

export interface Logged {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class RecordingLog implements Logger {
  readonly entries: Logged[] = [];

  debug(event: string, fields = {}): void {
    this.entries.push({ level: "debug", event, fields });
  }
  info(event: string, fields = {}): void {
    this.entries.push({ level: "info", event, fields });
  }
  warn(event: string, fields = {}): void {
    this.entries.push({ level: "warn", event, fields });
  }
  error(event: string, fields = {}): void {
    this.entries.push({ level: "error", event, fields });
  }

  of(event: string): readonly Logged[] {
    return this.entries.filter((entry) => entry.event === event);
  }
}
