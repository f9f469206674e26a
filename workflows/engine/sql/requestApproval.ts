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
  rule: string | null;
  approvers: string[];
  selfApproval: boolean;
  expiresInSec: number;
  /** The approval that is void from now on, because what would happen has changed. */
  replaces: { id: string; subject: Record<string, Value> } | null;
}

/** What the stored question is about, which a repeated call does not change. */
export interface StoredApproval {
  contentHash: string;
  subject: Record<string, Value>;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/**
 * Stores an approval and its `step.waiting` event together, and voids the one that it replaces. Asking again with the same
 * id changes nothing, and answers what was asked first.
 */
export async function requestApproval(
  sql: Sql,
  request: ApprovalRequest,
  waiting: { workerId: string; event: (stored: StoredApproval) => KeyedEvent },
): Promise<StoredApproval> {
  return sql.begin(async (tx) => {
    const [run] = await tx<
      { org_id: string; project_id: string; ended: boolean }[]
    >`select org_id, project_id, status in ('succeeded', 'failed', 'canceled') as ended from public.runs where id = ${request.runId} for update`;
    if (!run) throw new Error(`Run ${request.runId} is gone`);
    // Canceled in this moment: nobody is asked, and the message that says so is on its way.
    if (run.ended) {
      const { contentHash, subject, expiresInSec } = request;
      return { contentHash, subject, expiresAt: Date.now() + expiresInSec * 1000 };
    }
    const { replaces } = request;
    const subjectBefore = replaces === null ? null : tx.json(replaces.subject);
    await tx`
      insert into public.approvals (id, org_id, project_id, run_id, step_id, reason, action, content_hash, subject, rule, approvers, self_approval,
        expires_at, replaces, subject_before)
      values (${request.id}, ${run.org_id}, ${run.project_id}, ${request.runId}, ${request.stepId}, ${request.reason}, ${request.action},
        ${request.contentHash}, ${tx.json(request.subject)}, ${request.rule}, ${request.approvers}, ${request.selfApproval},
        now() + make_interval(secs => ${request.expiresInSec}), ${replaces?.id ?? null}, ${subjectBefore})
      on conflict (id) do nothing`;
    if (replaces !== null) await tx`update public.approvals set status = 'void' where id = ${replaces.id}`;
    const [row] = await tx<{ content_hash: string; subject: Record<string, Value>; expires_at: string }[]>`
      select content_hash, subject, expires_at from public.approvals where id = ${request.id}`;
    if (!row) throw new Error(`Approval ${request.id} was not stored`);
    const stored = {
      contentHash: row.content_hash,
      subject: row.subject,
      expiresAt: Date.parse(row.expires_at),
    };
    const events = [
      ...(replaces === null ? [] : [voided(replaces.id, request.stepId)]),
      waiting.event(stored),
    ];
    await tx`select private.append_run_events(${request.runId}, ${tx.json(events as unknown as Parameters<Sql["json"]>[0])}, ${waiting.workerId})`;
    return stored;
  });
}

function voided(approvalId: string, stepId: string): KeyedEvent {
  const event = {
    type: "approval.decided" as const,
    approvalId,
    stepId,
    decision: "void" as const,
    decidedBy: null,
    comment: null,
  };
  return { key: `approval.voided:${approvalId}`, event };
}
