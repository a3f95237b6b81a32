/**
 * `npm run screenshots [-- --seconds 120]`: runs the built engine on its simulated market, waits until the page has something to show,
 * and writes docs/images/dashboard.png (1440x900) and dashboard-phone.png (390x844).
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { openBrowser } from "../dist/test/support/chromium.js";

const SHOTS = [
  { name: "dashboard.png", width: 1440, height: 900 },
  { name: "dashboard-phone.png", width: 390, height: 844 },
];

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "120" } },
});

const images = new URL("../docs/images/", import.meta.url);
const stateDir = mkdtempSync(join(tmpdir(), "fusewire-screenshots-"));
const engine = spawn(
  process.execPath,
  [new URL("../dist/engine/cli/fusewire.js", import.meta.url).pathname, "run"],
  {
    env: {
      ...process.env,
      CI: "1",
      FUSEWIRE_HTTP_PORT: "0",
      FUSEWIRE_STATE_DIR: stateDir,
    },
    stdio: ["ignore", "pipe", "inherit"],
  },
);

/** The address that the engine announces. */
const address = async () => {
  for await (const line of createInterface({ input: engine.stdout })) {
    const found = /listens at (http:\S+)/.exec(line);
    if (found !== null) return found[1];
  }
  throw new Error("the engine ended before it listened");
};

/** A symbol with fresh news shows more of the page; where there is none, the round ends at the first symbol again. */
const findNews = async (page) => {
  const symbols = await page.locator("#symbol-rows tr").count();
  for (let i = 0; i < symbols; i++) {
    if ((await page.locator("#sentiment .label").innerText()) !== "no news")
      return;
    await page.keyboard.press("ArrowDown");
    await page.waitForTimeout(2000);
  }
};

try {
  const url = await address();
  engine.stdout.resume();
  mkdirSync(images, { recursive: true });
  console.log(`${url}: collecting ${values.seconds} s of signals`);
  await new Promise((resolve) =>
    setTimeout(resolve, 1000 * Number(values.seconds)),
  );
  for (const { name, width, height } of SHOTS) {
    const browser = await openBrowser({ width, height });
    const page = await browser.newPage();
    await page.goto(url);
    await page.locator("#symbol-rows tr").nth(7).waitFor();
    await page.locator("#bid-rows .price", { hasText: /./ }).first().waitFor();
    await page.locator("#stage-rows tr").first().waitFor();
    // The small lines in the list are drawn from what this page has seen itself.
    await page.waitForTimeout(20_000);
    await findNews(page);
    await page.screenshot({ path: new URL(name, images).pathname });
    await browser.close();
    console.log(`docs/images/${name}`);
  }
} finally {
  engine.kill("SIGTERM");
  await new Promise((resolve) => engine.once("exit", resolve));
  rmSync(stateDir, { recursive: true, force: true });
}
