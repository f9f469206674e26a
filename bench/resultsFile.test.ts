import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Measurement } from "./measure.ts";
import { keepResults } from "./resultsFile.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coder-results-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const groups = ["start", "page"];
const measured = (group: string, measurements: Measurement[], machine = "2 cores") => ({
  group,
  measuredAt: "2026-01-02",
  machine,
  measurements,
});
const table = () => readFile(join(directory, "README.md"), "utf8");

test("a run of one group keeps the rows of the others, and its own replace what was there", async () => {
  await keepResults(directory, groups, [
    measured("page", [{ name: "page", unit: "kB", samples: [3, 1, 2], target: 4, note: "gzipped" }]),
    measured("start", [{ name: "cold", unit: "ms", samples: [5] }]),
  ]);
  await keepResults(directory, groups, [
    measured(
      "start",
      [{ name: "warm", unit: "ms", samples: [7], reference: { name: "plain", samples: [14] } }],
      "8 cores",
    ),
  ]);
  const text = await table();
  expect(text).toContain("## start\n\n2026-01-02 · 8 cores\n");
  expect(text).toContain("| warm | 7.00 ms | 7.00 | 1 |  | 14.0 ms (plain) | 0.50 |  |");
  expect(text).not.toContain("cold");
  expect(text).toContain("| page | 2.00 kB | 3.00 | 3 | ✓ < 4 kB |  |  | gzipped |");
  expect(text.indexOf("## start")).toBeLessThan(text.indexOf("## page"));
});

test("samples are not kept, and a file that is not understood is not overwritten", async () => {
  await keepResults(directory, groups, [measured("start", [{ name: "a", unit: "ms", samples: [1.23456] }])]);
  const file = join(directory, "results.json");
  const text = await readFile(file, "utf8");
  expect(JSON.parse(text)).toMatchObject({ start: { rows: [{ name: "a", median: 1.235, n: 1 }] } });
  expect(text).not.toContain("samples");
  await writeFile(file, '{"start": 1}\n');
  await expect(keepResults(directory, groups, [])).rejects.toThrow(/results\.json is not a file of results/);
  expect(await readFile(file, "utf8")).toBe('{"start": 1}\n');
});
