import { stripVTControlCharacters } from "node:util";
import { parseTap } from "./parseTap.ts";
import { makeReport, type TestReport } from "./testReport.ts";

type Parser = (lines: readonly string[]) => TestReport | undefined;

/** No summary line of any runner is this long, and no pattern below has to look at more. */
const maxLineLength = 500;
/** A summary stands at the end. */
const maxLines = 20_000;

/**
 * Finds the summary that a common test runner prints for people: vitest, jest, node:test, mocha, pytest, go test,
 * cargo test, or TAP. Undefined when there is none: then the exit code alone speaks.
 *
 * The output is that of code that is not ours, and this runs in the worker: so it is looked at line by line, with
 * patterns that cannot backtrack far.
 */
export function parseRunnerOutput(output: string): TestReport | undefined {
  const lines = stripVTControlCharacters(output)
    .split(/\r?\n/)
    .slice(-maxLines)
    .map((line) => line.slice(0, maxLineLength));
  for (const parse of parsers) {
    const report = parse(lines);
    if (report !== undefined && report.total > 0) return report;
  }
  return undefined;
}

/** The number in front of a word: `count("1 failed | 2 passed", "passed")` is 2. */
function count(text: string, ...words: string[]): number {
  return words.reduce((sum, word) => sum + Number(new RegExp(`(\\d+) ${word}\\b`).exec(text)?.[1] ?? 0), 0);
}

/** What a pattern captures, of each line that it matches. */
function captured(lines: readonly string[], pattern: RegExp): string[] {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

/** ` Tests  1 failed | 2 passed | 1 skipped (4)` */
const vitest: Parser = (lines) => {
  const summaries = captured(lines, /^ *Tests {2}(\d.* \(\d+\))/);
  if (summaries.length === 0) return undefined;
  const total = (...words: string[]): number =>
    summaries.reduce((sum, line) => sum + count(line, ...words), 0);
  return makeReport("vitest", {
    passed: total("passed"),
    failed: total("failed"),
    skipped: total("skipped", "todo"),
    // A file that cannot be loaded is listed the same way, without a test's name.
    failures: captured(lines, /^ *FAIL {2}(\S.*)$/).filter((name) => name.includes(" > ")),
  });
};

/** `Tests:       1 failed, 2 passed, 3 total` */
const jest: Parser = (lines) => {
  const summary = captured(lines, /^Tests: +(\d.* total)/).at(-1);
  if (summary === undefined) return undefined;
  return makeReport("jest", {
    passed: count(summary, "passed"),
    failed: count(summary, "failed"),
    skipped: count(summary, "skipped", "todo"),
    failures: captured(lines, /^ *● (\S.*)$/).filter((name) => !name.startsWith("Console")),
  });
};

/** `ℹ pass 2` of the spec reporter, `# pass 2` of the tap reporter. */
const nodeTest: Parser = (lines) => {
  const total = (name: string): number | undefined => {
    const found = captured(lines, new RegExp(`^[ℹ#] ${name} (\\d+)$`));
    return found.length === 0 ? undefined : found.reduce((sum, one) => sum + Number(one), 0);
  };
  const passed = total("pass");
  if (passed === undefined || total("tests") === undefined) return undefined;
  const failing = lines.indexOf("✖ failing tests:");
  const named = failing === -1 ? [] : captured(lines.slice(failing + 1), /^✖ (.+)$/);
  return makeReport("node:test", {
    passed,
    failed: (total("fail") ?? 0) + (total("cancelled") ?? 0),
    skipped: (total("skipped") ?? 0) + (total("todo") ?? 0),
    failures:
      failing === -1
        ? (parseTap(lines.join("\n"))?.failures ?? [])
        : named.map((name) => name.replace(/ \([\d.]+ms\)$/, "")),
  });
};

/** `  2 passing (4ms)`, `  1 failing`, `  1 pending`, then each failure as `  1) suite`, `       test:` */
const mocha: Parser = (lines) => {
  const start = lines.findIndex((line) => /^ +\d+ passing \(/.test(line));
  if (start === -1) return undefined;
  const end = lines.slice(start);
  const summary = end.slice(0, 6).join("\n");
  const failures: string[] = [];
  let parts: string[] | undefined;
  for (const line of end) {
    const first = /^ {2}\d+\) (.+)$/.exec(line)?.[1];
    if (first !== undefined) parts = [first];
    else if (parts && line.trim() !== "") parts.push(line.trim());
    const last = parts?.at(-1);
    if (!parts || last === undefined || parts.length > 20) parts = undefined;
    else if (last.endsWith(":")) {
      failures.push([...parts.slice(0, -1), last.slice(0, -1)].join(" > "));
      parts = undefined;
    }
  }
  return makeReport("mocha", {
    passed: count(summary, "passing"),
    failed: count(summary, "failing"),
    skipped: count(summary, "pending"),
    failures,
  });
};

/** `===== 1 failed, 2 passed, 1 skipped in 0.12s =====`, or without the rules with -q */
const pytest: Parser = (lines) => {
  const summary = lines.findLast(
    (line) =>
      / in [\d.]+s\b/.test(line) &&
      /^=* ?\d+ (?:passed|failed|skipped|xfailed|xpassed|errors?|deselected|warnings?)\b/.test(line),
  );
  if (summary === undefined) return undefined;
  return makeReport("pytest", {
    passed: count(summary, "passed", "xpassed"),
    failed: count(summary, "failed", "errors?"),
    skipped: count(summary, "skipped", "xfailed"),
    failures: captured(lines, /^(?:FAILED|ERROR) (\S+)/),
  });
};

/** `--- FAIL: TestName (0.00s)` with `-v`; without it only failures and packages are named. */
const goTest: Parser = (lines) => {
  if (!lines.some((line) => /^(?:ok {2}\t|FAIL\t|--- (?:PASS|FAIL|SKIP): )/.test(line))) return undefined;
  const leaves = (state: string): string[] => {
    const found = captured(lines, new RegExp(`^ *--- ${state}: (\\S+) \\(`));
    // A test with subtests is followed by them, indented.
    const parents = new Set(
      found.filter((name) => name.includes("/")).map((name) => name.slice(0, name.lastIndexOf("/"))),
    );
    return found.filter((name) => !parents.has(name));
  };
  const failures = leaves("FAIL");
  const passed = leaves("PASS").length;
  // Without -v a passing package is all that is said.
  const packages = passed === 0 ? captured(lines, /^ok {2}\t(\S+)/).length : 0;
  return makeReport("go test", {
    passed: passed + packages,
    failed: failures.length,
    skipped: leaves("SKIP").length,
    failures,
  });
};

/** `test result: FAILED. 1 passed; 1 failed; 0 ignored; …` once per test binary */
const cargo: Parser = (lines) => {
  const results = captured(lines, /^test result: (\S+ \d+ passed; \d+ failed; \d+ ignored)/);
  if (results.length === 0) return undefined;
  const sum = (word: string): number => results.reduce((total, line) => total + count(line, word), 0);
  return makeReport("cargo test", {
    passed: sum("passed"),
    failed: sum("failed"),
    skipped: sum("ignored"),
    failures: captured(lines, /^test (\S+) \.\.\. FAILED$/),
  });
};

const tap: Parser = (lines) => parseTap(lines.join("\n"));

const parsers: Parser[] = [vitest, jest, nodeTest, pytest, cargo, goTest, mocha, tap];
