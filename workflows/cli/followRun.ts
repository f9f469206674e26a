import { setTimeout as delay } from "node:timers/promises";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import { isFinal } from "../../shared/run/transitions.ts";
import type { Server } from "./api.ts";
import { toCliError } from "./api.ts";

const pageSize = 500;
const pauseMs = 300;
/** How long the server may be away while a run is watched. */
const awayMs = 60_000;

export interface FollowOptions {
  onEvent(event: StoredRunEvent): void;
  /** Goes on until the run has ended; without it, until nothing more is there now. */
  follow: boolean;
  /** The server has stopped to answer and is waited for, or answers again. */
  onAway?(away: boolean): void;
  signal?: AbortSignal;
}

/**
 * Gives every event of a run once and in order. While it follows, a server that restarts is waited for, a minute at most;
 * a new page is asked for by number, so nothing is lost or doubled.
 */
export async function followRun(server: Server, runId: string, options: FollowOptions): Promise<void> {
  let afterSeq = 0;
  let answeredAt = performance.now();
  let away = false;
  const setAway = (now: boolean): void => {
    if (now !== away) options.onAway?.(now);
    away = now;
  };
  for (;;) {
    if (options.signal?.aborted) return;
    let events: StoredRunEvent[] = [];
    try {
      events = await server.api.runs.eventsAfter.query({ runId, afterSeq, limit: pageSize });
      answeredAt = performance.now();
      setAway(false);
    } catch (thrown) {
      const isAway = toCliError(thrown).code === "unavailable";
      if (!isAway || !options.follow || performance.now() - answeredAt > awayMs) throw thrown;
      setAway(true);
    }
    for (const event of events) {
      options.onEvent(event);
      afterSeq = event.seq;
      if (event.event.type === "run.finished" && isFinal(event.event.status)) return;
    }
    if (events.length === pageSize) continue;
    if (!options.follow) return;
    await delay(pauseMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => undefined);
  }
}
