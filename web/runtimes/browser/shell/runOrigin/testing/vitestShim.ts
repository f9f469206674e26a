import {
  ASYMMETRIC_MATCHERS_OBJECT,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  addCustomEqualityTesters,
  customMatchers,
  getState,
  setState,
} from "@vitest/expect";
import * as chai from "chai";
import { fn, isMockFunction, restoreAllMocks, clearAllMocks, resetAllMocks, spyOn } from "@vitest/spy";
import { createFakeTimers } from "./fakeTimers.ts";
import type { TestBody, TestMode, TestRunner } from "./testRunner.ts";
import { inspect } from "../inspect.ts";

type Expect = ((value: unknown, message?: string) => object) & Record<string, unknown>;

/** `expect` on the matchers of @vitest/expect: https://vitest.dev/api/expect */
function createExpect(): Expect {
  for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
  const expect = ((value: unknown, message?: string) => {
    const state = getState(expect as never);
    setState({ assertionCalls: (state.assertionCalls ?? 0) + 1 }, expect as never);
    return chai.expect(value, message);
  }) as unknown as Expect;
  const asymmetric = (globalThis as Record<symbol, object | undefined>)[ASYMMETRIC_MATCHERS_OBJECT];
  Object.assign(expect, chai.expect, asymmetric, {
    getState: () => getState(expect as never),
    setState: (state: object) => setState(state, expect as never),
    addEqualityTesters: (testers: never[]) => addCustomEqualityTesters(testers),
    extend: (matchers: never) =>
      (chai.expect as unknown as { extend(expect: unknown, matchers: unknown): void }).extend(
        expect,
        matchers,
      ),
    soft: (value: unknown, message?: string) => expect(value, message),
    unreachable: (message?: string) =>
      chai.assert.fail(`expected${message ? ` "${message}" ` : " "}not to be reached`),
    assertions: (count: number) => setState({ expectedAssertionsNumber: count }, expect as never),
    hasAssertions: () => setState({ isExpectingAssertions: true }, expect as never),
  });
  (globalThis as Record<symbol, unknown>)[GLOBAL_EXPECT] = expect;
  setState(
    { assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null },
    expect as never,
  );
  (expect.extend as (matchers: unknown) => void)(customMatchers);
  return expect;
}

/** Fills a title of `test.each`: printf places, `$key` of an object, `%#` the index. */
function title(template: string, values: unknown[], index: number): string {
  let next = 0;
  const [first] = values;
  const record = typeof first === "object" && first !== null ? (first as Record<string, unknown>) : undefined;
  return template
    .replaceAll("%#", String(index))
    .replaceAll(/%[sdifjo]/g, () => {
      const value = values[next];
      next += 1;
      return typeof value === "string" ? value : inspect(value);
    })
    .replaceAll(/\$(\w+)/g, (match, key: string) =>
      record !== undefined && key in record ? String(record[key]) : match,
    );
}

interface TestOptions {
  timeout?: number;
  skip?: boolean;
  only?: boolean;
  todo?: boolean;
}

type Add = (
  name: string,
  options: TestOptions | TestBody | number | undefined,
  body?: TestBody | number,
) => void;

function readArguments(
  mode: TestMode,
  first: TestOptions | TestBody | number | undefined,
  second?: TestBody | number | TestOptions,
) {
  const body = typeof first === "function" ? first : typeof second === "function" ? second : undefined;
  const options = typeof first === "object" ? first : typeof second === "object" ? second : {};
  const timeoutMs = typeof second === "number" ? second : options.timeout;
  const stated: TestMode = options.skip ? "skip" : options.only ? "only" : options.todo ? "todo" : mode;
  return { body, timeoutMs, mode: stated };
}

