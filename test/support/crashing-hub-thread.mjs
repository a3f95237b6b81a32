/** The hub thread, with a way to make it die: readiness with the reason "crash". */
import { parentPort } from "node:worker_threads";
import "../../dist/engine/io/hub-thread.js";

parentPort.on("message", (message) => {
  if (message.readiness?.reasons.includes("crash")) throw new Error("crash");
});
