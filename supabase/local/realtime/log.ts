import type { Logger } from "pino";

/** Where the gateway reports what no client can be told. */
export type RealtimeLog = Pick<Logger, "debug" | "info" | "warn" | "error">;
