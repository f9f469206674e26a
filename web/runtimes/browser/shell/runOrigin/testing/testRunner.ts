import { inspect } from "../inspect.ts";

export type TestBody = (context: TestContext) => unknown;

/** What a test's function gets. `skip` ends it as skipped. */
export interface TestContext {
  name: string;
  skip(reason?: string): never;
  onTestFinished(action: () => unknown): void;
  [extra: string]: unknown;
}

export type TestMode = "run" | "skip" | "only" | "todo" | "fails";

interface Test {
  kind: "test";
  name: string;
  mode: TestMode;
  body: TestBody | undefined;
  timeoutMs: number;
  parent: Suite;
}

type Hook = () => unknown;

interface Suite {
  kind: "suite";
  name: string;
  mode: TestMode;
  parent: Suite | undefined;
  children: (Test | Suite)[];
  beforeAll: Hook[];
  afterAll: Hook[];
  beforeEach: Hook[];
  afterEach: Hook[];
}

export interface TestReport {
  passed: number;
  failed: number;
  skipped: number;
}

export interface TestRunnerOptions {
  write(text: string): void;
  testNamePattern?: string | undefined;
  /** Called after each test: restores mocks and the like. */
  afterTest?(): void;
  /** Adds to the context of each test. */
  extend?(context: TestContext): TestContext;
}

class SkipTest extends Error {}

const defaultTimeoutMs = 5000;

function createSuite(name: string, mode: TestMode, parent: Suite | undefined): Suite {
  return {
    kind: "suite",
    name,
    mode,
    parent,
    children: [],
    beforeAll: [],
    afterAll: [],
    beforeEach: [],
    afterEach: [],
  };
}

function hasOnly(suite: Suite): boolean {
  return suite.children.some((child) => child.mode === "only" || (child.kind === "suite" && hasOnly(child)));
}

function fullName(test: Test): string[] {
  const names = [test.name];
  for (let suite: Suite | undefined = test.parent; suite?.parent !== undefined; suite = suite.parent)
    names.unshift(suite.name);
  return names;
}

function hooksOf(test: Test, kind: "beforeEach" | "afterEach"): Hook[] {
  const suites: Suite[] = [];
  for (let suite: Suite | undefined = test.parent; suite !== undefined; suite = suite.parent)
    suites.unshift(suite);
  const hooks = suites.map((suite) => suite[kind]);
  return kind === "beforeEach" ? hooks.flat() : hooks.reverse().flatMap((list) => [...list].reverse());
}

/**
 * Collects and runs tests: the common ground of the vitest shim and `node:test`. Suites are collected when their
 * function runs, tests run one after the other, a failure is reported with its place in the file.
 */
export class TestRunner {
  readonly #options: TestRunnerOptions;
  #root = createSuite("", "run", undefined);
  #current = this.#root;
  #collecting: Promise<void>[] = [];
  #failures: { name: string; error: unknown }[] = [];
  #report: TestReport = { passed: 0, failed: 0, skipped: 0 };

  constructor(options: TestRunnerOptions) {
    this.#options = options;
  }

