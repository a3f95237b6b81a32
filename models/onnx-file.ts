/** What we need of an ONNX file: nodes, attributes, inputs, outputs, metadata, and whether its weights lie outside it. */
import { CodedError } from "../engine/std/errors.ts";
import { ProtobufReader } from "./protobuf-reader.ts";

export interface OnnxAttribute {
  readonly name: string;
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
}

export interface OnnxNode {
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** dtype as onnxruntime names it; "sequence" or "unknown" for what is no tensor. A dynamic dimension is its name or "". */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
}

export interface OnnxFile {
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly nodes: readonly OnnxNode[];
  /** Without those that are initializers. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: ReadonlySet<string>;
  /** Some tensor asks for bytes outside the file, at any depth. */
  readonly hasExternalData: boolean;
}

/** Subgraphs inside subgraphs: real exports stay below 4. */
const SUBGRAPH_DEPTH_MAX = 16;

const DTYPES: Readonly<Record<number, string>> = {
  1: "float32",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  10: "float16",
  11: "float64",
};

const EXTERNAL = 1;

interface Draft {
  nodes: OnnxNode[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  initializers: Set<string>;
  hasExternalData: boolean;
}

/** Throws E_MODEL_CONTRACT for bytes that are no ONNX model. */
export const readOnnx = (bytes: Uint8Array): OnnxFile => {
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let draft: Draft | undefined;
  const reader = new ProtobufReader(bytes);
  while (reader.next()) {
    if (reader.field === 7) draft = readGraph(reader.message(), 0);
    else if (reader.field === 8) {
      const [domain, version] = readOpset(reader.message());
      opsets.set(domain, version);
    } else if (reader.field === 14) {
      const [key, value] = readProperty(reader.message());
      metadata.set(key, value);
    } else reader.skip();
  }
  if (draft === undefined || opsets.size === 0)
    throw new CodedError("E_MODEL_CONTRACT", { detail: "not an ONNX model" });
  const { initializers } = draft;
  return {
    opsets,
    metadata,
    ...draft,
    inputs: draft.inputs.filter(({ name }) => !initializers.has(name)),
  };
};

const readOpset = (reader: ProtobufReader): [string, number] => {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.string();
    else if (reader.field === 2) version = reader.varint();
    else reader.skip();
  }
  return [domain, version];
};

const readProperty = (reader: ProtobufReader): [string, string] => {
  let key = "";
  let value = "";
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = reader.string();
    else reader.skip();
  }
  return [key, value];
};

const readGraph = (reader: ProtobufReader, depth: number): Draft => {
  if (depth > SUBGRAPH_DEPTH_MAX)
    throw new CodedError("E_MODEL_CONTRACT", {
      detail: "subgraphs nested too deep",
    });
  const draft: Draft = {
    nodes: [],
    inputs: [],
    outputs: [],
    initializers: new Set(),
    hasExternalData: false,
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        draft.nodes.push(readNode(reader.message(), draft, depth));
        break;
      case 5:
        draft.initializers.add(readTensor(reader.message(), draft));
        break;
      case 11:
        draft.inputs.push(readValue(reader.message()));
        break;
      case 12:
        draft.outputs.push(readValue(reader.message()));
        break;
      case 15: // sparse: values and indices are tensors of their own
        readSparseTensor(reader.message(), draft);
        break;
      default:
        reader.skip();
    }
  }
  return draft;
};

const readNode = (
  reader: ProtobufReader,
  draft: Draft,
  depth: number,
): OnnxNode => {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let opType = "";
  let domain = "";
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        inputs.push(reader.string());
        break;
      case 2:
        outputs.push(reader.string());
        break;
      case 4:
        opType = reader.string();
        break;
      case 5: {
        const attribute = readAttribute(reader.message(), draft, depth);
        attributes.set(attribute.name, attribute);
        break;
      }
      case 7:
        domain = reader.string();
        break;
      default:
        reader.skip();
    }
  }
  return { opType, domain, inputs, outputs, attributes };
};

const readAttribute = (
  reader: ProtobufReader,
  draft: Draft,
  depth: number,
): OnnxAttribute => {
  let name = "";
  let int = 0;
  let float = 0;
  let string = "";
  const ints: number[] = [];
  const floats: number[] = [];
  const strings: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        name = reader.string();
        break;
      case 2:
        float = reader.float();
        break;
      case 3:
        int = reader.varint();
        break;
      case 4:
        string = reader.string();
        break;
      case 5:
      case 10:
        readTensor(reader.message(), draft);
        break;
      case 6:
      case 11:
        if (readGraph(reader.message(), depth + 1).hasExternalData)
          draft.hasExternalData = true;
        break;
      case 7:
        reader.floats(floats);
        break;
      case 8:
        reader.varints(ints);
        break;
      case 9:
        strings.push(reader.string());
        break;
      case 22:
      case 23:
        readSparseTensor(reader.message(), draft);
        break;
      default:
        reader.skip();
    }
  }
  return { name, int, float, string, ints, floats, strings };
};

/** The name; the values stay where they are. */
const readTensor = (reader: ProtobufReader, draft: Draft): string => {
  let name = "";
  while (reader.next()) {
    if (reader.field === 8) name = reader.string();
    else if (reader.field === 14) {
      if (reader.varint() === EXTERNAL) draft.hasExternalData = true;
    } else if (reader.field === 13) {
      draft.hasExternalData = true;
      reader.skip();
    } else reader.skip();
  }
  return name;
};

const readSparseTensor = (reader: ProtobufReader, draft: Draft): void => {
  while (reader.next()) {
    if (reader.field === 1)
      draft.initializers.add(readTensor(reader.message(), draft));
    else if (reader.field === 2) readTensor(reader.message(), draft);
    else reader.skip();
  }
};

const readValue = (reader: ProtobufReader): OnnxValue => {
  let name = "";
  let type: Pick<OnnxValue, "dtype" | "shape"> = {
    dtype: "unknown",
    shape: [],
  };
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) type = readType(reader.message());
    else reader.skip();
  }
  return { name, ...type };
};

const readType = (
  reader: ProtobufReader,
): Pick<OnnxValue, "dtype" | "shape"> => {
  let dtype = "unknown";
  let shape: (number | string)[] = [];
  while (reader.next()) {
    if (reader.field === 1) {
      const tensor = reader.message();
      while (tensor.next()) {
        if (tensor.field === 1) dtype = DTYPES[tensor.varint()] ?? "unknown";
        else if (tensor.field === 2) shape = readShape(tensor.message());
        else tensor.skip();
      }
    } else {
      if (reader.field === 4 || reader.field === 5) dtype = "sequence";
      reader.skip();
    }
  }
  return { dtype, shape };
};

const readShape = (reader: ProtobufReader): (number | string)[] => {
  const shape: (number | string)[] = [];
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    let dim: number | string = "";
    const dimension = reader.message();
    while (dimension.next()) {
      if (dimension.field === 1) dim = dimension.varint();
      else if (dimension.field === 2) dim = dimension.string();
      else dimension.skip();
    }
    shape.push(dim);
  }
  return shape;
};
