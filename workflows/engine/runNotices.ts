import type { Logger } from "pino";
import { whenConnected, type Sql } from "./database.ts";
import type { AbortReason, RunFiles, RunHosts } from "./runHost.ts";
import type { RunSecrets } from "./runSecrets.ts";

export type RunNotice =
  | { runId: string; type: "abort"; reason: AbortReason }
  | { runId: string; type: "finished"; files: RunFiles };

/** What workers tell each other of a run: after a take-over a run and its steps may be apart. */
export interface RunNotices {
  /** Acts on it here. */
  act(notice: RunNotice): void;
  /** Acts on it here at once, and passes it to the other workers. */
  tell(notice: RunNotice): Promise<void>;
  /** Removes here what an ended run owns; a failure is logged. */
  finishHere(runId: string, files: RunFiles): Promise<void>;
  /** Acts on what the others tell until it is ended. */
  listen(): Promise<{ unlisten(): Promise<void> }>;
}

const channel = "coder_runs";

export function makeRunNotices(deps: {
  sql: Sql;
  hosts: RunHosts;
  secrets: RunSecrets;
  logger: Logger;
}): RunNotices {
  const { sql, hosts, secrets, logger } = deps;
  const finishHere: RunNotices["finishHere"] = async (runId, files) => {
    try {
      await hosts.finish(runId, files);
    } catch (error) {
      logger.error({ err: error, runId }, "A finished run could not be cleaned up");
    }
  };
  const act = (notice: RunNotice): void => {
    if (notice.type === "abort") hosts.abort(notice.runId, notice.reason);
    else {
      secrets.forget(notice.runId);
      void finishHere(notice.runId, notice.files);
    }
  };
  return {
    act,
    finishHere,
    async tell(notice) {
      act(notice);
      await whenConnected(() => sql.notify(channel, JSON.stringify(notice)));
    },
    listen: () => sql.listen(channel, (payload) => act(JSON.parse(payload) as RunNotice)),
  };
}
