import * as bufferModule from "buffer";
import EventEmitter from "events";
import type { IFs } from "memfs";
import path from "path-browserify";
import streamModule from "readable-stream";
import { StringDecoder } from "string_decoder";
import { createConsole } from "../processConsole.ts";
import type { NodeProcess } from "../processObject.ts";
import { assertModule, assertStrictModule } from "./assert.ts";
import { cryptoModule } from "./crypto.ts";
import {
  AsyncLocalStorage,
  AsyncResource,
  createReadlineModule,
  createTimersModules,
  createUrlModule,
  diagnosticsChannelModule,
  osModule,
  querystringModule,
} from "./smallModules.ts";
import { createUnavailableModules } from "./unavailable.ts";
import { utilModule } from "./util.ts";

export interface BuiltinParts {
  process: NodeProcess;
  fs: IFs;
  /** The module "node:test". */
  test: object;
}

/** `events.once` and `events.on`, which the stand-in lacks or has without promises. */
function createEventsModule(): object {
  const once = (emitter: EventEmitter, event: string): Promise<unknown[]> =>
    new Promise((resolve, reject) => {
      emitter.once(event, (...args: unknown[]) => resolve(args));
      if (event !== "error")
        emitter.once("error", (error: unknown) =>
          reject(error instanceof Error ? error : new Error(String(error))),
        );
    });
  return Object.assign(EventEmitter, { EventEmitter, once, default: EventEmitter });
}

/** Every builtin by its name without "node:". */
export function createBuiltins({ process, fs, test }: BuiltinParts): Record<string, object> {
  const timers = createTimersModules();
  const readline = createReadlineModule(process);
  const builtins: Record<string, object> = {
    ...createUnavailableModules(),
    assert: assertModule,
    "assert/strict": assertStrictModule,
    async_hooks: {
      AsyncLocalStorage,
      AsyncResource,
      createHook: () => ({ enable() {}, disable() {} }),
      executionAsyncId: () => 0,
    },
    buffer: { ...bufferModule, Blob, File, atob: atob.bind(globalThis), btoa: btoa.bind(globalThis) },
    console: Object.assign(globalThis.console, { Console: createConsole }),
    constants: fs.constants,
    crypto: cryptoModule,
    diagnostics_channel: diagnosticsChannelModule,
    events: createEventsModule(),
    fs: Object.assign(fs, { default: fs }),
    "fs/promises": fs.promises,
    os: osModule,
    path,
    "path/posix": path,
    perf_hooks: {
      performance,
      PerformanceObserver: globalThis.PerformanceObserver,
      monitorEventLoopDelay: () => ({ enable() {}, disable() {} }),
    },
    process,
    punycode: { toASCII: (domain: string) => new URL(`http://${domain}`).hostname },
    querystring: querystringModule,
    readline,
    "readline/promises": readline,
    stream: streamModule,
    "stream/promises": streamModule.promises,
    "stream/web": { ReadableStream, WritableStream, TransformStream, TextDecoderStream, TextEncoderStream },
    string_decoder: { StringDecoder },
    test,
    timers: timers.timers,
    "timers/promises": timers.promises,
    tty: { isatty: () => true, ReadStream: EventEmitter, WriteStream: EventEmitter },
    url: createUrlModule(process),
    util: utilModule,
    "util/types": utilModule.types,
    worker_threads: {
      isMainThread: true,
      parentPort: null,
      workerData: null,
      threadId: 0,
      MessageChannel,
      MessagePort,
    },
  };
  const require = Object.assign(
    (id: string): unknown => {
      const found = builtins[id.replace(/^node:/, "")];
      if (found !== undefined) return found;
      throw Object.assign(
        new Error(
          `Cannot find module '${id}'. Only what is imported by its name is in a process of the browser runtime.`,
        ),
        {
          code: "MODULE_NOT_FOUND",
        },
      );
    },
    { resolve: (id: string) => id, cache: {} },
  );
  builtins.module = {
    createRequire: () => require,
    builtinModules: Object.keys(builtins),
    isBuiltin: (id: string) => id.replace(/^node:/, "") in builtins,
  };
  return builtins;
}