  suite(name: string, mode: TestMode, body?: () => unknown): void {
    const suite = createSuite(name, body === undefined ? "todo" : mode, this.#current);
    this.#current.children.push(suite);
    const before = this.#current;
    this.#current = suite;
    try {
      const result = body?.();
      // An asynchronous suite's tests still belong to it only as far as they are added before its first wait.
      if (result instanceof Promise) this.#collecting.push(result.then(() => undefined));
    } finally {
      this.#current = before;
    }
  }

  test(name: string, options: { mode: TestMode; timeoutMs?: number | undefined }, body?: TestBody): void {
    const mode = body === undefined ? "todo" : options.mode;
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    this.#current.children.push({ kind: "test", name, mode, body, timeoutMs, parent: this.#current });
  }

  hook(kind: "beforeAll" | "afterAll" | "beforeEach" | "afterEach", action: Hook): void {
    this.#current[kind].push(action);
  }

  /** Loads one file (which registers its tests), runs them and prints the result. */
  async runFile(file: string, load: () => Promise<unknown>): Promise<TestReport> {
    this.#root = createSuite("", "run", undefined);
    this.#current = this.#root;
    this.#report = { passed: 0, failed: 0, skipped: 0 };
    this.#failures = [];
    this.#collecting = [];
    const startedAt = performance.now();
    try {
      await load();
      await Promise.all(this.#collecting);
      await this.#runSuite(this.#root, { isOnly: hasOnly(this.#root), isSkipped: false, isSelected: false });
    } catch (error) {
      this.#fail(file, error);
    }
    if (this.#report.passed + this.#report.failed + this.#report.skipped === 0)
      this.#fail(file, new Error("No test found in this file."));
    this.#print(file, performance.now() - startedAt);
    return this.#report;
  }

  #fail(name: string, error: unknown): void {
    this.#report.failed += 1;
    this.#failures.push({ name, error });
  }

  async #runSuite(
    suite: Suite,
    state: { isOnly: boolean; isSkipped: boolean; isSelected: boolean },
  ): Promise<void> {
    const isSkipped = state.isSkipped || suite.mode === "skip" || suite.mode === "todo";
    const inner = { isOnly: state.isOnly, isSkipped, isSelected: state.isSelected || suite.mode === "only" };
    try {
      if (!isSkipped) for (const hook of suite.beforeAll) await hook();
    } catch (error) {
      // Without its set-up nothing in the suite means anything.
      this.#fail(`${suite.name} (beforeAll)`, error);
      return;
    }
    // By index: a test may add others (subtests of node:test).
    for (const child of suite.children) {
      if (child.kind === "suite") await this.#runSuite(child, inner);
      else if (this.#isWanted(child, inner)) await this.#runTest(child);
      else this.#report.skipped += 1;
    }
    try {
      if (!isSkipped) for (const hook of [...suite.afterAll].reverse()) await hook();
    } catch (error) {
      this.#fail(`${suite.name} (afterAll)`, error);
    }
  }

  #isWanted(test: Test, state: { isOnly: boolean; isSkipped: boolean; isSelected: boolean }): boolean {
    if (state.isSkipped || test.mode === "skip" || test.mode === "todo") return false;
    const pattern = this.#options.testNamePattern;
    if (pattern !== undefined && !fullName(test).join(" ").includes(pattern)) return false;
    // Inside of `describe.only` everything runs, unless single tests of it are marked.
    if (!state.isOnly || test.mode === "only") return true;
    return state.isSelected && !hasOnly(test.parent);
  }

  async #runTest(test: Test): Promise<void> {
    const finishers: (() => unknown)[] = [];
    const base: TestContext = {
      name: test.name,
      skip: (reason) => {
        throw new SkipTest(reason);
      },
      onTestFinished: (action) => void finishers.push(action),
    };
    let error: unknown;
    let hasFailed = false;
    const attempt = async (action: () => unknown): Promise<void> => {
      try {
        await action();
      } catch (thrown) {
        if (!hasFailed) error = thrown;
        hasFailed = true;
      }
    };
    await attempt(async () => {
      for (const hook of hooksOf(test, "beforeEach")) await hook();
      await withTimeout(test, () => test.body?.(this.#options.extend?.(base) ?? base));
    });
    for (const hook of [...hooksOf(test, "afterEach"), ...finishers.reverse()]) await attempt(hook);
    this.#options.afterTest?.();
    if (hasFailed && error instanceof SkipTest) this.#report.skipped += 1;
    else if (hasFailed === (test.mode === "fails")) this.#report.passed += 1;
    else
      this.#fail(
        fullName(test).join(" > "),
        hasFailed ? error : new Error("Expected the test to fail, but it passed."),
      );
  }

  #print(file: string, ms: number): void {
    const { passed, failed, skipped } = this.#report;
    const total = passed + failed + skipped;
    const mark = failed > 0 ? "\u001b[31m❯\u001b[0m" : "\u001b[32m✓\u001b[0m";
    const counts = [
      `${total} test${total === 1 ? "" : "s"}`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ];
    this.#options.write(` ${mark} ${file} (${counts.join(" | ")}) \u001b[2m${Math.round(ms)}ms\u001b[0m\n`);
    for (const { name, error } of this.#failures) {
      this.#options.write(
        `   \u001b[31m× ${name}\u001b[0m\n${describeError(error).replaceAll(/^/gm, "     ")}\n`,
      );
    }
  }
}

async function withTimeout(test: Test, action: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Test timed out in ${test.timeoutMs}ms.`)), test.timeoutMs);
  });
  try {
    await Promise.race([action(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error);
  const { actual, expected } = error as { actual?: unknown; expected?: unknown };
  // The frames are of the bundle; the message and the values are what helps.
  const lines = [`${error.name}: ${error.message}`];
  if ("expected" in error && "actual" in error && !error.message.includes("\n")) {
    lines.push(
      `\u001b[32m- Expected: ${inspect(expected, { depth: 5 })}\u001b[0m`,
      `\u001b[31m+ Received: ${inspect(actual, { depth: 5 })}\u001b[0m`,
    );
  }
  return lines.join("\n");
}

/** The last lines of a run over several files. */
export function summary(files: TestReport[], ms: number): string {
  const count = (kind: keyof TestReport): number => files.reduce((sum, report) => sum + report[kind], 0);
  const failedFiles = files.filter(({ failed }) => failed > 0).length;
  const part = (failed: number, passed: number, skipped: number): string =>
    [
      ...(failed > 0 ? [`\u001b[31m${failed} failed\u001b[0m`] : []),
      ...(passed > 0 ? [`\u001b[32m${passed} passed\u001b[0m`] : []),
      ...(skipped > 0 ? [`\u001b[33m${skipped} skipped\u001b[0m`] : []),
    ].join(" | ");
  return [
    "",
    ` Test Files  ${part(failedFiles, files.length - failedFiles, 0)} (${files.length})`,
    `      Tests  ${part(count("failed"), count("passed"), count("skipped"))} (${count("failed") + count("passed") + count("skipped")})`,
    `   Duration  ${Math.round(ms)}ms`,
    "",
  ].join("\n");
}
