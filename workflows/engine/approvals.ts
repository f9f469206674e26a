import { createHash } from "node:crypto";
import { DBOS } from "@dbos-inc/dbos-sdk";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { Policies } from "../../shared/workflow/schema.ts";
import type { EngineStep, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import { idempotencyId } from "./idempotencyId.ts";
import { endApproval } from "./sql/endApproval.ts";
import { requestApproval } from "./sql/requestApproval.ts";

interface Asked {
  id: string;
  step: EngineStep;
  /** The gated action, or null for an `approve` step. */
  action: string | null;
  contentHash: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

interface Wanted {
  action: string;
  contentHash: string;
  reason: string;
  subject: Record<string, Value>;
  round: number;
}

/** What a run waits for people to decide. Each question is journaled, so that a replay does not ask again. */
export interface Approvals {
  askForStep(step: EngineStep, reason: string): Promise<void>;
  askForAction(step: EngineStep, wanted: Wanted): Promise<void>;
  /** The question, which then counts as answered; undefined when it was answered before. */
  take(approvalId: string): Asked | undefined;
  /** Milliseconds since the epoch, or Infinity. */
  nextExpiry(): number;
  expiredAt(now: number): string[];
  /** Ends a question that nobody answered; the answer is the decision that holds. */
  expire(approvalId: string): Promise<"approved" | "rejected" | "expired" | "void">;
}

export function makeApprovals(deps: {
  sql: Sql;
  workerId: string;
  run: RunInfo;
  gates: Policies["gates"];
}): Approvals {
  const { sql, workerId, run, gates } = deps;
  const open = new Map<string, Asked>();
  // An approve step is a pause that the author put in; where the file says nothing of who decides, whoever started the
  // run may, or nobody could who works alone.
  const gated = gates.approvers.length > 0 || gates.require_human_approval_for.length > 0;

  const ask = async (
    step: EngineStep,
    wanted: Omit<Wanted, "action"> & { action: string | null },
  ): Promise<void> => {
    const { action, contentHash, reason, subject } = wanted;
    const id = idempotencyId(run.id, step.id, "approval", String(wanted.round), contentHash);
    const request = {
      id,
      runId: run.id,
      stepId: step.id,
      reason,
      action,
      contentHash,
      subject,
      approvers: gates.approvers,
      selfApproval: gates.self_approval || (action === null && !gated),
      expiresInSec: gates.expires_sec,
    };
    const event = (expiresAt: number) => ({
      key: `step.waiting:${id}`,
      event: {
        type: "step.waiting" as const,
        stepId: step.id,
        approvalId: id,
        reason,
        action,
        contentHash,
        subject,
        expiresAt,
      },
    });
    const expiresAt = await DBOS.runStep(
      () => whenConnected(() => requestApproval(sql, request, { workerId, event })),
      { name: `ask ${step.id}` },
    );
    open.set(id, { id, step, action, contentHash, expiresAt });
  };

  return {
    askForStep(step, reason) {
      const subject = { workflow: run.workflowPath, commit: run.commit, ref: run.ref };
      const contentHash = createHash("sha256")
        .update(JSON.stringify({ run: run.id, step: step.id, reason, ...subject }))
        .digest("hex");
      return ask(step, { action: null, contentHash, reason, subject, round: 1 });
    },
    askForAction: ask,
    take(approvalId) {
      const asked = open.get(approvalId);
      open.delete(approvalId);
      return asked;
    },
    nextExpiry: () => Math.min(Infinity, ...[...open.values()].map((asked) => asked.expiresAt)),
    expiredAt: (now) => [...open.values()].filter((asked) => asked.expiresAt <= now).map((asked) => asked.id),
    async expire(approvalId) {
      const stepId = open.get(approvalId)?.step.id ?? "";
      const decided = {
        key: `approval.decided:${approvalId}`,
        event: {
          type: "approval.decided" as const,
          approvalId,
          stepId,
          decision: "expired" as const,
          decidedBy: null,
          comment: null,
        },
      };
      return DBOS.runStep(
        () =>
          whenConnected(() =>
            endApproval(sql, { approvalId, runId: run.id, status: "expired", workerId, decided }),
          ),
        { name: `expire ${stepId}` },
      );
    },
  };
}
