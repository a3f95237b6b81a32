/** Puts what tsc leaves out beside the page's compiled modules: its HTML, styles and icon, and the chart library in one file. */
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";

const page = new URL("../engine/io/dashboard/page/", import.meta.url);
const dist = new URL("../dist/engine/io/dashboard/", import.meta.url);
const charts = new URL(
  "../node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs",
  import.meta.url,
);

mkdirSync(dist, { recursive: true });
for (const name of readdirSync(page))
  if (/\.(html|css|svg)$/.test(name))
    copyFileSync(new URL(name, page), new URL(name, dist));
copyFileSync(charts, new URL("lightweight-charts.mjs", dist));
