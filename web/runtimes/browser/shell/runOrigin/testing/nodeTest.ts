import type { TestBody, TestContext, TestMode, TestRunner } from "./testRunner.ts";
import { fn, spyOn } from "@vitest/spy";

interface NodeTestOptions {
  skip?: boolean | string;
  todo?: boolean | string;
  only?: boolean;
  timeout?: number;
}

type NodeTest = (
  name: string | NodeTestOptions | TestBody,
  options?: NodeTestOptions | TestBody,
  body?: TestBody,
) => Promise<void>;

function readArguments(args: Parameters<NodeTest>): {
  name: string;
  options: NodeTestOptions;
  body: TestBody | undefined;
} {
  const body = args.find((argument): argument is TestBody => typeof argument === "function");
  const options = args.find((argument): argument is NodeTestOptions => typeof argument === "object") ?? {};
  const [first] = args;
  return { name: typeof first === "string" ? first : body?.name || "<anonymous>", options, body };
}

function modeOf(options: NodeTestOptions, mode: TestMode): TestMode {
  if (options.skip) return "skip";
  if (options.todo) return "todo";
  return options.only ? "only" : mode;
}

/** Subtests run at once, in order, inside of the test that makes them: `await t.test(…)`. */
function withSubtests(context: TestContext): TestContext {
  const test = async (...args: Parameters<NodeTest>): Promise<void> => {
    const { name, options, body } = readArguments(args);
    if (body === undefined || options.skip || options.todo) return;
    try {
      await body(withSubtests({ ...context, name }));
    } catch (error) {
      if (error instanceof Error) error.message = `${name}: ${error.message}`;
      throw error;
    }
  };
  return {
    ...context,
    test,
    diagnostic: () => undefined,
    mock: mockTracker,
    after: (action: () => unknown) => context.onTestFinished(action),
    plan: () => undefined,
  };
}

const mockTracker = {
  fn: (implementation?: (...args: never[]) => unknown) => withNodeMock(fn(implementation as never)),
  method: (target: object, name: string, implementation?: () => unknown) => {
    const spy = spyOn(target as never, name as never) as unknown as MockLike;
    return withNodeMock(
      implementation === undefined ? spy : (spy.mockImplementation(implementation) as MockLike),
    );
  },
  reset: () => undefined,
  restoreAll: () => undefined,
};

interface MockLike {
  (...args: unknown[]): unknown;
  mock: { calls: unknown[][]; results: { value: unknown }[] };
  mockImplementation(implementation: () => unknown): unknown;
  mockRestore(): void;
}

/** Node's shape of a mock's record: `calls` are objects, with `callCount()`. */
function withNodeMock(spy: MockLike): (...args: unknown[]) => unknown {
  const call = (...args: unknown[]): unknown => spy(...args);
  return Object.assign(call, {
    mock: {
      get calls() {
        return spy.mock.calls.map((args, index) => ({
          arguments: args,
          result: spy.mock.results[index]?.value,
        }));
      },
      callCount: () => spy.mock.calls.length,
      restore: () => spy.mockRestore(),
    },
  });
}

/** The module "node:test" on a runner. https://nodejs.org/api/test.html */
export function createNodeTest(runner: TestRunner): object {
  const createTest =
    (mode: TestMode): NodeTest =>
    async (...args) => {
      const { name, options, body } = readArguments(args);
      runner.test(
        name,
        { mode: modeOf(options, mode), timeoutMs: options.timeout ?? 60_000 },
        body === undefined ? undefined : (context) => runBody(body, context),
      );
    };
  const createSuite =
    (mode: TestMode): NodeTest =>
    async (...args) => {
      const { name, options, body } = readArguments(args);
      runner.suite(name, modeOf(options, mode), body as (() => unknown) | undefined);
    };
  const variants = { skip: "skip", only: "only", todo: "todo" } as const;
  const all = (create: (mode: TestMode) => NodeTest) =>
    Object.assign(
      create("run"),
      Object.fromEntries(Object.entries(variants).map(([name, mode]) => [name, create(mode)])),
    );
  const test = all(createTest);
  const suite = all(createSuite);
  return Object.assign(test, {
    test,
    it: test,
    describe: suite,
    suite,
    before: (action: () => unknown) => runner.hook("beforeAll", action),
    after: (action: () => unknown) => runner.hook("afterAll", action),
    beforeEach: (action: () => unknown) => runner.hook("beforeEach", action),
    afterEach: (action: () => unknown) => runner.hook("afterEach", action),
    mock: mockTracker,
    default: test,
  });
}

/** Node gives a second parameter to tests that wait for a callback. */
function runBody(body: TestBody, context: TestContext): unknown {
  const extended = withSubtests(context);
  if (body.length < 2) return body(extended);
  return new Promise<void>((resolve, reject) => {
    (body as unknown as (context: TestContext, done: (error?: Error) => void) => void)(extended, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}
