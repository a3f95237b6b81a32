/** The few lines of protobuf that writing an ONNX file takes. */

const UTF8 = new TextEncoder();

export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #size = 0;

  varint(field: number, value: number): this {
    this.#raw(field * 8);
    this.#raw(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#raw(field * 8 + 5);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  string(field: number, value: string): this {
    return this.message(field, UTF8.encode(value));
  }

  message(field: number, value: Uint8Array): this {
    this.#raw(field * 8 + 2);
    this.#raw(value.byteLength);
    this.#append(value);
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #raw(value: number): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    this.#append(Uint8Array.from(bytes));
  }

  #append(bytes: Uint8Array): void {
    if (this.#size + bytes.byteLength > this.#bytes.byteLength) {
      const grown = new Uint8Array(
        Math.max(this.#bytes.byteLength * 2, this.#size + bytes.byteLength),
      );
      grown.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.byteLength;
  }
}
