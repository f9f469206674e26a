import { bigWorkflow } from "../shared/workflow/bigWorkflow.ts";
import { lintWorkflow } from "../shared/workflow/parseWorkflow.ts";
import type { Measurement } from "./measure.ts";

/** The linter, as it runs on every keystroke pause, push and event. */
export function lint(): Promise<Measurement[]> {
  const layers = Array.from(
    { length: 12 },
    (_, i) =>
      `k${i}: &k${i} [${Array(9)
        .fill(i === 0 ? "x" : `*k${i - 1}`)
        .join()}]`,
  ).join("\n");
  return Promise.resolve([
    { name: "lint of 1,000 steps", unit: "ms", samples: samplesOf(bigWorkflow(1000)), target: 50 },
    { name: "lint of 10 steps", unit: "ms", samples: samplesOf(bigWorkflow(10)), target: 5 },
    { name: "refusal of aliases that multiply", unit: "ms", samples: samplesOf(layers), target: 500 },
    { name: "refusal of 5 MB", unit: "ms", samples: samplesOf("x".repeat(5_000_000)), target: 5 },
  ]);
}

function samplesOf(text: string): number[] {
  return Array.from({ length: 60 }, () => {
    const startedAt = performance.now();
    lintWorkflow(text, { path: "w.yaml" });
    return performance.now() - startedAt;
  }).slice(10);
}
