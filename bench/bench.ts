import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { execution } from "./execution.ts";
import { firstPage } from "./firstPage.ts";
import { toTable, type Benchmark } from "./measure.ts";
import { history } from "./history.ts";
import { lint } from "./lint.ts";
import { localRun } from "./localRun.ts";
import { previewReact, previewSolid, previewVanilla } from "./preview.ts";
import { realtime } from "./realtime.ts";
import { keepResults } from "./resultsFile.ts";
import { runtimeAlone } from "./runtimeAlone.ts";
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
  previewVanilla,
  previewSolid,
  previewReact,
  runtimeAlone,
  lint,
  runLog,
  history,
  localRun,
};
const results = join(import.meta.dirname, "results");
const [cpu] = cpus();
const machine = `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${process.platform}`;

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (name in benchmarks) continue;
  console.error(`There is no benchmark ${name}; there are ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}
for (const [group, benchmark] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(group)) continue;
  console.log(`\n${group}`);
  const measurements = await benchmark();
  console.log(toTable(measurements));
  const measuredAt = new Date().toISOString().slice(0, 10);
  // After each, so that one that fails does not take the others' figures with it.
  await keepResults(results, Object.keys(benchmarks), [{ group, measuredAt, machine, measurements }]);
}
