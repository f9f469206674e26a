import { createSignal, onCleanup, type Accessor } from "solid-js";
import { storedRunEventSchema, type StoredRunEvent } from "../shared/run/events.ts";
import { emptyRunView, reduceRun, type RunView } from "../shared/run/reduceRun.ts";
import type { Topics } from "./topics.ts";

/** How fresh the view is: `live` as it happens, `polling` asked for every few seconds, `offline` not at all. */
export type Freshness = "loading" | "live" | "polling" | "offline";

export interface LiveRunOptions {
  runId: string;
  topics: Topics;
  /** Events with seq > `afterSeq` in order, at most a page of them; empty when there are no more. */
  eventsAfter: (afterSeq: number) => Promise<StoredRunEvent[]>;
  /** The next events, each seq exactly once and without a gap. */
  onEvents: (events: StoredRunEvent[]) => void;
  onFreshness?: (freshness: Freshness) => void;
  /** Something that means "ask again now": back online, the tab is shown again. Returns the function that stops. */
  onWake?: (wake: () => void) => () => void;
  /** Milliseconds between questions while Realtime is not joined, and after a failed one. */
  pollMs?: number;
}

/**
 * Feeds a run's events to `onEvents`: listens first and then fetches, so that nothing falls between; what arrives
 * twice is dropped; a gap, a reconnect and a wake-up fetch again. Dispose of it when done.
 */
export function makeLiveRun(options: LiveRunOptions): { dispose: () => void; lastSeq: () => number } {
  const early = new Map<number, StoredRunEvent>();
  let lastSeq = 0;
  let joined = false;
  let finished = false;
  let disposed = false;
  let fetching = false;
  let fetchAgain = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pollMs = options.pollMs ?? 2_000;

  const take = (events: readonly StoredRunEvent[]) => {
    for (const event of events) if (event.seq > lastSeq) early.set(event.seq, event);
    const next: StoredRunEvent[] = [];
    for (let event = early.get(lastSeq + 1); event !== undefined; event = early.get(lastSeq + 1)) {
      early.delete(event.seq);
      lastSeq = event.seq;
      next.push(event);
      if (event.event.type === "run.finished") finished = true;
    }
    if (next.length > 0) options.onEvents(next);
  };

  /** Asks until there is nothing new; calls while it asks make it ask once more. */
  const catchUp = async () => {
    if (disposed) return;
    if (fetching) {
      fetchAgain = true;
      return;
    }
    fetching = true;
    clearTimeout(timer);
    let failed = false;
    try {
      let page: StoredRunEvent[];
      do {
        fetchAgain = false;
        page = await options.eventsAfter(lastSeq);
        if (disposed) return;
        take(page);
      } while (page.length > 0 || fetchAgain);
      options.onFreshness?.(joined || finished ? "live" : "polling");
    } catch {
      // Shown as `offline`, and asked again below: the events are safe on the server.
      failed = true;
      options.onFreshness?.("offline");
    } finally {
      fetching = false;
    }
    if (!disposed && !finished && (failed || !joined)) timer = setTimeout(() => void catchUp(), pollMs);
  };

  const stopListening = options.topics.listen(`run:${options.runId}`, {
    onJoined: (isJoined) => {
      joined = isJoined;
      void catchUp();
    },
    onMessage: (name, payload) => {
      if (name !== "run_event") return;
      const parsed = storedRunEventSchema.safeParse(payload);
      if (parsed.success && parsed.data.runId === options.runId) take([parsed.data]);
      // A gap, or something that could not be read: the stored events have the truth.
      if (!parsed.success || early.size > 0) void catchUp();
    },
  });
  const stopWaking = options.onWake?.(() => void catchUp());
  // Does not wait for the join: a page without Realtime shows what is stored, then polls.
  void catchUp();

  return {
    lastSeq: () => lastSeq,
    dispose: () => {
      disposed = true;
      clearTimeout(timer);
      stopListening();
      stopWaking?.();
    },
  };
}

/** Calls `wake` when the machine is online again, the tab is shown again, or the page comes back from the cache. */
export function onBrowserWake(wake: () => void): () => void {
  const onVisible = () => document.visibilityState === "visible" && wake();
  window.addEventListener("online", wake);
  window.addEventListener("offline", wake);
  window.addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    window.removeEventListener("online", wake);
    window.removeEventListener("offline", wake);
    window.removeEventListener("pageshow", wake);
    document.removeEventListener("visibilitychange", onVisible);
  };
}

export interface LiveRun {
  view: Accessor<RunView>;
  freshness: Accessor<Freshness>;
}

/** The run's view, kept current for as long as the component that calls it is on the page. */
export function createLiveRun(options: Pick<LiveRunOptions, "runId" | "topics" | "eventsAfter">): LiveRun {
  const [view, setView] = createSignal(emptyRunView(options.runId));
  const [freshness, setFreshness] = createSignal<Freshness>("loading");
  const live = makeLiveRun({
    ...options,
    onWake: onBrowserWake,
    onFreshness: setFreshness,
    onEvents: (events) => setView((before) => events.reduce(reduceRun, before)),
  });
  onCleanup(live.dispose);
  return { view, freshness };
}
