/** Rows of numbers of one shape as NumPy's own file, written as they come. */
import { closeSync, openSync, writeSync } from "node:fs";
import { assert } from "../std/assert.ts";

/** The header's length in bytes, whatever the number of rows: it is written again at the end. */
const HEADER = 128;
const BUFFER_BYTES = 1 << 20;

export class NpyFile {
  readonly #file: number;
  readonly #shape: readonly number[];
  readonly #width: number;
  readonly #buffer: Float32Array;
  #filled = 0;
  #rows = 0;

  /** `shape` of one row. */
  constructor(path: string, shape: readonly number[]) {
    this.#shape = shape;
    this.#width = shape.reduce((size, n) => size * n, 1);
    const rows = Math.max(1, Math.floor(BUFFER_BYTES / 4 / this.#width));
    this.#buffer = new Float32Array(rows * this.#width);
    this.#file = openSync(path, "w");
    writeSync(this.#file, this.#header());
  }

  get rows(): number {
    return this.#rows;
  }

  push(row: Float32Array): void {
    assert(row.length === this.#width, "a row is of the file's shape");
    if (this.#filled === this.#buffer.length) this.#flush();
    this.#buffer.set(row, this.#filled);
    this.#filled += this.#width;
    this.#rows++;
  }

  close(): void {
    this.#flush();
    writeSync(this.#file, this.#header(), 0, HEADER, 0);
    closeSync(this.#file);
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, 4 * this.#filled);
    for (let at = 0; at < bytes.length;)
      at += writeSync(this.#file, bytes, at, bytes.length - at);
    this.#filled = 0;
  }

  /** Version 1.0: magic, length, and a Python dictionary padded with blanks. */
  #header(): Uint8Array {
    const shape = [this.#rows, ...this.#shape].join(", ");
    const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
    assert(text.length < HEADER - 10, "a header has room for its shape");
    return Buffer.concat([
      Buffer.from("\x93NUMPY\x01\x00", "latin1"),
      Buffer.from([HEADER - 10, 0]),
      Buffer.from(`${text.padEnd(HEADER - 11)}\n`, "latin1"),
    ]);
  }
}
