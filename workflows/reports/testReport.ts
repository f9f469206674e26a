/** What a test run said, whatever tool said it. */
export interface TestReport {
  /** Where it was read: `junit`, `tap`, or the runner's own output. */
  source: string;
  passed: number;
  failed: number;
  skipped: number;
  total: number;
  /** Names of failing tests, at most `maxNames`. */
  failures: string[];
}

const maxNames = 50;

/** A report from its counts; names beyond `maxNames` are dropped, duplicates too. */
export function makeReport(
  source: string,
  counts: { passed: number; failed: number; skipped: number; failures: string[] },
): TestReport {
  const { passed, failed, skipped } = counts;
  const failures = [
    ...new Set(counts.failures.map((name) => name.trim()).filter((name) => name !== "")),
  ].slice(0, maxNames);
  return { source, passed, failed, skipped, total: passed + failed + skipped, failures };
}

/** Several reports of one command as one. */
export function mergeReports(reports: readonly TestReport[]): TestReport | undefined {
  const [first] = reports;
  if (!first) return undefined;
  const sum = (pick: (report: TestReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  return makeReport([...new Set(reports.map((report) => report.source))].join("+"), {
    passed: sum((report) => report.passed),
    failed: sum((report) => report.failed),
    skipped: sum((report) => report.skipped),
    failures: reports.flatMap((report) => report.failures),
  });
}
