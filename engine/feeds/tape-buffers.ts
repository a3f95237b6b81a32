/** The bounded buffers between a thread that records and the disk: one is being filled, the filled ones wait in order, the others are free. */
import { TapeBlock } from "./tape-block.ts";

export interface TapeBuffersOptions {
  /** Of one buffer. */
  readonly blockBytes: number;
  readonly blocksMax: number;
  /** A buffer that holds so much goes to a disk that waits for nothing else. */
  readonly eagerBytes: number;
  /** Another one waits for the disk. */
  readonly onSealed: () => void;
}

export class TapeBuffers {
  readonly #free: TapeBlock[];
  readonly #queue: TapeBlock[] = [];
  readonly #blockBytes: number;
  readonly #eagerBytes: number;
  readonly #onSealed: () => void;
  #current: TapeBlock;

  constructor(options: TapeBuffersOptions) {
    const { blockBytes, blocksMax, eagerBytes, onSealed } = options;
    this.#blockBytes = blockBytes;
    this.#eagerBytes = eagerBytes;
    this.#onSealed = onSealed;
    this.#current = new TapeBlock(blockBytes);
    this.#free = Array.from(
      { length: Math.max(1, blocksMax - 1) },
      () => new TapeBlock(blockBytes),
    );
  }

  /** Of one buffer: no item can be larger. */
  get bytesMax(): number {
    return this.#current.bytesMax;
  }

  /** Filled, and not on the disk yet. */
  get queued(): number {
    return this.#queue.length;
  }

  /** The next one for the disk. */
  get first(): TapeBlock | undefined {
    return this.#queue[0];
  }

  /** Records that no disk has taken yet, those being gathered left out. */
  get unwritten(): number {
    return this.#queue.reduce((sum, { records }) => sum + records, 0);
  }

  /** Into the current buffer, or into an empty one; false where there is none, or what is put is larger than one. */
  put(into: (block: TapeBlock) => boolean): boolean {
    const isPut = into(this.#current) || (this.seal() && into(this.#current));
    this.#sealEarly();
    return isPut;
  }

  /** Hands the current buffer to the disk and takes an empty one; false when there is none. */
  seal(): boolean {
    if (this.#current.bytes === 0) return true;
    const next = this.#free.pop();
    if (next === undefined) return false;
    this.#queue.push(this.#current);
    this.#current = next;
    this.#onSealed();
    return true;
  }

  /** What is put next stands in another part than what was put before; false where there is no empty buffer for it. */
  beginPart(): boolean {
    if (!this.seal()) return false;
    this.#current.beginsPart = true;
    return true;
  }

  /** A part was begun here that the disk has not heard of. */
  get isPartBegun(): boolean {
    return (
      this.#current.beginsPart ||
      this.#queue.some(({ beginsPart }) => beginsPart)
    );
  }

  /** The first is on the disk: it may be filled again. */
  release(): void {
    const block = this.#queue.shift();
    if (block === undefined) return;
    block.clear();
    this.#free.push(block);
    this.#sealEarly();
  }

  /** Hands over all there is, with a last buffer for `word` where all others wait for the disk. */
  end(word: ((block: TapeBlock) => void) | undefined): void {
    if (this.#current.bytes > 0) this.#queue.push(this.#current);
    this.#current = new TapeBlock(word === undefined ? 0 : this.#blockBytes);
    if (word === undefined) return;
    word(this.#current);
    this.#queue.push(this.#current);
  }

  #sealEarly(): void {
    if (this.#current.bytes >= this.#eagerBytes && this.#queue.length === 0)
      this.seal();
  }
}
