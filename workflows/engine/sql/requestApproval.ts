import type { Value } from "../../../shared/workflow/expressions.ts";
import type { Sql } from "../database.ts";
import type { KeyedEvent } from "./appendRunEvents.ts";

export interface ApprovalRequest {
  id: string;
  runId: string;
  stepId: string;
  reason: string;
  action: string | null;
  contentHash: string;
  subject: Record<string, Value>;
  approvers: string[];
  selfApproval: boolean;
  expiresInSec: number;
}

/**
 * Stores an approval and its `step.waiting` event together. Asking again with the same id changes nothing.
 * Returns when it expires, in milliseconds since the epoch.
 */
export async function requestApproval(
  sql: Sql,
  request: ApprovalRequest,
  waiting: { workerId: string; event: (expiresAt: number) => KeyedEvent },
): Promise<number> {
  return sql.begin(async (tx) => {
    const [run] = await tx<
      { org_id: string; project_id: string }[]
    >`select org_id, project_id from public.runs where id = ${request.runId} for update`;
    if (!run) throw new Error(`Run ${request.runId} is gone`);
    await tx`
      insert into public.approvals (id, org_id, project_id, run_id, step_id, reason, action, content_hash, subject, approvers, self_approval, expires_at)
      values (${request.id}, ${run.org_id}, ${run.project_id}, ${request.runId}, ${request.stepId}, ${request.reason}, ${request.action},
        ${request.contentHash}, ${tx.json(request.subject)}, ${request.approvers}, ${request.selfApproval},
        now() + make_interval(secs => ${request.expiresInSec}))
      on conflict (id) do nothing`;
    const [row] = await tx<
      { expires_at: string }[]
    >`select expires_at from public.approvals where id = ${request.id}`;
    const expiresAt = Date.parse(row?.expires_at ?? "");
    await tx`select private.append_run_events(${request.runId}, ${tx.json([waiting.event(expiresAt)] as unknown as Parameters<Sql["json"]>[0])}, ${waiting.workerId})`;
    return expiresAt;
  });
}