function withVariants(add: (mode: TestMode) => Add): Add {
  const plain = add("run");
  const each =
    (mode: TestMode) =>
    (cases: unknown[]) =>
    (name: string, first: TestBody | TestOptions, second?: TestBody | number): void => {
      for (const [index, entry] of cases.entries()) {
        const values = Array.isArray(entry) ? (entry as unknown[]) : [entry];
        const read = readArguments(mode, first, second);
        const body = read.body as ((...args: unknown[]) => unknown) | undefined;
        add(mode)(
          title(name, values, index),
          read.timeoutMs === undefined ? {} : { timeout: read.timeoutMs },
          body === undefined ? undefined : () => body(...values),
        );
      }
    };
  const variant = (mode: TestMode): Add => Object.assign(add(mode), { each: each(mode), for: each(mode) });
  return Object.assign(plain, {
    each: each("run"),
    for: each("run"),
    skip: variant("skip"),
    only: variant("only"),
    todo: variant("todo"),
    fails: variant("fails"),
    concurrent: variant("run"),
    sequential: variant("run"),
    skipIf: (condition: unknown) => variant(condition ? "skip" : "run"),
    runIf: (condition: unknown) => variant(condition ? "run" : "skip"),
  });
}

function createVi(): Record<string, unknown> {
  const timers = createFakeTimers();
  const stubbed = new Map<string, unknown>();
  const scope = globalThis as Record<string, unknown>;
  const unsupported = (name: string) => () => {
    throw new Error(
      `vi.${name} does not work in the browser runtime: modules are bundled before tests run. A workflow runs these tests on the server.`,
    );
  };
  const vi: Record<string, unknown> = {
    fn,
    spyOn,
    isMockFunction,
    mocked: (value: unknown) => value,
    clearAllMocks,
    resetAllMocks,
    restoreAllMocks,
    hoisted: (create: () => unknown) => create(),
    stubGlobal: (name: string, value: unknown) => {
      if (!stubbed.has(name)) stubbed.set(name, scope[name]);
      scope[name] = value;
      return vi;
    },
    unstubAllGlobals: () => {
      for (const [name, value] of stubbed) scope[name] = value;
      stubbed.clear();
      return vi;
    },
    waitFor: async (
      action: () => unknown,
      options: { timeout?: number; interval?: number } | number = {},
    ) => {
      const { timeout = 1000, interval = 50 } = typeof options === "number" ? { timeout: options } : options;
      const deadline = performance.now() + timeout;
      for (;;) {
        try {
          return await action();
        } catch (error) {
          if (performance.now() > deadline) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, interval));
      }
    },
    ...timers,
  };
  for (const name of ["mock", "unmock", "doMock", "doUnmock", "importActual", "importMock", "resetModules"])
    vi[name] = unsupported(name);
  return vi;
}

/** Everything a test can import from "vitest", on a runner. https://vitest.dev/api/ */
export function createVitest(runner: TestRunner): Record<string, unknown> {
  const test = withVariants((mode) => (name, first, second) => {
    const read = readArguments(mode, first, second);
    runner.test(name, read, read.body);
  });
  const describe = withVariants((mode) => (name, first, second) => {
    const read = readArguments(mode, first, second);
    runner.suite(name, read.mode, read.body as (() => unknown) | undefined);
  });
  const vi = createVi();
  return {
    describe,
    suite: describe,
    test,
    it: test,
    expect: createExpect(),
    assert: chai.assert,
    vi,
    vitest: vi,
    beforeAll: (action: () => unknown) => runner.hook("beforeAll", action),
    afterAll: (action: () => unknown) => runner.hook("afterAll", action),
    beforeEach: (action: () => unknown) => runner.hook("beforeEach", action),
    afterEach: (action: () => unknown) => runner.hook("afterEach", action),
    onTestFinished: (action: () => unknown) => runner.hook("afterEach", action),
    onTestFailed: () => undefined,
    // Types are not checked where tests run; the calls do nothing, as in a run without type checking.
    expectTypeOf: () =>
      new Proxy(() => undefined, {
        get: (target, _key, self: unknown) => (typeof target === "function" ? self : undefined),
        apply: () => undefined,
      }),
    assertType: () => undefined,
  };
}
