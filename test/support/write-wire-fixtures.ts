/** Writes test/fixtures/wire anew: `npm run build && node dist/test/support/write-wire-fixtures.js`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { WIRE_SAMPLES } from "./wire-samples.ts";

const folder = "test/fixtures/wire";
mkdirSync(folder, { recursive: true });
const index: Record<string, { subject: string; direction: string }> = {};
for (const [name, sample] of Object.entries(WIRE_SAMPLES)) {
  index[name] = { subject: sample.subject, direction: sample.direction };
  const json: unknown = JSON.parse(
    Buffer.from(sample.encode("json")).toString(),
  );
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(json, null, 2)}\n`);
  writeFileSync(`${folder}/${name}.msgpack`, sample.encode("msgpack"));
}
writeFileSync(`${folder}/index.json`, `${JSON.stringify(index, null, 2)}\n`);
