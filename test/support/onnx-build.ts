/** Builds real ONNX files in memory, so that tests need no Python and no checked-in binaries. */
import { ProtobufWriter } from "./protobuf-writer.ts";

export const FLOAT32 = 1;
export const INT64 = 7;
export const BOOL = 9;

export type AttributeValue =
  | number
  | { readonly float: number }
  | string
  | readonly number[]
  | Float32Array
  | readonly string[]
  | GraphBuilder;

type ElementType = typeof FLOAT32 | typeof INT64 | typeof BOOL;

/** One graph: names its own intermediate values, `t0`, `t1`, … */
export class GraphBuilder {
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  readonly #inputs: Uint8Array[] = [];
  readonly #outputs: Uint8Array[] = [];
  readonly #prefix: string;
  #count = 0;

  constructor(prefix = "t") {
    this.#prefix = prefix;
  }

  input(name: string, type: ElementType, shape: readonly (number | string)[]) {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly (number | string)[]) {
    this.#outputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** A list of `{key: value}` maps, as ZipMap puts out. */
  mapSequenceOutput(name: string) {
    const map = new ProtobufWriter()
      .varint(1, INT64)
      .message(2, tensorType(FLOAT32, []));
    const sequence = new ProtobufWriter().message(
      1,
      new ProtobufWriter().message(5, map.finish()).finish(),
    );
    this.#outputs.push(
      new ProtobufWriter()
        .string(1, name)
        .message(2, new ProtobufWriter().message(4, sequence.finish()).finish())
        .finish(),
    );
  }

  /** Returns the names of the outputs. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: { outputs?: readonly string[]; domain?: string } = {},
  ): string[] {
    const outputs = options.outputs ?? [`${this.#prefix}${this.#count++}`];
    const writer = new ProtobufWriter();
    for (const name of inputs) writer.string(1, name);
    for (const name of outputs) writer.string(2, name);
    writer.string(4, opType);
    for (const [name, value] of Object.entries(attributes))
      writer.message(5, attribute(name, value));
    if (options.domain !== undefined) writer.string(7, options.domain);
    this.#nodes.push(writer.finish());
    return [...outputs];
  }

  /** `node` with one output. */
  op(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.node(opType, inputs, attributes)[0]!;
  }

  floats(values: ArrayLike<number>, dims: readonly number[]): string {
    return this.#constant(
      FLOAT32,
      dims,
      new Uint8Array(Float32Array.from(values).buffer),
    );
  }

  ints(values: readonly number[], dims: readonly number[]): string {
    return this.#constant(
      INT64,
      dims,
      new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer),
    );
  }

  bool(value: boolean): string {
    return this.#constant(BOOL, [], Uint8Array.of(value ? 1 : 0));
  }

  /** A tensor whose bytes are said to lie in another file. */
  externalFloats(location: string, dims: readonly number[]): string {
    const name = `c${this.#prefix}${this.#count++}`;
    const writer = new ProtobufWriter();
    for (const dim of dims) writer.varint(1, dim);
    writer
      .varint(2, FLOAT32)
      .string(8, name)
      .message(
        13,
        new ProtobufWriter().string(1, "location").string(2, location).finish(),
      )
      .varint(14, 1);
    this.#initializers.push(writer.finish());
    return name;
  }

  encode(): Uint8Array {
    const writer = new ProtobufWriter().string(2, "graph");
    for (const node of this.#nodes) writer.message(1, node);
    for (const tensor of this.#initializers) writer.message(5, tensor);
    for (const value of this.#inputs) writer.message(11, value);
    for (const value of this.#outputs) writer.message(12, value);
    return writer.finish();
  }

  /** The whole file. */
  build(metadata: Readonly<Record<string, string>> = {}): Uint8Array {
    const writer = new ProtobufWriter()
      .varint(1, 8)
      .string(2, "fusewire-test")
      .message(7, this.encode())
      .message(8, new ProtobufWriter().string(1, "").varint(2, 17).finish())
      .message(
        8,
        new ProtobufWriter().string(1, "ai.onnx.ml").varint(2, 3).finish(),
      );
    for (const [key, value] of Object.entries(metadata))
      writer.message(
        14,
        new ProtobufWriter().string(1, key).string(2, value).finish(),
      );
    return writer.finish();
  }

  #constant(
    type: ElementType,
    dims: readonly number[],
    raw: Uint8Array,
  ): string {
    const name = `c${this.#prefix}${this.#count++}`;
    const writer = new ProtobufWriter();
    for (const dim of dims) writer.varint(1, dim);
    writer.varint(2, type).string(8, name).message(9, raw);
    this.#initializers.push(writer.finish());
    return name;
  }
}

const tensorType = (
  type: ElementType,
  shape: readonly (number | string)[],
): Uint8Array => {
  const dims = new ProtobufWriter();
  for (const dim of shape)
    dims.message(
      1,
      typeof dim === "number"
        ? new ProtobufWriter().varint(1, dim).finish()
        : new ProtobufWriter().string(2, dim).finish(),
    );
  return new ProtobufWriter()
    .message(
      1,
      new ProtobufWriter().varint(1, type).message(2, dims.finish()).finish(),
    )
    .finish();
};

const valueInfo = (
  name: string,
  type: ElementType,
  shape: readonly (number | string)[],
): Uint8Array =>
  new ProtobufWriter()
    .string(1, name)
    .message(2, tensorType(type, shape))
    .finish();

const attribute = (name: string, value: AttributeValue): Uint8Array => {
  const writer = new ProtobufWriter().string(1, name);
  if (value instanceof GraphBuilder)
    return writer.message(6, value.encode()).varint(20, 5).finish();
  if (value instanceof Float32Array) {
    for (const item of value) writer.float(7, item);
    return writer.varint(20, 6).finish();
  }
  if (typeof value === "string")
    return writer.string(4, value).varint(20, 3).finish();
  if (typeof value === "number")
    return writer.varint(3, value).varint(20, 2).finish();
  if ("float" in value)
    return writer.float(2, value.float).varint(20, 1).finish();
  if (typeof value[0] === "string") {
    for (const item of value) writer.string(9, String(item));
    return writer.varint(20, 8).finish();
  }
  for (const item of value) writer.varint(8, Number(item));
  return writer.varint(20, 7).finish();
};
