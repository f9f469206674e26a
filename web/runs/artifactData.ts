import { z } from "zod";
import type { Artifact } from "../../shared/run/events.ts";

/** The `data` of artifacts as the page reads it. What it does not know is left out, never an error. */

const testReportSchema = z.object({
  passed: z.number(),
  failed: z.number(),
  skipped: z.number().catch(0),
  /** Where the numbers come from: `junit`, `tap`, or the runner's own output. */
  source: z.string().catch(""),
  /** Names of the failed tests. */
  failures: z.array(z.string()).catch([]),
});
export type TestReport = z.infer<typeof testReportSchema>;

const deploySchema = z.object({
  url: z.url({ protocol: /^https?$/ }),
  target: z.string().catch("preview"),
  siteId: z.string().optional().catch(undefined),
  deploymentId: z.string().optional().catch(undefined),
});
export type DeployData = z.infer<typeof deploySchema>;

/** The numbers and failed tests of a `test_report`, or null when the artifact has none. */
export function testReportOf(artifact: Artifact): TestReport | null {
  return artifact.kind === "test_report" ? (testReportSchema.safeParse(artifact.data).data ?? null) : null;
}

/** The same of an artifact's data alone. */
export function readTestReport(data: unknown): TestReport | null {
  return testReportSchema.safeParse(data).data ?? null;
}

/** Address and target of a `deploy_url`; null for anything that is not a web address. */
export function deployOf(artifact: Artifact): DeployData | null {
  return artifact.kind === "deploy_url" ? (deploySchema.safeParse(artifact.data).data ?? null) : null;
}

/** A patch small enough to travel in the event; a larger one is in storage only. */
export function inlinePatchOf(artifact: Artifact): string | null {
  const patch = artifact.data["patch"] ?? artifact.data["diff"];
  return artifact.kind === "patch" && typeof patch === "string" ? patch : null;
}

/** "14 passed, 1 failed". */
export function testNumbers(report: TestReport): string {
  const parts = [`${report.passed} passed`];
  if (report.failed > 0) parts.push(`${report.failed} failed`);
  if (report.skipped > 0) parts.push(`${report.skipped} skipped`);
  return parts.join(", ");
}
