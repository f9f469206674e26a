/** One row of the table: what was measured, in which unit, and what it is held against. */
export interface Measurement {
  name: string;
  unit: "ms" | "kB" | "ratio" | "MB" | "1/s" | "%";
  samples: number[];
  /** Upper bound that the median must stay under. */
  target?: number;
  /** Lower bound that the median must reach. */
  floor?: number;
  /** The same thing done the plain way, measured in the same run. */
  reference?: { name: string; samples: number[] };
  note?: string;
}

/** Runs one group of measurements. */
export type Benchmark = () => Promise<Measurement[]>;

/** The value below which `share` (0 to 1) of the samples lie, by nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new Error("No samples");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Samples of `count` runs in a row, after `warmup` that do not count. */
export async function repeat(
  count: number,
  work: (index: number) => Promise<number>,
  warmup = 1,
): Promise<number[]> {
  for (let index = 0; index < warmup; index += 1) await work(-1 - index);
  const samples: number[] = [];
  for (let index = 0; index < count; index += 1) samples.push(await work(index));
  return samples;
}

/** A measurement without its samples: what is kept between runs, and what a row of the table shows. */
export interface Row {
  name: string;
  unit: Measurement["unit"];
  median: number;
  p95: number;
  /** How many samples the median is of. */
  n: number;
  target?: number | undefined;
  floor?: number | undefined;
  reference?: { name: string; median: number } | undefined;
  note?: string | undefined;
}

/** The row of a measurement. Throws where it has no samples. */
export function toRow({ samples, reference, ...kept }: Measurement): Row {
  return {
    ...kept,
    median: rounded(median(samples)),
    p95: rounded(quantile(samples, 0.95)),
    n: samples.length,
    ...(reference === undefined
      ? {}
      : { reference: { name: reference.name, median: rounded(median(reference.samples)) } }),
  };
}

/** Four digits are more than any of these measurements repeats. */
const rounded = (value: number): number => Number(value.toPrecision(4));

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** The measurements as a table in Markdown. */
export const toTable = (measurements: readonly Measurement[]): string => rowsToTable(measurements.map(toRow));

/** The table as Markdown. */
export function rowsToTable(rows: readonly Row[]): string {
  const lines = rows.map(({ name, unit, median: middle, p95, n, target, floor, reference, note }) => [
    name,
    `${digits(middle)} ${unit}`,
    digits(p95),
    String(n),
    target !== undefined
      ? `${middle < target ? "✓" : "✗"} < ${target} ${unit}`
      : floor !== undefined
        ? `${middle >= floor ? "✓" : "✗"} ≥ ${floor} ${unit}`
        : "",
    reference === undefined ? "" : `${digits(reference.median)} ${unit} (${reference.name})`,
    reference === undefined ? "" : digits(middle / reference.median),
    note ?? "",
  ]);
  const head = ["what", "median", "p95", "n", "target", "reference", "ratio", "note"];
  return [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`).join("\n");
}
