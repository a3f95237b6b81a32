/** Reads the few fields that a bench needs off a MessagePack signal, without building the rest. */
import { STAGES } from "../engine/domain/stamps.ts";

/** Reused for every message: what it holds is about the last one. */
export class SignalPeek {
  symbol = "";
  trigger = "";
  bookSeq = 0;
  readonly stampsNs = new Float64Array(STAGES.length);

  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;

  /** A signal, or a WebSocket message that carries one under "signal". False when there is none in it. */
  read(bytes: Uint8Array): boolean {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.symbol = "";
    this.trigger = "";
    this.bookSeq = 0;
    this.stampsNs.fill(0);
    this.#readSignal();
    return this.symbol !== "";
  }

  #readSignal(): void {
    for (let left = this.#mapSize(); left > 0; left--) {
      const key = this.#string();
      if (key === "signal") this.#readSignal();
      else if (key === "symbol") this.symbol = this.#string();
      else if (key === "trigger") this.trigger = this.#string();
      else if (key === "book") this.#readBook();
      else if (key === "stampsNs") this.#readStamps();
      else this.#skip();
    }
  }

  #readBook(): void {
    for (let left = this.#mapSize(); left > 0; left--)
      if (this.#string() === "seq") this.bookSeq = this.#number();
      else this.#skip();
  }

  #readStamps(): void {
    const size = this.#arraySize();
    for (let i = 0; i < size; i++) {
      const value = this.#number();
      if (i < this.stampsNs.length) this.stampsNs[i] = value;
    }
  }

  #mapSize(): number {
    const head = this.#bytes[this.#at++]!;
    if (head >= 0x80 && head <= 0x8f) return head & 0x0f;
    if (head === 0xde) return this.#unsigned(2);
    if (head === 0xdf) return this.#unsigned(4);
    throw unexpected(head);
  }

  #arraySize(): number {
    const head = this.#bytes[this.#at++]!;
    if (head >= 0x90 && head <= 0x9f) return head & 0x0f;
    if (head === 0xdc) return this.#unsigned(2);
    if (head === 0xdd) return this.#unsigned(4);
    throw unexpected(head);
  }

  #string(): string {
    const size = this.#stringSize(this.#bytes[this.#at++]!);
    this.#at += size;
    return this.#bytes.toString("latin1", this.#at - size, this.#at);
  }

  #stringSize(head: number): number {
    if (head >= 0xa0 && head <= 0xbf) return head & 0x1f;
    if (head === 0xd9) return this.#unsigned(1);
    if (head === 0xda) return this.#unsigned(2);
    if (head === 0xdb) return this.#unsigned(4);
    throw unexpected(head);
  }

  #number(): number {
    const head = this.#bytes[this.#at++]!;
    if (head <= 0x7f) return head;
    if (head >= 0xe0) return head - 0x100;
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at += scalarSize(head);
    switch (head) {
      case 0xca:
        return bytes.readFloatBE(at);
      case 0xcb:
        return bytes.readDoubleBE(at);
      case 0xcc:
      case 0xcd:
      case 0xce:
        return bytes.readUIntBE(at, 1 << (head - 0xcc));
      case 0xcf:
        return Number(bytes.readBigUInt64BE(at));
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return bytes.readIntBE(at, 1 << (head - 0xd0));
      case 0xd3:
        return Number(bytes.readBigInt64BE(at));
      default:
        throw unexpected(head);
    }
  }

  #skip(): void {
    const head = this.#bytes[this.#at]!;
    const isMap =
      (head >= 0x80 && head <= 0x8f) || head === 0xde || head === 0xdf;
    const isArray =
      (head >= 0x90 && head <= 0x9f) || head === 0xdc || head === 0xdd;
    if (isMap || isArray) {
      const values = isMap ? 2 * this.#mapSize() : this.#arraySize();
      for (let i = 0; i < values; i++) this.#skip();
      return;
    }
    this.#at++;
    if ((head >= 0xa0 && head <= 0xbf) || (head >= 0xd9 && head <= 0xdb))
      this.#advance(this.#stringSize(head));
    else if (head >= 0xc4 && head <= 0xc6)
      this.#advance(this.#unsigned(1 << (head - 0xc4)));
    else if (head >= 0xca && head <= 0xd3) this.#advance(scalarSize(head));
    else if (head >= 0x80 && head < 0xe0 && (head < 0xc0 || head > 0xc3))
      throw unexpected(head);
  }

  #advance(size: number): void {
    this.#at += size;
  }

  #unsigned(size: number): number {
    this.#at += size;
    return this.#bytes.readUIntBE(this.#at - size, size);
  }
}

/** Of the floats 0xca, 0xcb and the integers 0xcc … 0xd3. */
const scalarSize = (head: number): number =>
  head <= 0xcb ? 4 << (head - 0xca) : 1 << ((head - 0xcc) & 3);

const unexpected = (head: number): Error =>
  new Error(`a signal does not hold 0x${head.toString(16)} here`);
