import { stripVTControlCharacters } from "node:util";
import { parseTap } from "./parseTap.ts";
import { makeReport, mergeReports, type TestReport } from "./testReport.ts";

type Parser = (text: string) => TestReport | undefined;

/**
 * Finds the summary that a common test runner prints for people: vitest, jest, node:test, mocha, pytest, go test,
 * cargo test, or TAP. Undefined when there is none: then the exit code alone speaks.
 */
export function parseRunnerOutput(output: string): TestReport | undefined {
  const text = stripVTControlCharacters(output).replaceAll("\r\n", "\n");
  for (const parse of parsers) {
    const report = parse(text);
    if (report !== undefined && report.total > 0) return report;
  }
  return undefined;
}

const number = (match: RegExpMatchArray | null | undefined): number => Number(match?.[1] ?? 0);
const names = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? "");

/** ` Tests  1 failed | 2 passed | 1 skipped (4)` */
const vitest: Parser = (text) => {
  const lines = [...text.matchAll(/^\s*Tests {2}(.*\(\d+\).*)$/gm)].map((match) => match[1] ?? "");
  if (lines.length === 0) return undefined;
  return mergeReports(
    lines.map((line) =>
      makeReport("vitest", {
        passed: number(/(\d+) passed/.exec(line)),
        failed: number(/(\d+) failed/.exec(line)),
        skipped: number(/(\d+) skipped/.exec(line)) + number(/(\d+) todo/.exec(line)),
        // Failing files are listed the same way, without a test's name.
        failures: names(text, /^\s*FAIL {2}(\S.* > .*)$/gm),
      }),
    ),
  );
};

/** `Tests:       1 failed, 2 passed, 3 total` */
const jest: Parser = (text) => {
  const lines = [...text.matchAll(/^Tests:\s+(.*\d+ total.*)$/gm)].map((match) => match[1] ?? "");
  if (lines.length === 0) return undefined;
  return mergeReports(
    lines.map((line) =>
      makeReport("jest", {
        passed: number(/(\d+) passed/.exec(line)),
        failed: number(/(\d+) failed/.exec(line)),
        skipped: number(/(\d+) skipped/.exec(line)) + number(/(\d+) todo/.exec(line)),
        failures: names(text, /^\s*● (?!Console)(.+)$/gm),
      }),
    ),
  );
};

/** `ℹ pass 2` of the spec reporter, `# pass 2` of the tap reporter. */
const nodeTest: Parser = (text) => {
  if (!/^[ℹ#] tests \d+$/m.test(text) || !/^[ℹ#] pass \d+$/m.test(text)) return undefined;
  const count = (name: string): number =>
    [...text.matchAll(new RegExp(`^[ℹ#] ${name} (\\d+)$`, "gm"))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  const failing = /failing tests:\n([\s\S]*)$/.exec(text)?.[1];
  const failures =
    failing === undefined
      ? (parseTap(text)?.failures ?? [])
      : names(failing, /^✖ (.+?)(?: \([\d.]+ms\))?$/gm);
  return makeReport("node:test", {
    passed: count("pass"),
    failed: count("fail") + count("cancelled"),
    skipped: count("skipped") + count("todo"),
    failures,
  });
};

/** `  2 passing (4ms)`, `  1 failing`, `  1 pending` */
const mocha: Parser = (text) => {
  const passing = /^\s+(\d+) passing \(/m.exec(text);
  if (!passing) return undefined;
  const end = text.slice(passing.index);
  return makeReport("mocha", {
    passed: number(passing),
    failed: number(/^\s+(\d+) failing/m.exec(end)),
    skipped: number(/^\s+(\d+) pending/m.exec(end)),
    failures: names(end, /^\s+\d+\) ((?:.+\n\s+)*?.+):\n/gm).map((name) =>
      name.replaceAll(/\s*\n\s+/g, " > "),
    ),
  });
};

/** `===== 1 failed, 2 passed, 1 skipped in 0.12s =====` */
const pytest: Parser = (text) => {
  const line = [
    ...text.matchAll(/^=+ (.*\b\d+ (?:passed|failed|error|errors|skipped)\b.* in [\d.]+s.*?) =+$/gm),
  ].at(-1)?.[1];
  const quiet = line ?? [...text.matchAll(/^((?:\d+ \w+,? ?)+in [\d.]+s)$/gm)].at(-1)?.[1];
  if (quiet === undefined) return undefined;
  return makeReport("pytest", {
    passed: number(/(\d+) passed/.exec(quiet)) + number(/(\d+) xpassed/.exec(quiet)),
    failed: number(/(\d+) failed/.exec(quiet)) + number(/(\d+) errors?/.exec(quiet)),
    skipped: number(/(\d+) skipped/.exec(quiet)) + number(/(\d+) xfailed/.exec(quiet)),
    failures: names(text, /^(?:FAILED|ERROR) (\S+?)(?: - .*)?$/gm),
  });
};

/** `--- FAIL: TestName (0.00s)` with `-v`; without it only failures and packages are named. */
const goTest: Parser = (text) => {
  if (!/^(ok|FAIL|---|\?)\s+\S/m.test(text) || !/^(ok {2}\t|FAIL\t|--- (PASS|FAIL|SKIP): )/m.test(text))
    return undefined;
  const leaves = (state: string): string[] => {
    const found = names(text, new RegExp(`^\\s*--- ${state}: (\\S+) \\(`, "gm"));
    return found.filter((name) => !found.some((other) => other.startsWith(`${name}/`)));
  };
  const failures = leaves("FAIL");
  const passed = leaves("PASS").length;
  // Without -v a passing package is all that is said.
  const packages = passed === 0 ? names(text, /^ok {2}\t(\S+)/gm).length : 0;
  return makeReport("go test", {
    passed: passed + packages,
    failed: failures.length,
    skipped: leaves("SKIP").length,
    failures,
  });
};

/** `test result: FAILED. 1 passed; 1 failed; 0 ignored; …` once per test binary */
const cargo: Parser = (text) => {
  const lines = [...text.matchAll(/^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/gm)];
  if (lines.length === 0) return undefined;
  const sum = (index: number): number => lines.reduce((total, match) => total + Number(match[index]), 0);
  return makeReport("cargo test", {
    passed: sum(1),
    failed: sum(2),
    skipped: sum(3),
    failures: names(text, /^test (\S+) \.\.\. FAILED$/gm),
  });
};

const parsers: Parser[] = [vitest, jest, nodeTest, pytest, cargo, goTest, mocha, parseTap];
