/** Finds the files that a recording is spread over, and puts them in order by what each says of itself. */
import { open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CodedError } from "../std/errors.ts";
import { TAPE_EXTENSION } from "./part-names.ts";
import { damageIn, damaged, findHeader, type TapeInfo } from "./tape-frame.ts";

interface PartFile {
  readonly path: string;
  /** Undefined for a file that its recorder began and wrote nothing to. */
  readonly info: TapeInfo | undefined;
}

/** The one recording in a folder. E_TAPE_PART where there are several, or a part is missing. */
export const partsIn = async (folder: string): Promise<string[]> => {
  const files = await filesIn(folder);
  const begun = files.filter(({ info }) => info !== undefined);
  if (begun.length === 0) throw damaged(`no tape in ${folder}`);
  const first = begun[0]!;
  const other = begun.find(
    ({ info }) =>
      info!.recording === undefined ||
      info!.recording !== first.info!.recording,
  );
  if (begun.length > 1 && other !== undefined)
    throw new CodedError("E_TAPE_PART", {
      detail: `${folder} holds more than one recording: ${first.path} and ${other.path}`,
    });
  return inOrder(files);
};

/** A tape, and the parts beside it that go on where it ends. */
export const partsFrom = async (path: string): Promise<string[]> => {
  const { info } = await partFile(path);
  if (info?.recording === undefined) return [path];
  const beside = (await filesIn(dirname(path))).filter(
    (file) =>
      file.info?.recording === info.recording &&
      (file.info?.part ?? 0) > (info.part ?? 0),
  );
  return inOrder([{ path, info }, ...beside]);
};

/** Undefined unless all are parts of one recording. */
export const asParts = async (
  paths: readonly string[],
): Promise<string[] | undefined> => {
  const files = await Promise.all(paths.map(partFile));
  const recording = files[0]?.info?.recording;
  return recording !== undefined &&
    files.every(({ info }) => info?.recording === recording)
    ? inOrder(files)
    : undefined;
};

const filesIn = async (folder: string): Promise<PartFile[]> => {
  const names = (await readdir(folder)).filter((name) =>
    name.endsWith(TAPE_EXTENSION),
  );
  const files: PartFile[] = [];
  for (const name of names.sort())
    files.push(await partFile(join(folder, name)));
  return files;
};

const partFile = async (path: string): Promise<PartFile> => {
  const file = await open(path);
  try {
    return { path, info: (await findHeader(file))?.info };
  } catch (error) {
    throw damageIn(path, error);
  } finally {
    await file.close();
  }
};

/** What was begun last and not written to comes last. */
const inOrder = (files: readonly PartFile[]): string[] => {
  const partOf = ({ info }: PartFile): number =>
    info === undefined ? Number.POSITIVE_INFINITY : (info.part ?? 1);
  const sorted = [...files].sort((a, b) =>
    partOf(a) === partOf(b) ? 0 : partOf(a) - partOf(b),
  );
  for (const [i, file] of sorted.entries()) {
    const expected = partOf(sorted[0]!) + i;
    if (file.info !== undefined && partOf(file) !== expected)
      throw new CodedError("E_TAPE_PART", {
        detail: `part ${expected} is not there, ${file.path} is part ${partOf(file)}`,
      });
  }
  return sorted.map(({ path }) => path);
};
