import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { execution } from "./execution.ts";
import { firstPage } from "./firstPage.ts";
import { toTable, type Benchmark, type Measurement } from "./measure.ts";
import { history } from "./history.ts";
import { lint } from "./lint.ts";
import { preview } from "./preview.ts";
import { realtime } from "./realtime.ts";
import { runLog } from "./runLog.ts";
import { runs } from "./runs.ts";
import { sandbox } from "./sandbox.ts";
import { stackStart } from "./stackStart.ts";

/**
 * `npm run bench [name …]` measures and rewrites `bench/results/`. With names, only those groups are measured and the
 * other groups keep their rows. Run it on a machine that does nothing else.
 */
const benchmarks: Record<string, Benchmark> = {
  stackStart,
  firstPage,
  sandbox,
  runs,
  execution,
  realtime,
  preview,
  lint,
  runLog,
  history,
};
const results = join(import.meta.dirname, "results");

interface Results {
  [group: string]: { measuredAt: string; measurements: Measurement[] };
}

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (name in benchmarks) continue;
  console.error(`There is no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}
await mkdir(results, { recursive: true });
const file = join(results, "results.json");
const kept = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as Results;
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}`);
  const measurements = await benchmark();
  kept[name] = { measuredAt: new Date().toISOString(), measurements };
  console.log(toTable(measurements));
}
await writeFile(file, `${JSON.stringify(kept, null, 1)}\n`);
const [cpu] = cpus();
const head = [
  "# Benchmark results",
  "",
  `Made by \`npm run bench\` on ${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${process.platform}.`,
  "Medians; a ratio is against the reference in the same run. Absolute times of another machine differ, ratios less.",
];
const sections = Object.entries(kept).map(
  ([name, { measuredAt, measurements }]) =>
    `## ${name}\n\n${measuredAt.slice(0, 10)}\n\n${toTable(measurements)}`,
);
await writeFile(join(results, "README.md"), `${[head.join("\n"), ...sections].join("\n\n")}\n`);
