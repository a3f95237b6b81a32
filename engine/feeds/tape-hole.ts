/** What a recorder says in place of what it could not keep: how much, of which symbols, when and why. */
import type { Gap } from "../domain/market-event.ts";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { damaged } from "./tape-frame.ts";

/** `slow`: the disk was slower than the feed; `failed`: it took no bytes; `size`: one event was larger than a tape holds. */
export const HOLE_REASONS = ["slow", "failed", "size"] as const;
export type HoleReason = (typeof HOLE_REASONS)[number];

export interface TapeHole {
  readonly fromUs: UnixMicros;
  readonly toUs: UnixMicros;
  /** When the last event in it was received: a replay voids the books then. */
  readonly toNs: MonoNanos;
  readonly lost: number;
  readonly reason: HoleReason;
  /** Those that lost something; "*" when they were too many to name. */
  readonly symbols: readonly SymbolId[] | "*";
}

const FIXED_BYTES = 29;
/** Far more than an engine serves; a hole that names more says "*". */
export const HOLE_SYMBOLS_MAX = 10_000;

export const encodeHole = (hole: TapeHole): Buffer => {
  const names = hole.symbols === "*" ? "*" : hole.symbols.join(",");
  const body = Buffer.alloc(FIXED_BYTES + names.length);
  body.writeDoubleLE(hole.fromUs, 0);
  body.writeDoubleLE(hole.toUs, 8);
  body.writeDoubleLE(hole.toNs, 16);
  body.writeUInt32LE(Math.min(hole.lost, 0xffff_ffff), 24);
  body[28] = HOLE_REASONS.indexOf(hole.reason);
  body.write(names, FIXED_BYTES, "latin1");
  return body;
};

export const decodeHole = (body: Buffer): TapeHole => {
  const reason = HOLE_REASONS[body[28] ?? HOLE_REASONS.length];
  if (body.length < FIXED_BYTES || reason === undefined)
    throw damaged("a hole is not well formed");
  const names = body.toString("latin1", FIXED_BYTES);
  return {
    fromUs: unixMicros(body.readDoubleLE(0)),
    toUs: unixMicros(body.readDoubleLE(8)),
    toNs: monoNanos(body.readDoubleLE(16)),
    lost: body.readUInt32LE(24),
    reason,
    symbols:
      names === "*" ? "*" : names === "" ? [] : names.split(",").map(symbolId),
  };
};

/** What a replay sees of a hole. `seen` stands in for a hole that names no symbols. */
export const gapsOf = (hole: TapeHole, seen: Iterable<SymbolId>): Gap[] =>
  [...(hole.symbols === "*" ? seen : hole.symbols)].map((symbol) => ({
    type: "gap",
    symbol,
    eventUs: hole.toUs,
    receivedUs: hole.toUs,
    receivedNs: hole.toNs,
    reason: "overflow",
  }));
