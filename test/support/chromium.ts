/** A real browser for tests: the one on PATH, installed from the distribution where the tests run as root. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { chromium, type BrowserContext } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const onPath = (): string | undefined => {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of NAMES) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  return undefined;
};

const install = (): void => {
  if (process.getuid?.() !== 0)
    throw new Error(`none of ${NAMES.join(", ")} is on PATH: install one`);
  execFileSync("apt-get", ["update"], { stdio: "ignore" });
  execFileSync("apt-get", ["install", "--yes", "chromium"], {
    stdio: "ignore",
  });
};

/** A headless browser with an empty profile; close it after the test. */
export const openBrowser = async (viewport: {
  readonly width: number;
  readonly height: number;
}): Promise<BrowserContext> => {
  if (onPath() === undefined) install();
  const executablePath = onPath();
  if (executablePath === undefined) throw new Error("chromium is missing");
  const profile = mkdtempSync(join(tmpdir(), "fusewire-chromium-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: ARGS,
    viewport: { ...viewport },
  });
  browser.on("close", () => {
    try {
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // Its last process may still be writing; the system clears what is left.
    }
  });
  return browser;
};
