import { customInspect, format, formatWithOptions, inspect } from "../inspect.ts";
import { isDeepEqual } from "./deepEqual.ts";

type Callback = (error: unknown, value?: unknown) => void;
type Callable = (...args: unknown[]) => unknown;

const promisifyCustom = Symbol.for("nodejs.util.promisify.custom");

function promisify(original: Callable & { [promisifyCustom]?: Callable }): Callable {
  if (original[promisifyCustom] !== undefined) return original[promisifyCustom];
  return function promisified(this: unknown, ...args: unknown[]) {
    return new Promise((resolve, reject) => {
      const done: Callback = (error, value) => {
        if (error === null || error === undefined) resolve(value);
        else reject(error instanceof Error ? error : new Error(inspect(error)));
      };
      original.call(this, ...args, done);
    });
  };
}
promisify.custom = promisifyCustom;

function callbackify(original: (...args: unknown[]) => Promise<unknown>): Callable {
  return (...args: unknown[]) => {
    const callback = args.pop() as Callback;
    // Out of the promise chain, so that what the callback throws is not a rejection of it.
    const answer = (error: unknown, value?: unknown): void => queueMicrotask(() => callback(error, value));
    original(...args).then(
      (value) => answer(null, value),
      (error: unknown) => answer(error),
    );
  };
}

function inherits(child: { prototype: object; super_?: unknown }, parent: { prototype: object }): void {
  child.super_ = parent;
  Object.setPrototypeOf(child.prototype, parent.prototype);
}

const codes: Record<string, [number, number]> = {
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  inverse: [7, 27],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  gray: [90, 39],
  grey: [90, 39],
};

function styleText(styles: string | string[], text: string): string {
  return [styles].flat().reduce((styled, style) => {
    const [open, close] = codes[style] ?? [0, 0];
    return `\u001b[${open}m${styled}\u001b[${close}m`;
  }, text);
}

const isA = (name: string) => (value: unknown) =>
  Object.prototype.toString.call(value) === `[object ${name}]`;

const types = {
  isPromise: isA("Promise"),
  isRegExp: isA("RegExp"),
  isDate: isA("Date"),
  isMap: isA("Map"),
  isSet: isA("Set"),
  isWeakMap: isA("WeakMap"),
  isWeakSet: isA("WeakSet"),
  isNativeError: (value: unknown) => value instanceof Error,
  isUint8Array: (value: unknown) => value instanceof Uint8Array,
  isTypedArray: (value: unknown) => ArrayBuffer.isView(value) && !(value instanceof DataView),
  isArrayBuffer: isA("ArrayBuffer"),
  isAnyArrayBuffer: (value: unknown) => isA("ArrayBuffer")(value) || isA("SharedArrayBuffer")(value),
  isArrayBufferView: (value: unknown) => ArrayBuffer.isView(value),
  isAsyncFunction: isA("AsyncFunction"),
  isGeneratorFunction: isA("GeneratorFunction"),
  isGeneratorObject: isA("Generator"),
  isProxy: () => false,
  isBoxedPrimitive: (value: unknown) =>
    typeof value === "object" && value !== null && Object(value.valueOf()) !== value.valueOf(),
};

/** The module "util". */
export const utilModule = {
  inspect: Object.assign(inspect, { custom: customInspect }),
  format,
  formatWithOptions,
  promisify,
  callbackify,
  inherits,
  styleText,
  types,
  isDeepStrictEqual: (a: unknown, b: unknown) => isDeepEqual(a, b),
  deprecate: (original: Callable) => original,
  debuglog: () => Object.assign(() => undefined, { enabled: false }),
  debug: () => Object.assign(() => undefined, { enabled: false }),
  // oxlint-disable-next-line no-control-regex -- escape sequences are what is removed
  stripVTControlCharacters: (text: string) => text.replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/g, ""),
  toUSVString: (text: string) => text.toWellFormed(),
  isArray: (value: unknown) => Array.isArray(value),
  TextEncoder,
  TextDecoder,
};
