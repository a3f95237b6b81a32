/** The lines of a text file, plain, gzipped or the only file of a zip archive, without holding more than a piece of it. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Unzip, UnzipInflate, type UnzipFile } from "fflate";
import { CodedError } from "../std/errors.ts";

export type Packing = "plain" | "gzip" | "zip";

/** Small, so that what one piece of a zip can unpack to stays small too: 1,000 times this at most. */
const PIECE_BYTES = 16 * 1024;
const LINE_CHARS_MAX = 64 * 1024;

export const packingOf = (head: Uint8Array): Packing =>
  head[0] === 0x1f && head[1] === 0x8b
    ? "gzip"
    : head[0] === 0x50 && head[1] === 0x4b
      ? "zip"
      : "plain";

/** By pieces; E_BARS_LIMIT once more than `bytesMax` came out of it. */
export async function* textLines(
  path: string,
  packing: Packing,
  bytesMax: number,
): AsyncGenerator<string[]> {
  const decoder = new TextDecoder("utf-8");
  let bytes = 0;
  let rest = "";
  for await (const piece of unpacked(path, packing)) {
    bytes += piece.length;
    if (bytes > bytesMax) throw beyond("bytes", `${bytesMax} bytes`);
    const lines = (rest + decoder.decode(piece, { stream: true })).split(
      /\r?\n/,
    );
    rest = lines.pop()!;
    if (rest.length > LINE_CHARS_MAX)
      throw beyond("line", `${LINE_CHARS_MAX} characters in a line`);
    if (lines.length > 0) yield lines;
  }
  if (rest !== "") yield [rest];
}

async function* unpacked(
  path: string,
  packing: Packing,
): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: PIECE_BYTES });
  try {
    if (packing === "zip") yield* unzipped(file);
    else if (packing === "gzip") yield* gunzipped(file);
    else yield* file as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("E_BARS_FORMAT", {
      detail: `${path} cannot be read`,
      cause,
    });
  } finally {
    file.destroy();
  }
}

async function* gunzipped(file: Readable): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  file.on("error", (error) => gunzip.destroy(error));
  yield* file.pipe(gunzip) as AsyncIterable<Uint8Array>;
}

async function* unzipped(file: Readable): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let files = 0;
  let isWhole = false;
  const unzip = new Unzip((entry: UnzipFile) => {
    if (entry.name.endsWith("/")) return;
    if (++files > 1)
      throw new CodedError("E_BARS_UNCLEAR", {
        detail: "the archive holds more than one file",
      });
    entry.ondata = (error, data, final) => {
      if (error !== null) throw error;
      pieces.push(data);
      isWhole ||= final;
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  for await (const piece of file as AsyncIterable<Uint8Array>) {
    unzip.push(piece);
    yield* pieces;
    pieces = [];
  }
  if (!isWhole)
    throw new CodedError("E_BARS_FORMAT", {
      detail: "the archive ends before its file does",
    });
}

const beyond = (field: string, limit: string): CodedError =>
  new CodedError("E_BARS_LIMIT", { field, detail: `more than ${limit}` });
