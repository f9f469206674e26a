import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Logger } from "pino";
import type { Sql } from "../engine/database.ts";
import { packLogs } from "./packLogs.ts";
import { makeRemoveObject } from "./removeObject.ts";
import { retain } from "./retain.ts";

/** Looking for lost records reads much, and they are rare: in every so many rounds. */
const roundsPerSweep = 60;

/** What a worker does for history beside its runs, each to be called again and again. */
export function makeHistoryTasks(deps: {
  sql: Sql;
  settings: { url: string; serviceKey: string };
  logger: Logger;
}): { packLogs(): Promise<void>; retain(): Promise<void> } {
  const { sql, logger } = deps;
  const removeObject = makeRemoveObject(deps.settings);
  let rounds = 0;
  return {
    async packLogs() {
      await packLogs(sql);
    },
    async retain() {
      rounds += 1;
      const taken = await retain(
        { sql, removeObject, deleteWorkflows: (ids) => DBOS.deleteWorkflows(ids, true) },
        { sweep: rounds % roundsPerSweep === 1 },
      );
      if (taken !== undefined && Object.values(taken).some((count) => count > 0))
        logger.info({ taken }, "Retention has deleted records");
    },
  };
}
