import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Logger } from "pino";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import { isLostConnection, whenConnected, type Sql } from "../engine/database.ts";
import type { Forge } from "../forges/forge.ts";
import { dispatch } from "./dispatch.ts";
import { fireSchedules } from "./fireSchedules.ts";
import { claimStaleProjects, putOffProject } from "./sql/claimStaleProjects.ts";
import { endDelivery } from "./sql/endDelivery.ts";
import { syncTriggers, type SyncParts } from "./syncTriggers.ts";
import { makeReadFiles } from "./workflowFiles.ts";

export interface TriggerOptions {
  sql: Sql;
  forgeOf(projectId: string): Forge;
  logger: Logger;
}

export interface Triggers {
  /** The durable workflow `deliver`; to be registered before the engine is launched. */
  deliver(deliveryId: string): Promise<string>;
  /** Work to be done again and again by every worker, with the pause between in milliseconds. */
  loops: { everyMs: number; work(): Promise<void> }[];
}

/** The engine's own look at the queue of deliveries, for what no worker was told of: see deliveryIntake.ts. */
export const deliveryQueue = { workerConcurrency: 4, minPollingIntervalMs: 30_000 };

/** Everything that starts runs by itself: deliveries, schedules, and keeping both in step with the files. */
export function makeTriggers({ sql, forgeOf, logger }: TriggerOptions): Triggers {
  const parts: SyncParts = { sql, forgeOf, readFiles: makeReadFiles(forgeOf) };
  return {
    async deliver(deliveryId) {
      try {
        await DBOS.runStep(() => dispatch(parts, deliveryId), { name: "dispatch", ...patience });
        return "handled";
      } catch (error) {
        const cause = lastError(error);
        logger.error({ err: cause, deliveryId }, "A delivery could not be handled");
        const { code, message } = toCoderError(cause);
        // What is not for users stays in the log.
        const failure =
          code === "internal" ? "The server could not handle it; its log has the cause" : message;
        await DBOS.runStep(() => whenConnected(() => endDelivery(sql, deliveryId, { failure })), {
          name: "fail",
        });
        return "failed";
      }
    },
    loops: [
      { everyMs: 1000, work: () => fireAll(sql) },
      { everyMs: 2000, work: () => syncStale(parts, logger) },
    ],
  };
}

/** The forge or the database may be away for two minutes. */
const patience = {
  retriesAllowed: true,
  intervalSeconds: 0.5,
  backoffRate: 2,
  maxAttempts: 9,
  shouldRetry: (error: unknown) =>
    isLostConnection(error) || (error instanceof CoderError && error.code === "unavailable"),
};

/** DBOS wraps the errors of all attempts into one. */
function lastError(error: unknown): unknown {
  const errors =
    error instanceof Error && "errors" in error && Array.isArray(error.errors) ? error.errors : [];
  return errors.at(-1) ?? error;
}

async function fireAll(sql: Sql): Promise<void> {
  const batch = 50;
  while ((await fireSchedules(sql, batch)) === batch);
}

async function syncStale(parts: SyncParts, logger: Logger): Promise<void> {
  for (const projectId of await claimStaleProjects(parts.sql, 20)) {
    try {
      await syncTriggers(parts, projectId);
    } catch (error) {
      if (isLostConnection(error)) throw error;
      logger.warn({ err: error, projectId }, "The triggers of a project could not be read");
      await putOffProject(parts.sql, projectId);
    }
  }
}
