/** Model files from disk: opened without following links, bounded, and compared with what their manifest says. */
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { CodedError } from "../engine/std/errors.ts";
import { sha256Hex } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

const LFS_POINTER = "version https://git-lfs.github.com/spec/";

const withFile = <T>(path: string, use: (fd: number, size: number) => T): T => {
  let fd: number;
  try {
    // A link could lead outside the folder, or change between the check and the use.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw new CodedError("E_MODEL_CONTRACT", {
      detail: `cannot open ${path}`,
      cause,
    });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile())
      throw new CodedError("E_MODEL_CONTRACT", { detail: `no file: ${path}` });
    return use(fd, stat.size);
  } finally {
    closeSync(fd);
  }
};

export const readSmallFile = (path: string, bytesMax: number): Buffer =>
  withFile(path, (fd, size) => {
    if (size > bytesMax)
      throw new CodedError("E_MODEL_CONTRACT", {
        detail: `${path} is larger than ${bytesMax} bytes`,
      });
    const buffer = Buffer.alloc(size);
    return buffer.subarray(0, fill(fd, buffer));
  });

const fill = (fd: number, into: Uint8Array): number => {
  let at = 0;
  while (at < into.byteLength) {
    const read = readSync(fd, into, at, into.byteLength - at, null);
    if (read === 0) break;
    at += read;
  }
  return at;
};

const checkSize = (fd: number, size: number, manifest: Manifest): void => {
  if (size === manifest.bytes) return;
  const head = Buffer.alloc(64);
  readSync(fd, head, 0, head.byteLength, 0);
  throw new CodedError("E_MODEL_HASH", {
    detail: head.toString("latin1").startsWith(LFS_POINTER)
      ? `${manifest.file} is a git-lfs pointer, not the model: run git lfs pull`
      : `${manifest.file} has ${size} bytes, its manifest says ${manifest.bytes}`,
  });
};

const checkHash = (hex: string, manifest: Manifest): void => {
  if (hex !== manifest.sha256)
    throw new CodedError("E_MODEL_HASH", {
      detail: `${manifest.file} has sha256 ${hex}`,
    });
};

export const readModel = (
  path: string,
  manifest: Manifest,
  bytesMax: number,
): Uint8Array<SharedArrayBuffer> =>
  withFile(path, (fd, size) => {
    if (size > bytesMax)
      throw new CodedError("E_MODEL_CONTRACT", {
        detail: `${manifest.file} is larger than ${bytesMax} bytes`,
      });
    checkSize(fd, size, manifest);
    const bytes = new Uint8Array(new SharedArrayBuffer(size));
    if (fill(fd, bytes) !== size)
      throw new CodedError("E_MODEL_HASH", { detail: "the file has shrunk" });
    checkHash(sha256Hex(bytes), manifest);
    return bytes;
  });

/** Gigabytes: hashed in pieces. node-llama-cpp opens it by path, so its folder must not be writable by others. */
export const checkGguf = (path: string, manifest: Manifest): void => {
  withFile(path, (fd, size) => {
    checkSize(fd, size, manifest);
    checkHash(hashGguf(fd, path), manifest);
  });
};

export const measureGguf = (
  path: string,
): { readonly bytes: number; readonly sha256: string } =>
  withFile(path, (fd, size) => ({ bytes: size, sha256: hashGguf(fd, path) }));

const hashGguf = (fd: number, path: string): string => {
  const hash = createHash("sha256");
  const chunk = Buffer.alloc(1 << 20);
  let isFirst = true;
  for (;;) {
    const length = fill(fd, chunk);
    if (isFirst && chunk.toString("latin1", 0, Math.min(4, length)) !== "GGUF")
      throw new CodedError("E_MODEL_CONTRACT", {
        detail: `${path} is no GGUF file`,
      });
    isFirst = false;
    hash.update(chunk.subarray(0, length));
    if (length < chunk.byteLength) return hash.digest("hex");
  }
};
