import { describe, expect, it, vi } from "vitest";
import type { StoredRunEvent } from "../shared/run/events.ts";
import { makeLiveRun, type Freshness } from "./live.ts";
import type { TopicListener } from "./topics.ts";

const runId = "5b1c2f5e-8a52-4b43-9d0c-6f1f0a8f6a11";

const eventAt = (seq: number): StoredRunEvent => ({
  runId,
  seq,
  at: new Date(1_700_000_000_000 + seq).toISOString(),
  event: { type: "step.log", stepId: "test", chunks: [{ stream: "out", text: `line ${seq}\n`, at: seq }] },
});

/** A server that stores events and sends them, whose connection can be cut. */
function setUp(options: { stored?: number; pageSize?: number } = {}) {
  const stored: StoredRunEvent[] = Array.from({ length: options.stored ?? 0 }, (_, index) =>
    eventAt(index + 1),
  );
  const listeners = new Set<TopicListener>();
  const got: number[] = [];
  const freshness: Freshness[] = [];
  let connected = true;
  let wake = () => {};
  const asked: number[] = [];

  const live = makeLiveRun({
    runId,
    pollMs: 5,
    topics: {
      listen: (topic, listener) => {
        expect(topic).toBe(`run:${runId}`);
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    eventsAfter: async (after) => {
      asked.push(after);
      await Promise.resolve();
      if (!connected) throw new Error("no connection");
      return stored.filter((event) => event.seq > after).slice(0, options.pageSize ?? 500);
    },
    onEvents: (events) => got.push(...events.map((event) => event.seq)),
    onFreshness: (next) => freshness.push(next),
    onWake: (call) => {
      wake = call;
      return () => {};
    },
  });
  const send = (event: StoredRunEvent) => {
    for (const listener of listeners) listener.onMessage("run_event", event);
  };
  return {
    live,
    got,
    asked,
    freshness,
    listeners,
    send,
    join: (joined = true) => listeners.forEach((listener) => listener.onJoined(joined)),
    connect: (isConnected: boolean) => (connected = isConnected),
    wake: () => wake(),
    store: (seq: number) => stored.push(eventAt(seq)),
    happen: (seq: number) => {
      stored.push(eventAt(seq));
      send(eventAt(seq));
    },
  };
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describe("a live run", () => {
  it("fetches all pages of what is stored, then takes what is sent", async () => {
    const run = setUp({ stored: 7, pageSize: 3 });
    run.join();
    await vi.waitFor(() => expect(run.got).toEqual(upTo(7)));
    run.happen(8);
    expect(run.got).toEqual(upTo(8));
    await vi.waitFor(() => expect(run.freshness.at(-1)).toBe("live"));
    run.live.dispose();
  });

  it("shows each event once when it is both sent and fetched, in any order", async () => {
    const run = setUp({ stored: 3 });
    run.join();
    run.happen(4);
    run.send(eventAt(2));
    run.send(eventAt(4));
    await vi.waitFor(() => expect(run.got).toEqual(upTo(4)));
    run.send(eventAt(4));
    run.send(eventAt(1));
    expect(run.got).toEqual(upTo(4));
    run.live.dispose();
  });

  it("fetches what is missing when a sent event leaves a gap", async () => {
    const run = setUp({ stored: 1 });
    run.join();
    await vi.waitFor(() => expect(run.got).toEqual([1]));
    run.store(2);
    run.store(3);
    run.happen(4);
    await vi.waitFor(() => expect(run.got).toEqual(upTo(4)));
    run.live.dispose();
  });

  it("fetches when it cannot read what was sent", async () => {
    const run = setUp({ stored: 1 });
    run.join();
    await vi.waitFor(() => expect(run.got).toEqual([1]));
    run.store(2);
    run.listeners.forEach((listener) => listener.onMessage("run_event", { runId, seq: 2, too: "large" }));
    await vi.waitFor(() => expect(run.got).toEqual([1, 2]));
    run.live.dispose();
  });

  it("loses nothing that happened while it was offline", async () => {
    const run = setUp({ stored: 2 });
    run.join();
    await vi.waitFor(() => expect(run.got).toEqual([1, 2]));
    run.connect(false);
    run.join(false);
    run.store(3);
    run.store(4);
    await vi.waitFor(() => expect(run.freshness.at(-1)).toBe("offline"));
    run.connect(true);
    run.wake();
    await vi.waitFor(() => expect(run.got).toEqual(upTo(4)));
    run.live.dispose();
  });

  it("polls while Realtime is not to be had", async () => {
    const run = setUp({ stored: 1 });
    await vi.waitFor(() => expect(run.freshness.at(-1)).toBe("polling"));
    run.store(2);
    await vi.waitFor(() => expect(run.got).toEqual([1, 2]));
    run.live.dispose();
  });

  it("stops listening and asking when it is disposed of", async () => {
    const run = setUp({ stored: 1 });
    await vi.waitFor(() => expect(run.got).toEqual([1]));
    run.live.dispose();
    expect(run.listeners.size).toBe(0);
    run.store(2);
    const before = run.asked.length;
    run.wake();
    expect(run.asked.length).toBe(before);
    expect(run.got).toEqual([1]);
  });
});
