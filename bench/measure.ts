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

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);

/** The table as Markdown. */
export function toTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map(({ name, unit, samples, target, floor, reference, note }) => {
    const middle = median(samples);
    return [
      name,
      `${digits(middle)} ${unit}`,
      digits(quantile(samples, 0.95)),
      String(samples.length),
      target !== undefined
        ? `${middle < target ? "✓" : "✗"} < ${target} ${unit}`
        : floor !== undefined
          ? `${middle >= floor ? "✓" : "✗"} ≥ ${floor} ${unit}`
          : "",
      reference === undefined ? "" : `${digits(median(reference.samples))} ${unit} (${reference.name})`,
      reference === undefined ? "" : digits(middle / median(reference.samples)),
      note ?? "",
    ];
  });
  const head = ["what", "median", "p95", "n", "target", "reference", "ratio", "note"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
