/**
 * What the order book costs by itself, beside a sorted map, and what the whole engine carries in a replay.
 *
 * An update is one delta message as decoded and checked, with all its levels, into a book of 1,000 levels (the recording's own deltas) or of 20 (the changes
 * of its best 20). Book and rival take turns over the same updates, pass by pass; a pass begins with the snapshot, untimed. The median pass
 * counts. The top numbers are of both streams together; `depths` tells them apart, with levels a second.
 */
import { Readable } from "node:stream";
import { runReplay } from "../engine/replay-run.ts";
import type { FeedEvent } from "../engine/feeds/feed-event.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { INSTALLATION } from "../engine/installation.ts";
import { NO_LOG } from "../engine/ports.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import {
  findRecording,
  generatedUpdates,
  recordedUpdates,
  shallowed,
} from "./book-streams.ts";
import { measureDepth, round, sum } from "./book-cost.ts";
import type { Cost, DepthCost } from "./book-cost.ts";
import { BookTape } from "./book-tape.ts";
import { describeCommit, describeMachine } from "./report.ts";

export interface BookBench extends Cost {
  readonly machine: string;
  readonly commit: string;
  readonly data: "recorded" | "generated";
  readonly updates: number;
  readonly updatesPerSecond: number;
  readonly rival: Cost;
  /** How many times the rival's cost. */
  readonly ratio: number;
  readonly replayEventsPerSecond: number;
  readonly depths: readonly DepthCost[];
}

export interface BookBenchOptions {
  /** A recording of one symbol with a snapshot; looked for when undefined. */
  readonly recording: string | undefined;
  /** Passes of each book over each stream. */
  readonly passes: number;
  readonly onProgress?: (text: string) => void;
}

export const runBookBench = async (
  options: BookBenchOptions,
): Promise<BookBench> => {
  const { passes, onProgress = () => undefined } = options;
  const recording = options.recording ?? findRecording();
  onProgress(`updates: ${recording ?? "generated, for want of a recording"}`);
  const deep =
    recording === undefined
      ? generatedUpdates(1)
      : await recordedUpdates(recording);
  const depths = [shallowed(deep), deep].map((stream) =>
    measureDepth(stream, passes),
  );
  const updates = sum(depths, (d) => d.updates);
  const nsPerUpdate = sum(depths, (d) => d.updates * d.nsPerUpdate) / updates;
  const rivalNs = sum(depths, (d) => d.updates * d.rival.nsPerUpdate) / updates;
  onProgress("replay of the whole engine");
  const replayed = await runReplay({
    tape:
      recording === undefined
        ? Readable.from(generatedEvents())
        : await openTape(recording),
    modelsDir: INSTALLATION.modelsDir,
    out: undefined,
    llama: "off",
    log: NO_LOG,
  });
  return {
    machine: describeMachine(),
    commit: describeCommit(),
    data: recording === undefined ? "generated" : "recorded",
    updates,
    nsPerUpdate: round(nsPerUpdate),
    updatesPerSecond: Math.round(1e9 / nsPerUpdate),
    rival: { nsPerUpdate: round(rivalNs) },
    ratio: round(rivalNs / nsPerUpdate),
    replayEventsPerSecond: replayed.eventsPerSecond,
    depths,
  };
};

/** 20 symbols in turn, 50 ms a symbol. */
function* generatedEvents(): Generator<FeedEvent> {
  const tape = new BookTape(20);
  for (let i = 0; i < 60_000; i++) {
    const book = tape.at(i);
    const us = unixMicros(1e15 + i * 2500);
    const event = i < 20 ? book.snapshot(us) : book.delta(us);
    yield { ...event, receivedNs: monoNanos(1e9 + i * 2.5e6) };
  }
}
