/** Finds a server's binary; on a bare machine where it may, it installs the package once. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LOCK = join(tmpdir(), "fusewire-apt.lock");
const INSTALL_MS = 240_000;

/** An absolute path; throws with what to do when there is none. */
export const serverBinary = async (
  command: string,
  aptPackage: string,
): Promise<string> => {
  const found = find(command);
  if (found !== undefined) return found;
  const root = process.getuid?.() === 0;
  if (root && find("apt-get") !== undefined) {
    // Test files run side by side: one installs, the others wait.
    const until = Date.now() + INSTALL_MS;
    while (!tryLock() && Date.now() < until) await sleep(500);
    try {
      if (find(command) === undefined) install(aptPackage);
    } finally {
      unlock();
    }
    const installed = find(command);
    if (installed !== undefined) return installed;
  }
  throw new Error(
    `${command} is needed for this test and is not on PATH: install it (Debian: apt-get install ${aptPackage})`,
  );
};

const find = (command: string): string | undefined =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path));

const install = (aptPackage: string): void => {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    spawnSync("apt-get", args, { env, timeout: INSTALL_MS });
  apt("update", "-qq");
  apt("install", "-y", "-qq", "--no-install-recommends", aptPackage);
};

const tryLock = (): boolean => {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    return false;
  }
};

const unlock = (): void => {
  try {
    rmdirSync(LOCK);
  } catch {
    // Whoever waited too long may have removed it.
  }
};
