/** Names of the files that one recording is spread over. */
import { stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { UnixMicros } from "../std/time.ts";

const TIME = "{time}";
export const TAPE_EXTENSION = ".fwt";
/** Of a recording: with one a minute, almost two years. */
const PARTS_MAX = 999_999;

/**
 * A path that ends in a slash, or is a folder, holds part-000001.fwt, part-000002.fwt, …; any other is the first part's, and the
 * others carry their number: market.fwt, market-0002.fwt, …. `{time}` stands for when the recording began where it stands in
 * the folder, and for when the part began in the file's name (20261121T031500Z).
 */
export class PartNames {
  readonly folder: string;
  /** Before and behind the number. */
  readonly #stem: string;
  readonly #extension: string;
  readonly #digits: number;
  /** The first part, too, has a number. */
  readonly #isFolder: boolean;

  private constructor(path: string, startUs: UnixMicros, isFolder: boolean) {
    const folder = isFolder ? path : dirname(path);
    this.folder = join(inTime(folder, startUs));
    const name = isFolder ? `part${TAPE_EXTENSION}` : basename(path);
    this.#extension = extname(name);
    this.#stem = name.slice(0, name.length - this.#extension.length);
    this.#digits = isFolder ? 6 : 4;
    this.#isFolder = isFolder;
  }

  static async of(path: string, startUs: UnixMicros): Promise<PartNames> {
    const found = path.endsWith("/")
      ? undefined
      : await stat(path).catch(() => undefined);
    const isFolder = path.endsWith("/") || found?.isDirectory() === true;
    return new PartNames(path, startUs, isFolder);
  }

  /** The names say when their parts began: one that is taken is another recording's of the same second. */
  get areTimed(): boolean {
    return this.#stem.includes(TIME);
  }

  /** Of the part, and where that is taken the next ones. */
  *from(part: number, startUs: UnixMicros): Generator<string> {
    for (let n = this.areTimed ? 1 : part; n <= PARTS_MAX; n++)
      yield this.#path(n, startUs);
  }

  /** Whether a file in the folder is named as a part of this recording; where names are timed none is. */
  isPart(name: string): boolean {
    if (
      this.areTimed ||
      !name.startsWith(this.#stem) ||
      !name.endsWith(this.#extension)
    )
      return false;
    const number = name.slice(
      this.#stem.length,
      name.length - this.#extension.length,
    );
    // Beside a file only what is certainly a number: market-2024.fwt is another tape.
    return this.#isFolder
      ? /^-\d{6}$/.test(number)
      : /^(?:-0\d{3,5})?$/.test(number);
  }

  #path(n: number, startUs: UnixMicros): string {
    const stem = inTime(this.#stem, startUs);
    const number =
      n === 1 && !this.#isFolder
        ? ""
        : `-${String(n).padStart(this.#digits, "0")}`;
    return join(this.folder, `${stem}${number}${this.#extension}`);
  }
}

/** `{time}` as it stands in names. */
export const inTime = (path: string, us: UnixMicros): string =>
  path.replaceAll(TIME, compactTime(us));

const compactTime = (us: UnixMicros): string =>
  new Date(us / 1000).toISOString().replace(/[-:]|\.\d+/g, "");
