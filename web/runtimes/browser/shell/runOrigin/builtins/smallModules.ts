import type { NodeProcess } from "../processObject.ts";

/** The modules "url" and "querystring": what is not already global. */
export function createUrlModule(process: NodeProcess): object {
  return {
    URL,
    URLSearchParams,
    fileURLToPath: (url: string | URL) => decodeURIComponent(new URL(url).pathname),
    pathToFileURL: (path: string) =>
      new URL(encodeURI(path).replaceAll("#", "%23").replaceAll("?", "%3F"), `file://${process.cwd()}/`),
    format: (
      url: URL | { protocol?: string; host?: string; hostname?: string; pathname?: string; search?: string },
    ) =>
      url instanceof URL
        ? url.href
        : `${url.protocol ?? ""}//${url.host ?? url.hostname ?? ""}${url.pathname ?? ""}${url.search ?? ""}`,
    parse: parseUrl,
    resolve: (from: string, to: string) =>
      new URL(to, new URL(from, "resolve://")).href.replace(/^resolve:\/\//, ""),
    domainToASCII: (domain: string) => new URL(`http://${domain}`).hostname,
  };
}

function parseUrl(text: string, parseQuery = false): Record<string, unknown> {
  const isRelative = !/^[a-z][a-z+.-]*:/i.test(text);
  const url = new URL(text, "http://relative");
  const query = parseQuery ? Object.fromEntries(url.searchParams) : url.search.slice(1) || null;
  return {
    href: text,
    path: url.pathname + url.search,
    pathname: url.pathname,
    search: url.search || null,
    query,
    hash: url.hash || null,
    protocol: isRelative ? null : url.protocol,
    host: isRelative ? null : url.host,
    hostname: isRelative ? null : url.hostname,
    port: isRelative ? null : url.port || null,
  };
}

export const querystringModule = {
  parse(text: string): Record<string, string | string[]> {
    const result: Record<string, string | string[]> = {};
    for (const [key, value] of new URLSearchParams(text)) {
      const before = result[key];
      result[key] = before === undefined ? value : [before, value].flat();
    }
    return result;
  },
  stringify: (values: Record<string, unknown>) =>
    Object.entries(values)
      .flatMap(([key, value]) =>
        [value].flat().map((item) => `${encodeURIComponent(key)}=${encodeURIComponent(String(item))}`),
      )
      .join("&"),
  escape: encodeURIComponent,
  unescape: decodeURIComponent,
};

export const osModule = {
  EOL: "\n",
  platform: () => "linux",
  type: () => "Linux",
  arch: () => "wasm32",
  release: () => "6.0.0",
  version: () => "browser runtime",
  machine: () => "wasm32",
  hostname: () => "localhost",
  homedir: () => "/home/user",
  tmpdir: () => "/tmp",
  endianness: () => "LE",
  cpus: () =>
    Array.from({ length: navigator.hardwareConcurrency || 1 }, () => ({
      model: "browser",
      speed: 0,
      times: {},
    })),
  availableParallelism: () => navigator.hardwareConcurrency || 1,
  totalmem: () => 2 ** 31,
  freemem: () => 2 ** 30,
  uptime: () => performance.now() / 1000,
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  userInfo: () => ({ username: "user", uid: 1000, gid: 1000, homedir: "/home/user", shell: "/bin/bash" }),
  constants: { signals: {}, errno: {} },
};

/** The modules "timers" and "timers/promises", over the counted global timers. */
export function createTimersModules(): { timers: object; promises: object } {
  const wait = (ms?: number, value?: unknown, options?: { signal?: AbortSignal }): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => resolve(value), ms);
      options?.signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(options.signal?.reason instanceof Error ? options.signal.reason : new Error("aborted"));
      });
    });
  const promises = {
    setTimeout: wait,
    setImmediate: (value?: unknown) => wait(0, value),
    async *setInterval(ms?: number, value?: unknown): AsyncGenerator {
      for (;;) yield await wait(ms, value);
    },
    scheduler: { wait: (ms: number) => wait(ms), yield: () => wait(0) },
  };
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const { setImmediate, clearImmediate } = globalThis as unknown as Record<string, unknown>;
  return {
    timers: { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, promises },
    promises,
  };
}

/**
 * "async_hooks": a store is seen by what runs synchronously inside of `run`, and by its continuations only as long as
 * no other `run` interleaves: a worker has no hook into promises.
 */
export class AsyncLocalStorage {
  #store: unknown;

