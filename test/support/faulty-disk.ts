/** A disk that waits, fills up or fails when told to: what a recorder has to live with. */
import { open, type FileHandle } from "node:fs/promises";
import type { OpenDisk, TapeDisk } from "../../engine/feeds/tape-file.ts";

export class FaultyDisk {
  /** Bytes that it still takes. */
  room = Number.POSITIVE_INFINITY;
  writes = 0;
  syncs = 0;
  #gate: Promise<void> | undefined;
  #release = (): void => undefined;

  readonly open: OpenDisk = async (path, flags) => {
    const file = await open(path, flags);
    return this.#wrap(file);
  };

  /** Writes do not end until it is released. */
  stall(): void {
    this.#gate = new Promise((resolve) => (this.#release = resolve));
  }

  release(): void {
    this.#gate = undefined;
    this.#release();
  }

  #wrap(file: FileHandle): TapeDisk {
    return {
      write: async (buffer, offset, length, position) => {
        this.writes++;
        await this.#gate;
        if (this.room <= 0)
          throw Object.assign(new Error("ENOSPC: no space left on device"), {
            code: "ENOSPC",
          });
        // As a disk does: it takes what fits, and fails at the next write.
        const fitting = Math.min(length, this.room);
        const { bytesWritten } = await file.write(
          buffer,
          offset,
          fitting,
          position,
        );
        this.room -= bytesWritten;
        return { bytesWritten };
      },
      truncate: (length) => file.truncate(length),
      sync: () => {
        this.syncs++;
        return file.sync();
      },
      close: () => file.close(),
    };
  }
}
