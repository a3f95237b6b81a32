/** The lines of a text file, gzipped or plain, a batch for each chunk read. */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import { CodedError } from "../std/errors.ts";

/** Longest line taken: a snapshot of tens of thousands of levels has some 2 MB. */
const LINE_CHARS_MAX = 8 * 1024 * 1024;

const isGzip = async (path: string): Promise<boolean> => {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
};

/** By decompressed chunk, so that one await serves hundreds of lines. E_TAPE_FORMAT for what cannot be read. */
export async function* lineBatches(path: string): AsyncGenerator<string[]> {
  let file: Readable | undefined;
  const decoder = new TextDecoder();
  let rest = "";
  try {
    // A recorder that was killed leaves an unfinished gzip stream: what it holds is read, the torn last line is malformed.
    const isZipped = await isGzip(path);
    file = createReadStream(path, { highWaterMark: 64 * 1024 });
    const bytes: Readable = isZipped
      ? file.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH }))
      : file;
    file.on("error", (error) => bytes.destroy(error));
    for await (const chunk of bytes) {
      const text = rest + decoder.decode(chunk as Buffer, { stream: true });
      const lines = text.split("\n");
      rest = lines.pop()!;
      if (rest.length > LINE_CHARS_MAX)
        throw new CodedError("E_TAPE_FORMAT", {
          detail: `${path}: a line is longer than ${LINE_CHARS_MAX} characters`,
        });
      if (lines.length > 0) yield lines;
    }
    if (rest !== "") yield [rest];
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw new CodedError("E_TAPE_FORMAT", {
      detail: `${path} cannot be read`,
      cause: error,
    });
  } finally {
    file?.destroy();
  }
}
