import postgres from "postgres";
import { CoderError } from "../../shared/errors.ts";

export type Sql = postgres.Sql;

/**
 * Connects to Postgres, directly (not through a transaction pooler: the engine listens). `bigint` and `numeric` come
 * as numbers, times as ISO text.
 */
export function connectDatabase(url: string, options: { max?: number } = {}): Sql {
  return postgres(url, {
    max: options.max ?? 10,
    onnotice: () => undefined,
    // A dead server must be noticed well within a lease.
    connect_timeout: 5,
    // The library's own pause grows to many seconds, in which a heartbeat would neither get through nor learn why not.
    backoff: () => 0.2,
    connection: { application_name: "coder-worker" },
    types: {
      bigint: { to: 20, from: [20, 1700], serialize: String, parse: Number },
      timestamp: {
        to: 1184,
        from: [1114, 1184],
        serialize: String,
        parse: (text: string) => new Date(text).toISOString(),
      },
    },
  });
}

const lostCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, and class 08.
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "08000",
  "08003",
  "08006",
  "08001",
  "08004",
]);

function errorCode(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** Whether an error says that the connection, not the statement, failed. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isLostConnection);
  return lostCodes.has(errorCode(error));
}

/** Whether nobody at all can reach the server at its address: it is down for every worker, not for this one alone. */
export function isServerDown(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isServerDown);
  return ["ECONNREFUSED", "57P01", "57P02", "57P03"].includes(errorCode(error));
}

/** Whether the worker has lost its lease: see private.append_run_events. */
export function isFenced(error: unknown): boolean {
  return errorCode(error) === "55000";
}

export interface RetryOptions {
  /** How long the database may be away, in milliseconds; default two minutes. */
  forMs?: number;
  signal?: AbortSignal;
}

/**
 * Repeats idempotent work for as long as the connection is lost.
 * @throws the error of the work itself, or `unavailable` when the database stayed away.
 */
export async function whenConnected<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const until = performance.now() + (options.forMs ?? 120_000);
  for (let pause = 50; ; pause = Math.min(pause * 2, 1000)) {
    try {
      return await work();
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      if (performance.now() + pause > until || options.signal?.aborted) {
        throw new CoderError("unavailable", "The database cannot be reached", { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
