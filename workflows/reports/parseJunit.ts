import { XMLParser } from "fast-xml-parser";
import { makeReport, type TestReport } from "./testReport.ts";

/**
 * Reads a JUnit XML report (https://github.com/testmoapp/junitxml describes what tools write): test cases are counted
 * themselves, since the totals on the suites differ from tool to tool. Undefined when it is no such report.
 */
export function parseJunit(xml: string): TestReport | undefined {
  let root: unknown;
  try {
    // Entities are not expanded beyond XML's own five: a report comes from code that is not ours.
    root = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      processEntities: true,
      parseTagValue: false,
      parseAttributeValue: false,
    }).parse(xml, true);
  } catch {
    return undefined;
  }
  if (!isNode(root) || !("testsuites" in root || "testsuite" in root)) return undefined;
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
  visit(root, counts, 0);
  return makeReport("junit", counts);
}

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;
const list = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function visit(
  node: Node,
  counts: { passed: number; failed: number; skipped: number; failures: string[] },
  depth: number,
): void {
  if (depth > 50) return;
  for (const testcase of list(node.testcase).filter(isNode)) {
    if ("failure" in testcase || "error" in testcase) {
      counts.failed += 1;
      counts.failures.push(
        [testcase["@classname"], testcase["@name"]]
          .filter((part) => typeof part === "string" && part !== "")
          .join(" > "),
      );
    } else if ("skipped" in testcase) counts.skipped += 1;
    else counts.passed += 1;
  }
  for (const name of ["testsuites", "testsuite"]) {
    for (const child of list(node[name]).filter(isNode)) visit(child, counts, depth + 1);
  }
}
