import { makeReport, type TestReport } from "./testReport.ts";

const maxLineLength = 1000;

/**
 * Reads the Test Anything Protocol, versions 13 and 14 (https://testanything.org). Of nested tests only the leaves
 * count; a failing `# TODO` is no failure. Undefined when there is no plan or no test line.
 */
export function parseTap(text: string): TestReport | undefined {
  // Cut, for a report comes from code that is not ours, and a pattern may look at a line more than once.
  const lines = text.split(/\r?\n/).map((line) => line.slice(0, maxLineLength));
  if (!lines.some((line) => /^\s*1\.\.\d+/.test(line) || /^TAP version 1[34]/.test(line))) return undefined;
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
  let found = false;
  /** Indents of subtests whose parent's own line is still to come. */
  const nested: number[] = [];
  for (const line of lines) {
    const match = /^(\s*)(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*(.*)$/.exec(line);
    if (!match) continue;
    const indent = (match[1] ?? "").length;
    found = true;
    const deepest = nested.at(-1) ?? -1;
    if (deepest > indent) {
      // The line of a parent: its children have been counted.
      while ((nested.at(-1) ?? -1) > indent) nested.pop();
      if ((nested.at(-1) ?? -1) < indent) nested.push(indent);
      continue;
    }
    if (deepest < indent) nested.push(indent);
    const [name = "", directive = ""] = (match[3] ?? "").split(/(?:^|\s+)#\s*(?=skip|todo)/i);
    if (/^(skip|todo)/i.test(directive)) counts.skipped += 1;
    else if (match[2] !== undefined) {
      counts.failed += 1;
      counts.failures.push(name);
    } else counts.passed += 1;
  }
  return found ? makeReport("tap", counts) : undefined;
}
