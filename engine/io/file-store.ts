/** State in a directory: one file a key, replaced atomically, written in the background, the newest value of a key wins. */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Counter,
  type Logger,
  type StateStore,
  type Telemetry,
} from "../ports.ts";
import { CodedError } from "../std/errors.ts";

export interface FileStoreOptions {
  readonly folder: string;
  /** Keys that wait for the disk. */
  readonly pendingMax: number;
  readonly valueBytesMax: number;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

const DEFAULTS = {
  pendingMax: 10_000,
  valueBytesMax: 1024 * 1024,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
} satisfies Partial<FileStoreOptions>;

const KEY_MAX = 200;
/** A drain saves what thousands of symbols know: the disk's waits overlap, on as many threads as there are for files. */
const WRITERS = 4;

export class FileStore implements StateStore {
  readonly #options: FileStoreOptions;
  readonly #pending = new Map<string, Uint8Array>();
  /** Keys being written. */
  readonly #underWay = new Set<string>();
  readonly #failed: Counter;
  #writing: Promise<void> | undefined;

  constructor(
    options: Partial<FileStoreOptions> & Pick<FileStoreOptions, "folder">,
  ) {
    this.#options = { ...DEFAULTS, ...options };
    this.#failed = this.#options.telemetry.counter(
      "fusewire_store_failed_total",
      "State that was not saved or not read",
      { store: "file" },
    );
  }

  async load(key: string): Promise<Uint8Array | undefined> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.slice();
    try {
      return await readFile(this.#pathOf(key));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT")
        this.#fail("store.loadFailed", error);
      return undefined;
    }
  }

  save(key: string, value: Uint8Array): void {
    const { pendingMax, valueBytesMax } = this.#options;
    const isNew = !this.#pending.has(key);
    if (
      value.byteLength > valueBytesMax ||
      (isNew && this.#pending.size >= pendingMax)
    ) {
      this.#fail("store.saveRefused", new CodedError("E_LIMIT_QUEUE"));
      return;
    }
    this.#pending.set(key, value);
    this.#writing ??= this.#writeAll();
  }

  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // One turn later, so that the saves of one turn are one write a key.
    await Promise.resolve();
    while (this.#pending.size > 0)
      await Promise.all(
        Array.from({ length: WRITERS }, () => this.#writeSome()),
      );
    this.#writing = undefined;
  }

  /** What no other writer has begun. */
  async #writeSome(): Promise<void> {
    for (const [key, value] of this.#pending) {
      if (this.#underWay.has(key)) continue;
      this.#underWay.add(key);
      try {
        await this.#write(this.#pathOf(key), value);
      } catch (error) {
        this.#fail("store.saveFailed", error);
      }
      this.#underWay.delete(key);
      // A newer value came meanwhile: it stays for its own turn.
      if (this.#pending.get(key) === value) this.#pending.delete(key);
    }
  }

  /** Old or new, never half: whole file, fsync, rename, fsync of the directory. */
  async #write(path: string, value: Uint8Array): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    const temporary = `${path}.${process.pid}.tmp`;
    try {
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(value);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    const directory = await open(folder, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }

  #pathOf(key: string): string {
    if (key === "" || key.length > KEY_MAX)
      throw new CodedError("E_DEP_STORE", { field: "key" });
    // Nothing but these letters reaches the file system: no separator, no dot at the front.
    const safe = encodeURIComponent(key).replace(/^\.|[*'()!~]/g, escapeHex);
    return join(this.#options.folder, `${safe}.state`);
  }

  #fail(event: string, error: unknown): void {
    this.#failed.add(1);
    this.#options.log.error(event, { code: "E_DEP_STORE", error });
  }
}

const escapeHex = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
