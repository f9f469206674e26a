import { expect, it } from "vitest";
import { lintWorkflow } from "./parseWorkflow.ts";

const times = (count: number, make: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => make(i)).join("");
const step = (id: string, more: string): string =>
  `  - { step_id: ${id}, type: command, command: x${more} }\n`;

/** The bound is the test's own deadline; `npm run bench lint` measures. Files near the size limit whose every part is well-formed YAML and costs the most that it can to check. */
it.each<[string, string, string]>([
  [
    "schedules that never fire",
    `name: x\ntriggers:\n${times(20_000, () => '  - { type: cron, cron: "0 0 31 2 *" }\n')}steps:\n${step("a", "")}`,
    "bad_value",
  ],
  [
    "needs that name nothing",
    `name: x\nsteps:\n${times(2000, (i) => step(`step${i}`, `, needs: [${times(50, (j) => `stop${j}, `)}]`))}`,
    "unknown_step",
  ],
  [
    "a dense graph",
    `name: x\nsteps:\n${times(400, (i) => step(`s${i}x`, `, needs: [${times(i, (j) => `s${j}x, `)}]`))}`,
    "",
  ],
  [
    "wrong expressions",
    `name: x\nsteps:\n${times(2000, (i) => step(`s${i}x`, `, env: { A: "${times(20, (j) => `\${{ steps.z${i}.a${j} }}`)}" }`))}`,
    "bad_expression",
  ],
  [
    "inputs without end",
    `name: x\ninputs:\n${times(30_000, (i) => `  i${i}: { type: string }\n`)}steps:\n${step("a", "")}`,
    "bad_value",
  ],
  [
    "a name of half a megabyte",
    `name: x\n${"k".repeat(500_000)}: 1\nsteps:\n${step("a", "")}`,
    "unknown_key",
  ],
  [
    "an expression of half a megabyte",
    `name: x\nsteps:\n${step("a", `, if: "${"(".repeat(250_000)}true${")".repeat(250_000)}"`)}`,
    "bad_expression",
  ],
  [
    "a long cron",
    `name: x\ntriggers: [{ type: cron, cron: "${"1,".repeat(200_000)}1 * * * *" }]\nsteps:\n${step("a", "")}`,
    "",
  ],
])("W2 %s: answered in bounded time", (_, text, code) => {
  expect(text.length).toBeLessThan(1_000_000);
  const problems = lintWorkflow(text, { path: "w.yaml" });
  expect(problems.length).toBeLessThanOrEqual(200);
  if (code !== "") expect(problems.map((problem) => problem.code)).toContain(code);
});
