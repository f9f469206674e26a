import type { Sql } from "../database.ts";
import type { KeyedEvent } from "./appendRunEvents.ts";

/**
 * Ends an approval that nobody decided, as expired or void, with its event. Returns the decision that holds: somebody
 * may have decided in the last moment.
 */
export async function endApproval(
  sql: Sql,
  request: {
    approvalId: string;
    runId: string;
    status: "expired" | "void";
    workerId: string;
    decided: KeyedEvent;
  },
): Promise<"approved" | "rejected" | "expired" | "void"> {
  return sql.begin(async (tx) => {
    await tx`select 1 from public.runs where id = ${request.runId} for update`;
    const ended = await tx`
      update public.approvals set status = ${request.status}, decided_at = now() where id = ${request.approvalId} and status = 'waiting' returning id`;
    if (ended.length > 0) {
      await tx`select private.append_run_events(${request.runId}, ${tx.json([request.decided] as unknown as Parameters<Sql["json"]>[0])}, ${request.workerId})`;
    }
    const [row] = await tx<
      { status: "approved" | "rejected" | "expired" | "void" }[]
    >`select status from public.approvals where id = ${request.approvalId}`;
    return row?.status ?? request.status;
  });
}
