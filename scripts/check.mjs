/** `npm run check`: types, lint and format side by side (the linter takes as long as the others together), each one's output whole. */
import { spawn } from "node:child_process";

const CHECKS = ["lint", "typecheck", "format:check"];

const run = (script) =>
  new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = [];
    child.stdout.on("data", (chunk) => said.push(chunk));
    child.stderr.on("data", (chunk) => said.push(chunk));
    child.on("close", (status) => {
      process.stdout.write(Buffer.concat(said));
      console.log(`${script}: ${status === 0 ? "ok" : "failed"}`);
      resolve(status === 0);
    });
  });

const passed = await Promise.all(CHECKS.map(run));
if (passed.includes(false)) process.exitCode = 1;
