/** Finds the models under a folder. Each file is read once: the bytes that are hashed are the bytes that are served. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import {
  constantFault,
  constantsText,
} from "../engine/domain/feature-constants.ts";
import type { FeatureContract } from "../engine/domain/feature-constants.ts";
import type { InputWindow } from "../engine/domain/input-window.ts";
import { CodedError, toCodedError } from "../engine/std/errors.ts";
import type { ErrorBody } from "../engine/std/errors.ts";
import { onnxSpecOf } from "./families.ts";
import { parseManifest, sha256Hex } from "./manifest.ts";
import type { Manifest, ManifestInput } from "./manifest.ts";
import { checkGguf, readModel, readSmallFile } from "./model-file.ts";
import { checkShape } from "./model-spec.ts";
import { readOnnx } from "./onnx-file.ts";

export interface ModelEntry {
  readonly manifest: Manifest;
  /** Absolute or relative as the registry was asked for it. */
  readonly directory: string;
  /** The model file, in memory that threads can share; undefined for a GGUF, which its own process maps from `path`. */
  readonly bytes: Uint8Array<SharedArrayBuffer> | undefined;
  readonly path: string;
  readonly tokenizerJson: string | undefined;
}

export interface ModelRefusal {
  /** Folder of the manifest, relative to the registry's. */
  readonly directory: string;
  /** Undefined when the manifest itself could not be read. */
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly error: ErrorBody;
  /** For the operator's eyes: may quote the manifest. */
  readonly detail: string;
}

export interface Registry {
  /** By name; of several good versions the highest. */
  readonly entries: readonly ModelEntry[];
  readonly refusals: readonly ModelRefusal[];
  /** Good, but a higher version of the same name is served. */
  readonly superseded: readonly ModelEntry[];
}

export interface RegistryOptions {
  /** The engine's own feature sets; a model trained on others, or without the constants of its set, is refused. Unchecked when absent. */
  readonly featureSets?: readonly FeatureContract[];
  /** The engine's own input windows; a model of one of their names is of that one, or refused. Unchecked when absent. */
  readonly windows?: readonly InputWindow[];
  readonly modelBytesMax?: number;
}

const DEPTH_MAX = 6;
const FOLDERS_MAX = 2_000;
const MODELS_MAX = 64;
const MANIFEST_BYTES_MAX = 4 << 20;
const TOKENIZER_BYTES_MAX = 64 << 20;
/** What one ONNX file may take in memory; larger models belong in a GGUF, which is mapped. */
const MODEL_BYTES_MAX = 2_000_000_000;

/** Never throws for a bad model: it is refused, and the others are served. A folder that is not there holds no models. */
export const loadRegistry = (
  root: string,
  options: RegistryOptions = {},
): Registry => {
  const good: ModelEntry[] = [];
  const refusals: ModelRefusal[] = [];
  for (const directory of findManifests(root)) {
    let manifest: Manifest | undefined;
    try {
      if (good.length >= MODELS_MAX)
        throw new CodedError("E_MODEL_CONTRACT", {
          detail: `more than ${MODELS_MAX} models`,
        });
      manifest = parseManifest(
        readSmallFile(
          join(directory, "manifest.json"),
          MANIFEST_BYTES_MAX,
        ).toString("utf8"),
      );
      good.push(loadEntry(directory, manifest, options));
    } catch (error) {
      const coded = toCodedError(error);
      refusals.push({
        directory: relative(root, directory),
        name: manifest?.name,
        version: manifest?.version,
        error: coded.body(),
        detail: coded.message,
      });
    }
  }
  good.sort(
    (a, b) =>
      compareText(a.manifest.name, b.manifest.name) ||
      compareVersions(b.manifest.version, a.manifest.version),
  );
  const entries: ModelEntry[] = [];
  const superseded: ModelEntry[] = [];
  for (const entry of good) {
    const isLower = entries.at(-1)?.manifest.name === entry.manifest.name;
    (isLower ? superseded : entries).push(entry);
  }
  return { entries, refusals, superseded };
};

/** Sorted, so that the same folder gives the same registry on every machine. Links are not followed. */
const findManifests = (root: string): string[] => {
  const found: string[] = [];
  let visited = 0;
  const walk = (directory: string, depth: number): void => {
    if (++visited > FOLDERS_MAX) return;
    let names;
    try {
      names = readdirSync(directory, { withFileTypes: true });
    } catch {
      return;
    }
    names.sort((a, b) => compareText(a.name, b.name));
    for (const item of names) {
      if (item.isFile() && item.name === "manifest.json") found.push(directory);
      else if (
        item.isDirectory() &&
        depth < DEPTH_MAX &&
        !item.name.startsWith(".") &&
        item.name !== "node_modules"
      )
        walk(join(directory, item.name), depth + 1);
    }
  };
  walk(root, 0);
  return found;
};

