/** The page's files, read once into memory: a path that is not in the map does not exist, so nothing can be traversed. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";

export interface PageFile {
  readonly body: Uint8Array;
  readonly type: string;
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** By URL path; empty where the page was not built. */
export const loadPages = (folder: URL): ReadonlyMap<string, PageFile> => {
  const files = new Map<string, PageFile>();
  for (const name of namesIn(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(new URL(name, folder));
    const digest = createHash("sha256").update(body).digest("base64url");
    const file = { body, type, etag: `"${digest.slice(0, 22)}"` };
    files.set(`/${name}`, file);
    if (name === "index.html") files.set("/", file);
  }
  return files;
};

const namesIn = (folder: URL): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  } catch {
    return [];
  }
};
