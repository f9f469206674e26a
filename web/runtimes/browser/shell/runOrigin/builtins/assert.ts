import { inspect } from "../inspect.ts";
import { isDeepEqual } from "./deepEqual.ts";

/** Node's AssertionError: https://nodejs.org/api/assert.html#class-assertassertionerror */
export class AssertionError extends Error {
  readonly code = "ERR_ASSERTION";
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;
  readonly generatedMessage: boolean;

  constructor(options: {
    message?: string | undefined;
    actual?: unknown;
    expected?: unknown;
    operator?: string;
  }) {
    super(
      options.message ??
        `${inspect(options.actual)} ${options.operator ?? "=="} ${inspect(options.expected)}`,
    );
    this.name = "AssertionError";
    this.generatedMessage = options.message === undefined;
    this.actual = options.actual;
    this.expected = options.expected;
    this.operator = options.operator ?? "fail";
  }
}

type Message = string | Error | undefined;
type Matcher =
  | RegExp
  | Error
  | (new (...args: never[]) => unknown)
  | ((error: unknown) => unknown)
  | Record<string, unknown>;

interface Failure {
  message: Message;
  fallback: string;
  actual?: unknown;
  expected?: unknown;
  operator: string;
}

function fail({ message, fallback, actual, expected, operator }: Failure): never {
  if (message instanceof Error) throw message;
  throw new AssertionError({ message: message ?? fallback, actual, expected, operator });
}

function comparison(operator: string, title: string, test: (actual: unknown, expected: unknown) => boolean) {
  return (actual: unknown, expected: unknown, message?: string | Error): void => {
    if (test(actual, expected)) return;
    fail({
      message,
      fallback: `${title}\n\n${inspect(actual)}\n\n${inspect(expected)}\n`,
      actual,
      expected,
      operator,
    });
  };
}

function matchesError(error: unknown, matcher: Matcher): boolean {
  if (matcher instanceof RegExp) return matcher.test(String(error));
  if (typeof matcher === "function") {
    const isClass =
      matcher.prototype !== undefined && (matcher === Error || matcher.prototype instanceof Error);
    if (isClass) return error instanceof matcher;
    return (matcher as (error: unknown) => unknown)(error) === true;
  }
  const target = error as Record<string, unknown>;
  const keys = matcher instanceof Error ? ["message", "name", ...Object.keys(matcher)] : Object.keys(matcher);
  return keys.every((key) => {
    const wanted = (matcher as Record<string, unknown>)[key];
    return wanted instanceof RegExp ? wanted.test(String(target[key])) : isDeepEqual(target[key], wanted);
  });
}

function checkThrown(error: unknown, matcher: Matcher | string | undefined, operator: string): void {
  if (matcher === undefined || typeof matcher === "string" || matchesError(error, matcher)) return;
  if (typeof matcher === "function" && matcher !== Error && !(matcher.prototype instanceof Error)) {
    fail({
      message: undefined,
      fallback: "The validation function is expected to return true.",
      actual: error,
      operator,
    });
  }
  throw error;
}

function createAssert(isStrict: boolean) {
  const ok = (value: unknown, message?: string | Error): void => {
    if (!value)
      fail({
        message,
        fallback: "The expression evaluated to a falsy value",
        actual: value,
        expected: true,
        operator: "==",
      });
  };
  const strictEqual = comparison("strictEqual", "Expected values to be strictly equal:", Object.is);
  const notStrictEqual = comparison(
    "notStrictEqual",
    "Expected values not to be strictly equal:",
    (a, b) => !Object.is(a, b),
  );
  const deepStrictEqual = comparison(
    "deepStrictEqual",
    "Expected values to be strictly deep-equal:",
    (a, b) => isDeepEqual(a, b),
  );
  const notDeepStrictEqual = comparison(
    "notDeepStrictEqual",
    "Expected values not to be strictly deep-equal:",
    (a, b) => !isDeepEqual(a, b),
  );
  // oxlint-disable-next-line eqeqeq -- assert.equal is defined by ==
  const looseEqual = (a: unknown, b: unknown): boolean => a == b || (Number.isNaN(a) && Number.isNaN(b));
  const members = {
    ok,
    AssertionError,
    strictEqual,
    notStrictEqual,
    deepStrictEqual,
    notDeepStrictEqual,
    equal: isStrict ? strictEqual : comparison("==", "Expected values to be loosely equal:", looseEqual),
    notEqual: isStrict
      ? notStrictEqual
      : comparison("!=", "Expected values not to be loosely equal:", (a, b) => !looseEqual(a, b)),
    deepEqual: isStrict
      ? deepStrictEqual
      : comparison("deepEqual", "Expected values to be loosely deep-equal:", (a, b) =>
          isDeepEqual(a, b, true),
        ),
    notDeepEqual: isStrict
      ? notDeepStrictEqual
      : comparison(
          "notDeepEqual",
          "Expected values not to be loosely deep-equal:",
          (a, b) => !isDeepEqual(a, b, true),
        ),
    fail: (message?: string | Error) => fail({ message, fallback: "Failed", operator: "fail" }),
    match: (text: string, pattern: RegExp, message?: string | Error) => {
      if (!pattern.test(text))
        fail({
          message,
          fallback: `The input did not match ${String(pattern)}. Input: ${inspect(text)}`,
          actual: text,
          expected: pattern,
          operator: "match",
        });
    },
    doesNotMatch: (text: string, pattern: RegExp, message?: string | Error) => {
      if (pattern.test(text))
        fail({
          message,
          fallback: `The input was expected not to match ${String(pattern)}. Input: ${inspect(text)}`,
          actual: text,
          expected: pattern,
          operator: "doesNotMatch",
        });
    },
    throws: (action: () => unknown, matcher?: Matcher | string, message?: string) => {
      try {
        action();
      } catch (error) {
        return checkThrown(error, matcher, "throws");
      }
      return fail({
        message: typeof matcher === "string" ? matcher : message,
        fallback: "Missing expected exception.",
        operator: "throws",
      });
    },
    doesNotThrow: (action: () => unknown) => void action(),
    rejects: async (
      action: Promise<unknown> | (() => Promise<unknown>),
      matcher?: Matcher | string,
      message?: string,
    ) => {
      try {
        await (typeof action === "function" ? action() : action);
      } catch (error) {
        return checkThrown(error, matcher, "rejects");
      }
      return fail({
        message: typeof matcher === "string" ? matcher : message,
        fallback: "Missing expected rejection.",
        operator: "rejects",
      });
    },
    doesNotReject: async (action: Promise<unknown> | (() => Promise<unknown>)) =>
      void (await (typeof action === "function" ? action() : action)),
    ifError: (value: unknown) => {
      if (value !== null && value !== undefined) throw value;
    },
  };
  return Object.assign((value: unknown, message?: string | Error) => ok(value, message), members);
}

const strict = createAssert(true);

/** The modules "assert" and "assert/strict". */
export const assertModule = Object.assign(createAssert(false), { strict: Object.assign(strict, { strict }) });
export const assertStrictModule = strict;
