/** The lines of a text file, plain, gzipped or the only file of a zip archive, without holding more than a piece of it. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { crc32, createGunzip } from "node:zlib";
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
  const state = { files: 0, isWhole: false, crc: 0, bytes: 0 };
  let pieces: Uint8Array[] = [];
  let tail: Buffer = Buffer.alloc(0);
  const unzip = new Unzip((entry: UnzipFile) => {
    if (entry.name.endsWith("/")) return;
    if (++state.files > 1)
      throw new CodedError("E_BARS_UNCLEAR", {
        detail: "the archive holds more than one file",
      });
    entry.ondata = (error, data, final) => {
      if (error !== null) throw error;
      state.crc = crc32(data, state.crc);
      state.isWhole ||= final;
      pieces.push(data);
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  for await (const piece of file as AsyncIterable<Buffer>) {
    state.bytes += piece.length;
    tail = Buffer.concat([tail, piece]).subarray(-DIRECTORY_BYTES_MAX);
    unzip.push(piece);
    yield* pieces;
    pieces = [];
  }
  if (!state.isWhole || storedCrc(tail, state.bytes) !== state.crc)
    throw new CodedError("E_BARS_FORMAT", {
      detail: "the archive is damaged, or ends before its file does",
    });
}

/** Of a zip archive's end: its directory of few files and a comment. */
const DIRECTORY_BYTES_MAX = 128 * 1024;
const END_MARK = Buffer.from("PK\x05\x06", "latin1");
const END_BYTES = 22;
const ENTRY_BYTES = 46;

/** The checksum that the directory at the end of an archive of so many bytes tells of its only file; folders have none. */
const storedCrc = (tail: Buffer, bytes: number): number | undefined => {
  const end = tail.lastIndexOf(END_MARK);
  if (end < 0 || end + END_BYTES > tail.length) return undefined;
  // Told from the beginning of the file: larger archives put more between the directory and its end.
  let at = tail.readUInt32LE(end + 16) - (bytes - tail.length);
  while (at >= 0 && at + ENTRY_BYTES <= end) {
    const crc = tail.readUInt32LE(at + 16);
    if (crc !== 0) return crc;
    // Name, extra field and comment stand behind each entry.
    at +=
      ENTRY_BYTES +
      tail.readUInt16LE(at + 28) +
      tail.readUInt16LE(at + 30) +
      tail.readUInt16LE(at + 32);
  }
  return undefined;
};

const beyond = (field: string, limit: string): CodedError =>
  new CodedError("E_BARS_LIMIT", { field, detail: `more than ${limit}` });
