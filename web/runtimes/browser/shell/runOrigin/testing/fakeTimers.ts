interface FakeTimer {
  id: number;
  at: number;
  action: () => void;
  intervalMs: number | undefined;
}

/** `vi.useFakeTimers` and its companions: timers and Date that move only when the test says so. */
export function createFakeTimers(): Record<string, unknown> {
  const scope = globalThis as unknown as Record<string, unknown>;
  const RealDate = Date;
  let original: Record<string, unknown> | undefined;
  let timers: FakeTimer[] = [];
  let now = 0;
  let nextId = 1;

  const add = (
    action: (...args: unknown[]) => void,
    ms: unknown,
    { args, isInterval }: { args: unknown[]; isInterval: boolean },
  ): number => {
    const delay = Math.max(isInterval ? 1 : 0, Number(ms) || 0);
    const id = nextId;
    nextId += 1;
    timers.push({
      id,
      at: now + delay,
      action: () => action(...args),
      intervalMs: isInterval ? delay : undefined,
    });
    return id;
  };
  const clear = (id: unknown): void => void (timers = timers.filter((timer) => timer.id !== Number(id)));
  const runNext = (until: number): boolean => {
    const due = timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.id - b.id)[0];
    if (due === undefined) return false;
    now = Math.max(now, due.at);
    if (due.intervalMs === undefined) clear(due.id);
    else due.at += due.intervalMs;
    due.action();
    return true;
  };
  const maxTimers = 10_000;
  const advance = (ms: number): void => {
    const until = now + ms;
    while (runNext(until));
    now = until;
  };
  const runAll = (): void => {
    for (let count = 0; timers.length > 0; count += 1) {
      if (count > maxTimers)
        throw new Error(`Aborting after running ${maxTimers} timers, assuming an infinite loop!`);
      runNext(Number.POSITIVE_INFINITY);
    }
  };
  const flush = (): Promise<void> =>
    new Promise((resolve) => {
      const later = (original?.setTimeout ?? scope.setTimeout) as typeof setTimeout;
      later(resolve, 0);
    });

  class FakeDate extends RealDate {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [now] : args) as [number]));
    }

    static override now(): number {
      return now;
    }
  }

  const api: Record<string, unknown> = {
    useFakeTimers: (options: { now?: number | Date } = {}) => {
      if (original !== undefined) return api;
      const names = [
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "setImmediate",
        "clearImmediate",
        "Date",
      ];
      original = Object.fromEntries(names.map((name) => [name, scope[name]]));
      now = Number(options.now ?? RealDate.now());
      timers = [];
      Object.assign(scope, {
        setTimeout: (action: () => void, ms?: number, ...args: unknown[]) =>
          add(action, ms, { args, isInterval: false }),
        setInterval: (action: () => void, ms?: number, ...args: unknown[]) =>
          add(action, ms, { args, isInterval: true }),
        setImmediate: (action: () => void, ...args: unknown[]) => add(action, 0, { args, isInterval: false }),
        clearTimeout: clear,
        clearInterval: clear,
        clearImmediate: clear,
        Date: FakeDate,
      });
      return api;
    },
    useRealTimers: () => {
      if (original !== undefined) Object.assign(scope, original);
      original = undefined;
      return api;
    },
    isFakeTimers: () => original !== undefined,
    setSystemTime: (time: number | Date) => {
      now = Number(time);
      return api;
    },
    getRealSystemTime: () => RealDate.now(),
    getMockedSystemTime: () => (original === undefined ? null : new RealDate(now)),
    advanceTimersByTime: (ms: number) => {
      advance(ms);
      return api;
    },
    advanceTimersByTimeAsync: async (ms: number) => {
      const until = now + ms;
      await flush();
      while (runNext(until)) await flush();
      now = until;
      return api;
    },
    advanceTimersToNextTimer: () => {
      runNext(Number.POSITIVE_INFINITY);
      return api;
    },
    runAllTimers: () => {
      runAll();
      return api;
    },
    runAllTimersAsync: async () => {
      for (let count = 0; timers.length > 0 && count <= maxTimers; count += 1) {
        runNext(Number.POSITIVE_INFINITY);
        await flush();
      }
      return api;
    },
    runOnlyPendingTimers: () => {
      const pending = new Set(timers.map(({ id }) => id));
      const last = Math.max(now, ...timers.map(({ at }) => at));
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (!pending.has(timer.id)) continue;
        now = Math.max(now, timer.at);
        if (timer.intervalMs === undefined) clear(timer.id);
        else timer.at += timer.intervalMs;
        timer.action();
      }
      now = last;
      return api;
    },
    clearAllTimers: () => {
      timers = [];
      return api;
    },
    getTimerCount: () => timers.length,
  };
  return api;
}