const loadEntry = (
  directory: string,
  manifest: Manifest,
  options: RegistryOptions,
): ModelEntry => {
  const { input, family } = manifest;
  if (input.kind === "features" && options.featureSets !== undefined)
    checkFeatures(input, options.featureSets);
  if (input.kind === "bars") checkWindow(input.window, options.windows ?? []);
  const path = join(directory, manifest.file);
  const tokenizerJson =
    input.kind === "text" && input.tokenizer !== undefined
      ? readSmallFile(
          join(directory, input.tokenizer),
          TOKENIZER_BYTES_MAX,
        ).toString("utf8")
      : undefined;
  if (family === "llama") {
    checkGguf(path, manifest);
    return { manifest, directory, bytes: undefined, path, tokenizerJson };
  }
  const bytes = readModel(
    path,
    manifest,
    options.modelBytesMax ?? MODEL_BYTES_MAX,
  );
  checkOnnx(bytes, manifest);
  // Made as a lane makes it, which would refuse it as well: only what can be served is listed as such.
  onnxSpecOf(manifest, () => []);
  return { manifest, directory, bytes, path, tokenizerJson };
};

const checkFeatures = (
  input: Extract<ManifestInput, { kind: "features" }>,
  sets: readonly FeatureContract[],
): void => {
  const refuse = (field: string, detail: string): never => {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: `manifest.input.${field}`,
      detail,
    });
  };
  const set = sets.find(({ name }) => name === input.schema);
  if (set === undefined)
    return refuse("schemaHash", `no feature schema "${input.schema}"`);
  if (set.hash !== input.schemaHash)
    refuse("schemaHash", "trained on another feature schema");
  const fault = constantFault(set.constants, input.constants);
  if (fault !== undefined) refuse(`constants.${fault.name}`, fault.detail);
  const text = constantsText(set, input.constants);
  if (
    input.constantsHash !== undefined &&
    input.constantsHash !== sha256Hex(Buffer.from(text))
  )
    refuse("constantsHash", "is of other constants");
};

/** One that a manifest states itself is served as it states it: its hash says that it was exported so. */
const checkWindow = (
  { name, hash }: InputWindow,
  windows: readonly InputWindow[],
): void => {
  const own = windows.find((window) => window.name === name);
  if (own !== undefined && own.hash !== hash)
    throw new CodedError("E_MODEL_CONTRACT", {
      field: "manifest.input.windowHash",
      detail: `not the engine's "${name}"`,
    });
};

/** What can be known without a session: names, types, fixed dimensions, and that all weights are inside. */
const checkOnnx = (bytes: Uint8Array, manifest: Manifest): void => {
  const file = readOnnx(bytes);
  const refuse = (detail: string): never => {
    throw new CodedError("E_MODEL_CONTRACT", {
      detail: `${manifest.file}: ${detail}`,
    });
  };
  if (file.hasExternalData) refuse("weights outside the file");
  for (const kind of ["inputs", "outputs"] as const)
    for (const wanted of manifest[kind]) {
      const given = file[kind].find(({ name }) => name === wanted.name);
      if (given === undefined) {
        refuse(`no ${kind.slice(0, -1)} "${wanted.name}"`);
        continue;
      }
      if (given.dtype === "sequence")
        refuse(
          `output "${wanted.name}" is a sequence of maps: export it with zipmap=False`,
        );
      if (given.dtype !== "unknown" && given.dtype !== wanted.dtype)
        refuse(`"${wanted.name}" is ${given.dtype}, not ${wanted.dtype}`);
      checkShape(`${manifest.file}: "${wanted.name}"`, wanted, given);
    }
  for (const { name } of file.inputs)
    if (!manifest.inputs.some((wanted) => wanted.name === name))
      refuse(`input "${name}" is not in the manifest`);
};

const compareText = (a: string, b: string): number =>
  a < b ? -1 : a > b ? 1 : 0;

/** Numbers as numbers: 10 is higher than 9. */
const compareVersions = (a: string, b: string): number => {
  const left = a.split(/[.-]/);
  const right = b.split(/[.-]/);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const x = left[i] ?? "";
    const y = right[i] ?? "";
    const numeric = Number(x) - Number(y);
    const order =
      Number.isFinite(numeric) && x !== "" && y !== ""
        ? numeric
        : compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
};
