import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { rowsToTable, toRow, type Measurement } from "./measure.ts";

const rowSchema = z.strictObject({
  name: z.string(),
  unit: z.enum(["ms", "kB", "ratio", "MB", "1/s", "%"]),
  median: z.number(),
  p95: z.number(),
  n: z.int(),
  target: z.number().optional(),
  floor: z.number().optional(),
  reference: z.strictObject({ name: z.string(), median: z.number() }).optional(),
  note: z.string().optional(),
});
const resultsSchema = z.record(
  z.string(),
  z.strictObject({ measuredAt: z.string(), machine: z.string(), rows: z.array(rowSchema) }),
);

/** By group. It is committed: a run of one group on any machine keeps the rows of the others. */
type Results = z.infer<typeof resultsSchema>;

export interface Measured {
  group: string;
  /** `YYYY-MM-DD` */
  measuredAt: string;
  /** What it was measured on, in words. */
  machine: string;
  measurements: readonly Measurement[];
}

/**
 * Puts groups in place of what `results.json` in `directory` has of them, and writes `README.md` from all of it, in
 * the order of `groups`. Throws where the file is not what was written here: rows are not dropped in silence.
 */
export async function keepResults(
  directory: string,
  groups: readonly string[],
  measured: readonly Measured[],
): Promise<void> {
  const file = join(directory, "results.json");
  const kept = await readResults(file);
  for (const { group, measuredAt, machine, measurements } of measured)
    kept[group] = { measuredAt, machine, rows: measurements.map(toRow) };
  const known = groups.filter((group) => kept[group] !== undefined);
  const order = [...known, ...Object.keys(kept).filter((group) => !groups.includes(group))];
  const ordered: Results = {};
  for (const group of order) if (kept[group] !== undefined) ordered[group] = kept[group];
  await writeFile(file, toJson(ordered));
  await writeFile(join(directory, "README.md"), toReadme(ordered));
}

async function readResults(file: string): Promise<Results> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
  const read = resultsSchema.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  throw new Error(`${file} is not a file of results: ${z.prettifyError(read.error)}`);
}

/** One row a line, so that a difference shows what was measured anew. */
function toJson(results: Results): string {
  const groups = Object.entries(results).map(([group, { rows, ...head }]) => {
    const facts = JSON.stringify(head).slice(1, -1);
    const lines = rows.map((row) => `   ${JSON.stringify(row)}`);
    return ` ${JSON.stringify(group)}: {${facts}, "rows": [\n${lines.join(",\n")}\n ]}`;
  });
  return `{\n${groups.join(",\n")}\n}\n`;
}

function toReadme(results: Results): string {
  const head = [
    "# Benchmark results",
    "",
    "Made by `npm run bench` from `results.json`, which is committed: a run of one group keeps the others.",
    "Medians; a ratio is against the reference in the same run. Absolute times of another machine differ, ratios less.",
  ].join("\n");
  const sections = Object.entries(results).map(
    ([group, { measuredAt, machine, rows }]) =>
      `## ${group}\n\n${measuredAt} · ${machine}\n\n${rowsToTable(rows)}`,
  );
  return `${[head, ...sections].join("\n\n")}\n`;
}
