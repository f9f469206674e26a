import { describe, expect, test } from "vitest";
import { parseJunit } from "./parseJunit.ts";
import { parseRunnerOutput } from "./parseRunnerOutput.ts";
import { parseTap } from "./parseTap.ts";

describe("JUnit XML", () => {
  test("W238 cases are counted themselves, nested suites too, and failing ones are named", () => {
    const xml = `<?xml version="1.0"?><testsuites tests="99"><testsuite name="outer"><testsuite name="inner">
      <testcase classname="cart" name="adds &lt;one&gt;"/><testcase name="breaks" classname="cart"><failure message="no">trace</failure></testcase>
      <testcase name="explodes"><error/></testcase><testcase name="later"><skipped/></testcase></testsuite></testsuite></testsuites>`;
    expect(parseJunit(xml)).toEqual({
      source: "junit",
      passed: 1,
      failed: 2,
      skipped: 1,
      total: 4,
      failures: ["cart > breaks", "explodes"],
    });
  });
  test("a single suite without an outer element is a report; other XML and no XML are not", () => {
    expect(parseJunit('<testsuite><testcase name="a"/></testsuite>')).toMatchObject({ passed: 1, total: 1 });
    expect(parseJunit("<html><body/></html>")).toBe(undefined);
    expect(parseJunit("not xml <")).toBe(undefined);
  });
  test("W238 entities of a hostile report are not expanded without end", () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "${"a".repeat(50)}">${Array.from({ length: 8 }, (_, i) => `<!ENTITY a${i} "${`&a${i === 0 ? "" : i - 1};`.repeat(10)}">`).join("")}]><testsuite><testcase name="&a7;"><failure/></testcase></testsuite>`;
    const startedAt = performance.now();
    expect(JSON.stringify(parseJunit(bomb) ?? null).length).toBeLessThan(1_000_000);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

describe("TAP", () => {
  test("results, skips and todos", () => {
    expect(
      parseTap(
        "TAP version 13\n1..4\nok 1 - adds\nnot ok 2 - removes\nok 3 # SKIP later\nnot ok 4 - idea # TODO someday\n",
      ),
    ).toEqual({
      source: "tap",
      passed: 1,
      failed: 1,
      skipped: 2,
      total: 4,
      failures: ["removes"],
    });
  });
  test("of nested tests the leaves count", () => {
    const text =
      "TAP version 14\n    # Subtest: outer\n    ok 1 - inner a\n    not ok 2 - inner b\n    1..2\nnot ok 1 - outer\nok 2 - alone\n1..2\n";
    expect(parseTap(text)).toMatchObject({ passed: 2, failed: 1, failures: ["inner b"] });
  });
  test("ordinary text is no report", () => {
    expect(parseTap("ok then, let us go\n")).toBe(undefined);
  });
});

describe("what runners print", () => {
  test.each([
    [
      "vitest",
      " ❯ a.test.ts (3 tests | 1 failed)\n\n FAIL  a.test.ts > math > adds\nAssertionError\n\n Test Files  1 failed (1)\n      Tests  1 failed | 2 passed | 1 skipped (4)\n",
      { passed: 2, failed: 1, skipped: 1, failures: ["a.test.ts > math > adds"] },
    ],
    [
      "jest",
      "  ● math › adds\n\n    expect\n\nTest Suites: 1 failed, 1 total\nTests:       1 failed, 1 skipped, 2 passed, 4 total\n",
      { passed: 2, failed: 1, skipped: 1, failures: ["math › adds"] },
    ],
    [
      "node:test",
      "✔ adds (1ms)\n✖ removes (2ms)\nℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\n\n✖ failing tests:\n\ntest at a.js:1:1\n✖ removes (2ms)\n  Error\n",
      { passed: 1, failed: 1, skipped: 0, failures: ["removes"] },
    ],
    [
      "mocha",
      "\n  math\n    ✔ adds\n    1) removes\n\n  1 passing (4ms)\n  1 pending\n  1 failing\n\n  1) math\n       removes:\n     Error: no\n",
      { passed: 1, failed: 1, skipped: 1, failures: ["math > removes"] },
    ],
    [
      "pytest",
      "FAILED test_a.py::test_x - assert 1\nERROR test_b.py::test_y\n==== 1 failed, 2 passed, 1 skipped, 1 error in 0.12s ====\n",
      { passed: 2, failed: 2, skipped: 1, failures: ["test_a.py::test_x", "test_b.py::test_y"] },
    ],
    [
      "go test",
      "--- PASS: TestA (0.00s)\n--- PASS: TestAb (0.00s)\n--- FAIL: TestB (0.00s)\n    --- FAIL: TestB/sub (0.00s)\n--- SKIP: TestC (0.00s)\nFAIL\nFAIL\texample.com/m\t0.2s\n",
      { passed: 2, failed: 1, skipped: 1, failures: ["TestB/sub"] },
    ],
    [
      "cargo test",
      "test a ... ok\ntest b::c ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured\n",
      { passed: 1, failed: 1, skipped: 2, failures: ["b::c"] },
    ],
  ])("%s", (source, output, expected) => {
    expect(parseRunnerOutput(output)).toMatchObject({ source, ...expected });
  });

  test("colours do not matter", () => {
    expect(
      parseRunnerOutput(
        "\u001B[2m      Tests \u001B[22m \u001B[1m\u001B[32m3 passed\u001B[39m\u001B[22m\u001B[90m (3)\u001B[39m\n",
      ),
    ).toMatchObject({ passed: 3, failed: 0 });
  });

  test("output without tests gives no report", () => {
    expect(parseRunnerOutput("vite v8 building\n✓ 9 modules transformed.\n")).toBe(undefined);
    expect(parseRunnerOutput("")).toBe(undefined);
  });

  test.each([
    ["newlines", "\n".repeat(512 * 1024)],
    ["blanks", " ".repeat(512 * 1024)],
    ["blank lines", "   \n".repeat(128 * 1024)],
    ["rules", `${"=".repeat(300)} 1 1 1 passed in in in\n`.repeat(1500)],
    ["endless mocha failures", `  1 passing (1ms)\n${"  1) a\n     b\n".repeat(30_000)}`],
    ["many summaries", " Tests  1 passed (1)\n".repeat(20_000)],
    [
      "many go tests",
      Array.from({ length: 20_000 }, (_, index) => `--- FAIL: T${index}/a/b (0.0s)\n`).join(""),
    ],
    ["tap comments", `TAP version 13\n${`ok 1 ${" ".repeat(900)}#\n`.repeat(500)}`],
  ])("hostile output takes no time: %s", (_, output) => {
    const startedAt = performance.now();
    parseRunnerOutput(output);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});
