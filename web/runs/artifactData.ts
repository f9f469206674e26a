import type { Artifact } from "../../shared/run/events.ts";

/**
 * The `data` of artifacts as the page reads it. What it does not know is left out, never an error. Read by hand, since these
 * few fields would otherwise bring the whole of zod before the first line of a log.
 */

export interface TestReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Where the numbers come from: `junit`, `tap`, or the runner's own output. */
  source: string;
  /** Names of the failed tests. */
  failures: string[];
}

export interface DeployData {
  url: string;
  target: string;
  siteId?: string | undefined;
  deploymentId?: string | undefined;
}

const fieldsOf = (data: unknown): Readonly<Record<string, unknown>> =>
  typeof data === "object" && data !== null ? { ...data } : {};
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** The numbers and failed tests of a `test_report`, or null when the artifact has none. */
export function testReportOf(artifact: Artifact): TestReport | null {
  return artifact.kind === "test_report" ? readTestReport(artifact.data) : null;
}

/** The same of an artifact's data alone. */
export function readTestReport(data: unknown): TestReport | null {
  const { passed, failed, skipped, source, failures } = fieldsOf(data);
  if (typeof passed !== "number" || typeof failed !== "number") return null;
  return {
    passed,
    failed,
    skipped: typeof skipped === "number" ? skipped : 0,
    source: textOf(source) ?? "",
    failures: Array.isArray(failures) ? failures.filter((name) => typeof name === "string") : [],
  };
}

/** Address and target of a `deploy_url`; null for anything that is not a web address. */
export function deployOf(artifact: Artifact): DeployData | null {
  if (artifact.kind !== "deploy_url") return null;
  const { url, target, siteId, deploymentId } = fieldsOf(artifact.data);
  if (typeof url !== "string" || !URL.canParse(url)) return null;
  // Anything else would do something of its own when it is pressed.
  if (!["http:", "https:"].includes(new URL(url).protocol)) return null;
  return {
    url,
    target: textOf(target) ?? "preview",
    siteId: textOf(siteId),
    deploymentId: textOf(deploymentId),
  };
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