  run(store: unknown, action: (...args: unknown[]) => unknown, ...args: unknown[]): unknown {
    const before = this.#store;
    this.#store = store;
    const restore = (): void => void (this.#store = before);
    try {
      const result = action(...args);
      if (result instanceof Promise) return result.finally(restore);
      restore();
      return result;
    } catch (error) {
      restore();
      throw error;
    }
  }

  exit(action: (...args: unknown[]) => unknown, ...args: unknown[]): unknown {
    return this.run(undefined, action, ...args);
  }

  getStore(): unknown {
    return this.#store;
  }

  enterWith(store: unknown): void {
    this.#store = store;
  }

  disable(): void {
    this.#store = undefined;
  }
}

export class AsyncResource {
  runInAsyncScope(action: (...args: unknown[]) => unknown, self?: unknown, ...args: unknown[]): unknown {
    return action.apply(self, args);
  }

  static bind(action: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return action;
  }
}

function createChannel(name: string): object {
  const listeners = new Set<(message: unknown, name: string) => void>();
  return {
    name,
    get hasSubscribers() {
      return listeners.size > 0;
    },
    subscribe: (listener: (message: unknown, name: string) => void) => void listeners.add(listener),
    unsubscribe: (listener: (message: unknown, name: string) => void) => listeners.delete(listener),
    publish: (message: unknown) => listeners.forEach((listener) => listener(message, name)),
  };
}

const channels = new Map<string, object>();
function channel(name: string): object {
  const known = channels.get(name) ?? createChannel(name);
  channels.set(name, known);
  return known;
}

type Traced = (this: unknown, ...args: unknown[]) => unknown;

export const diagnosticsChannelModule = {
  channel,
  hasSubscribers: () => false,
  // Express reads the five channels and calls the tracer: they have to exist, without subscribers they do nothing.
  tracingChannel: (name: string) => ({
    ...Object.fromEntries(
      ["start", "end", "asyncStart", "asyncEnd", "error"].map((event) => [
        event,
        channel(`tracing:${name}:${event}`),
      ]),
    ),
    hasSubscribers: false,
    traceSync: (action: Traced, ...rest: unknown[]) => action.apply(rest[1], rest.slice(2)),
    tracePromise: (action: Traced, ...rest: unknown[]) => action.apply(rest[1], rest.slice(2)),
    traceCallback: (action: Traced, ...rest: unknown[]) => action.apply(rest[2], rest.slice(3)),
  }),
};

/** "readline" and its promises: lines of standard input. */
export function createReadlineModule(process: NodeProcess): object {
  const createInterface = (): object => {
    const listeners = new Map<string, ((line?: string) => void)[]>();
    const lines: string[] = [];
    let pending = "";
    let question: ((line: string) => void) | undefined;
    const emit = (event: string, line?: string): void =>
      listeners.get(event)?.forEach((listener) => listener(line));
    const take = (line: string): void => {
      if (question !== undefined) {
        const answer = question;
        question = undefined;
        answer(line);
      } else if (listeners.has("line")) emit("line", line);
      else lines.push(line);
    };
    process.stdin.on("data", (text: string) => {
      const parts = (pending + text).split("\n");
      pending = parts.pop() ?? "";
      for (const part of parts) take(part);
    });
    process.stdin.on("end", () => {
      if (pending !== "") take(pending);
      emit("close");
    });
    const ask = (text: string, answer: (line: string) => void): void => {
      process.stdout.write(text);
      const early = lines.shift();
      if (early === undefined) question = answer;
      else answer(early);
    };
    const self = {
      on: (event: string, listener: (line?: string) => void) => {
        listeners.set(event, [...(listeners.get(event) ?? []), listener]);
        if (event === "line") for (const line of lines.splice(0)) listener(line);
        return self;
      },
      once: (event: string, listener: (line?: string) => void) => self.on(event, listener),
      question: (text: string, options: unknown, answer?: (line: string) => void) => {
        const callback = (typeof options === "function" ? options : answer) as
          ((line: string) => void) | undefined;
        if (callback !== undefined) return ask(text, callback);
        return new Promise<string>((resolve) => ask(text, resolve));
      },
      setPrompt: () => undefined,
      prompt: () => void process.stdout.write("> "),
      write: () => undefined,
      pause: () => self,
      resume: () => self,
      close: () => {
        process.stdin.pause();
        emit("close");
      },
      async *[Symbol.asyncIterator](): AsyncGenerator<string> {
        let wake: (() => void) | undefined;
        let isClosed = false;
        self.on("line", (line) => {
          lines.push(line ?? "");
          wake?.();
        });
        self.on("close", () => {
          isClosed = true;
          wake?.();
        });
        for (;;) {
          const next = lines.shift();
          if (next !== undefined) yield next;
          else if (isClosed) return;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    };
    return self;
  };
  return { createInterface, promises: { createInterface }, clearLine: () => true, cursorTo: () => true };
}
