/**
 * Knows whether a script still waits for something. Node ends when its event loop is empty; a worker never does, so
 * timers, requests and reads are counted and the script has ended when the count stays at zero.
 */
export class Activity {
  #pending = 0;
  #timers = new Set<unknown>();
  readonly #setTimeout = globalThis.setTimeout.bind(globalThis);
  readonly #clearTimeout = globalThis.clearTimeout.bind(globalThis);

  /** Runs a timer that does not keep the process alive. */
  untracked(action: () => void, ms: number): void {
    this.#setTimeout(action, ms);
  }

  /** Something is awaited until the returned function is called. */
  hold(): () => void {
    this.#pending += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#pending -= 1;
      isHeld = false;
    };
  }

  async track<T>(promise: Promise<T>): Promise<T> {
    const release = this.hold();
    try {
      return await promise;
    } finally {
      release();
    }
  }

  /** Resolves when nothing has been awaited for several turns: promise chains between two waits need some. */
  async idle(): Promise<void> {
    for (let quietTurns = 0; quietTurns < 4;) {
      await new Promise<void>((resolve) => this.#setTimeout(resolve, quietTurns === 0 ? 0 : 4));
      quietTurns = this.#pending === 0 ? quietTurns + 1 : 0;
    }
  }

  /** Replaces the global timers, `fetch` and the body readers by counted ones. */
  install(): void {
    this.#installTimers();
    const scope = globalThis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    for (const [owner, names] of [
      [scope, ["fetch"]],
      [Response.prototype as never, ["text", "json", "arrayBuffer", "blob", "formData", "bytes"]],
      [Blob.prototype as never, ["text", "arrayBuffer"]],
      [
        (globalThis.crypto?.subtle as never) ?? {},
        ["digest", "sign", "verify", "encrypt", "decrypt", "importKey", "deriveBits"],
      ],
    ] as [Record<string, (...args: unknown[]) => Promise<unknown>>, string[]][]) {
      for (const name of names) {
        const original = owner[name];
        if (original === undefined) continue;
        const track = <T>(promise: Promise<T>): Promise<T> => this.track(promise);
        owner[name] = function counted(this: unknown, ...args: unknown[]) {
          return track(original.apply(this === undefined ? globalThis : this, args));
        };
      }
    }
  }

  #installTimers(): void {
    const start = (
      kind: "setTimeout" | "setInterval",
      native: (action: () => void, ms?: number) => unknown,
    ) => {
      const isOnce = kind === "setTimeout";
      return (action: (...args: unknown[]) => void, ms?: number, ...args: unknown[]): TimerHandle => {
        const timer = new TimerHandle(this.hold(), () => this.hold());
        timer.id = native(() => {
          if (isOnce) {
            this.#timers.delete(timer);
            timer.release();
          }
          action(...args);
        }, ms);
        this.#timers.add(timer);
        return timer;
      };
    };
    const nativeInterval = globalThis.setInterval.bind(globalThis);
    const stop = (timer: unknown): void => {
      const handle =
        timer instanceof TimerHandle
          ? timer
          : [...this.#timers].find((known) => Number(known) === Number(timer));
      if (!(handle instanceof TimerHandle)) return;
      this.#clearTimeout(handle.id as never);
      this.#timers.delete(handle);
      handle.release();
    };
    const immediate = (action: (...args: unknown[]) => void, ...args: unknown[]): TimerHandle => {
      const timer = new TimerHandle(this.hold(), () => this.hold());
      timer.id = this.#setTimeout(() => {
        timer.release();
        action(...args);
      }, 0);
      return timer;
    };
    Object.assign(globalThis, {
      setTimeout: start("setTimeout", this.#setTimeout),
      setInterval: start("setInterval", nativeInterval),
      clearTimeout: stop,
      clearInterval: stop,
      setImmediate: immediate,
      clearImmediate: stop,
    });
  }
}

/** What Node's timers return. */
class TimerHandle {
  id: unknown;
  #release: () => void;
  readonly #hold: () => () => void;
  #isReferenced = true;

  constructor(release: () => void, hold: () => () => void) {
    this.#release = release;
    this.#hold = hold;
  }

  release(): void {
    this.#release();
  }

  ref(): this {
    if (!this.#isReferenced) this.#release = this.#hold();
    this.#isReferenced = true;
    return this;
  }

  unref(): this {
    this.#release();
    this.#isReferenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.#isReferenced;
  }

  [Symbol.toPrimitive](): number {
    return Number(this.id);
  }
}
