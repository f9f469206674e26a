/** Imported first: Rolldown's and Babel's modules look at `process` while they are evaluated. */
const scope = globalThis as unknown as { process?: unknown; global?: unknown };
scope.global ??= globalThis;
scope.process ??= {
  env: { NODE_ENV: "production" },
  argv: [],
  platform: "linux",
  version: "v24.0.0",
  versions: {},
  cwd: () => "/",
  nextTick: (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    queueMicrotask(() => callback(...args)),
  emitWarning: () => {},
  on: () => {},
  stdout: {},
  stderr: {},
};
