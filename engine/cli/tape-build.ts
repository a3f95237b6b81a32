/** How `fusewire tape cut` and `convert` make a tape: beside its place until it is whole. */
import { existsSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import type { FeedEvent } from "../feeds/feed-event.ts";
import type { TapeInfo } from "../feeds/tape-frame.ts";
import { TapeWriter } from "../feeds/tape-writer.ts";
import { CodedError } from "../std/errors.ts";

export interface BuildOptions {
  readonly out: string;
  readonly existing: "refuse" | "replace";
  readonly info: TapeInfo;
}

export interface BuildSummary {
  readonly out: string;
  readonly events: number;
  readonly bytes: number;
}

export const buildTape = async (
  events: AsyncIterable<FeedEvent>,
  { out, existing, info }: BuildOptions,
): Promise<BuildSummary> => {
  if (existing === "refuse" && existsSync(out))
    throw new CodedError("E_TAPE_EXISTS", { detail: out });
  const partial = `${out}.partial`;
  const writer = await TapeWriter.create(partial, { info });
  try {
    for await (const event of events) await writer.write(event);
    await writer.close();
    await rename(partial, out);
  } catch (error) {
    await writer.abandon().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
  const { size } = await stat(out);
  return { out, events: writer.records, bytes: size };
};
