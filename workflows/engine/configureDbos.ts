import { DBOS } from "@dbos-inc/dbos-sdk";
import { dbRetryConfig } from "@dbos-inc/dbos-sdk/internal/utils";
import type { Logger } from "pino";

/** Constant: with DBOS's own hash of the code, a deploy would leave the runs before it behind. Changes of shape use DBOS.patch. */
export const applicationVersion = "coder-1";

/** Sets DBOS up for this process; call it before workflows are registered. */
export function configureDbos(options: { databaseUrl: string; workerId: string; logger: Logger }): void {
  const { logger } = options;
  // By default it waits longer each time, up to a minute and a half: a run would stand still long after the database is back.
  dbRetryConfig.maxBackoffSec = 4;
  DBOS.setConfig({
    name: "coder",
    systemDatabaseUrl: options.databaseUrl,
    systemDatabasePoolSize: 10,
    executorID: options.workerId,
    applicationVersion,
    enablePatching: true,
    // The stack migrates once, at its start: two workers migrating an empty database would deadlock.
    runMigrations: false,
    // How often DBOS looks whether it has news of its own events and streams, of which nothing here makes any: by default a
    // hundred times a second.
    notificationCoalesceMs: 60_000,
    logger: {
      info: (entry) => logger.debug(entry),
      debug: (entry) => logger.trace(entry),
      warn: seldom((entry) => logger.warn(entry)),
      error: seldom((entry) => logger.error(entry)),
    },
  });
}

const sameAgainMs = 10_000;

/** Says the same thing at most every ten seconds: while the database is away DBOS complains at every poll. */
function seldom(write: (entry: unknown) => void): (entry: unknown) => void {
  const saidAt = new Map<string, number>();
  return (entry) => {
    const text = (entry instanceof Error ? entry.message : String(entry)).slice(0, 60);
    const now = performance.now();
    if (now - (saidAt.get(text) ?? -Infinity) < sameAgainMs) return;
    if (saidAt.size > 1000) saidAt.clear();
    saidAt.set(text, now);
    write(entry);
  };
}
