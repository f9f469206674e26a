import type { Logger } from "pino";
import { isLostConnection } from "./database.ts";

/** Runs something again and again, never twice at once; a lost connection is the next round's business. */
export function every(intervalMs: number, work: () => Promise<void>, logger: Logger): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    work()
      .catch((error: unknown) => {
        if (!isLostConnection(error)) logger.error({ err: error }, "A periodic task failed");
      })
      .finally(() => (busy = false));
  }, intervalMs);
  return () => clearInterval(timer);
}
