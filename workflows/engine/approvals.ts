import { createHash } from "node:crypto";
import { DBOS } from "@dbos-inc/dbos-sdk";
import type { RunEvent } from "../../shared/run/events.ts";
import type { PolicyRequest } from "../../shared/policy/policyRequest.ts";
import type { Value } from "../../shared/workflow/expressions.ts";
import type { Policies } from "../../shared/workflow/schema.ts";
import type { EngineStep, RunInfo } from "../steps/step.ts";
import { whenConnected, type Sql } from "./database.ts";
import { idempotencyId } from "./idempotencyId.ts";
import { endApproval } from "./sql/endApproval.ts";
import { listArtifacts } from "./sql/listArtifacts.ts";
import { requestApproval, type StoredApproval } from "./sql/requestApproval.ts";

/** A question that has been asked. */
export interface Asked {
  id: string;
  step: EngineStep;
  /** The gated action, or null for an `approve` step. */
  action: string | null;
  contentHash: string;
  subject: Record<string, Value>;
  /** From 1: how often the step has asked. */
  round: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A question about a gated action. */
export interface Wanted {
  action: string;
  contentHash: string;
  reason: string;
  subject: Record<string, Value>;
  rule: string;
  input: PolicyRequest;
  round: number;
  /** What was approved, and has changed since. */
  replaced?: Asked;
}

/** What a run waits for people to decide. Each question is journaled, so that a replay does not ask again. */
export interface Approvals {
  /** Asks for an `approve` step: whether the run may go on with what it has made so far. */
  askForStep(step: EngineStep, wanted: { reason: string; round: number; replaced?: Asked }): Promise<void>;
  askForAction(step: EngineStep, wanted: Wanted): Promise<void>;
  /** For an `approve` step that was approved: asks again, and says so, when what the run has made is not what was shown. */
  askAgainIfChanged(approved: Asked): Promise<boolean>;
  /** The question, which then counts as answered; undefined when it was answered before. */
  take(approvalId: string): Asked | undefined;
  /** Milliseconds since the epoch, or Infinity. */
  nextExpiry(): number;
  expiredAt(now: number): string[];
  /** Ends a question that nobody answered; the answer is the decision that holds. */
  expire(approvalId: string): Promise<"approved" | "rejected" | "expired" | "void">;
}

type Question = Omit<Wanted, "action" | "rule" | "input"> & {
  action: string | null;
  rule?: string;
  input?: PolicyRequest;
};

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

  const store = async (step: EngineStep, question: Question): Promise<StoredApproval> => {
    const { action, contentHash, reason, subject, rule, input, replaced } = question;
    const id = idempotencyId(run.id, step.id, "approval", String(question.round), action ?? "");
    const request = {
      id,
      runId: run.id,
      stepId: step.id,
      reason,
      action,
      contentHash,
      subject,
      rule: rule ?? null,
      approvers: gates.approvers,
      selfApproval: gates.self_approval || (action === null && !gated),
      expiresInSec: gates.expires_sec,
      replaces: replaced ? { id: replaced.id, subject: replaced.subject } : null,
    };
    const waiting = (stored: StoredApproval) => ({
      key: `step.waiting:${id}`,
      event: {
        type: "step.waiting",
        stepId: step.id,
        approvalId: id,
        reason,
        action,
        ...stored,
        ...(rule === undefined ? {} : { rule }),
        ...(input === undefined ? {} : { input }),
        ...(replaced ? { replaces: replaced.id, subjectBefore: replaced.subject } : {}),
      } satisfies RunEvent,
    });
    return whenConnected(() => requestApproval(sql, request, { workerId, event: waiting }));
  };
  const remember = (
    step: EngineStep,
    question: Pick<Question, "action" | "round">,
    stored: StoredApproval,
  ) => {
    const id = idempotencyId(run.id, step.id, "approval", String(question.round), question.action ?? "");
    const { action, round } = question;
    open.set(id, { id, step, action, round, ...stored });
  };

  /** What an approve step is about: the commit, and the patches that the run has made of it by now. */
  const soFar = async (): Promise<{ subject: Record<string, Value>; contentHash: string }> => {
    const artifacts = await whenConnected(() => listArtifacts(sql, run.id));
    const patches = artifacts
      .filter((artifact) => artifact.kind === "patch")
      .map(({ stepId, sha256, data }) => ({ step: stepId ?? "", sha256, files: data["files"] ?? [] }));
    const { workflowPath, commit, ref } = run;
    const subject: Record<string, Value> = {
      workflow: workflowPath,
      commit,
      ref,
      ...(patches.length === 0 ? {} : { patches }),
    };
    const contentHash = createHash("sha256")
      .update(JSON.stringify({ run: run.id, ...subject }))
      .digest("hex");
    return { subject, contentHash };
  };
  const askForStep: Approvals["askForStep"] = async (step, wanted) => {
    // The look at what there is and the question are one journaled step: a replay sees what was asked about.
    const stored = await DBOS.runStep(
      async () => store(step, { ...wanted, ...(await soFar()), action: null }),
      {
        name: `ask ${step.id} ${wanted.round}`,
      },
    );
    remember(step, { action: null, round: wanted.round }, stored);
  };

  return {
    askForStep,
    async askForAction(step, wanted) {
      const stored = await DBOS.runStep(() => store(step, wanted), {
        name: `ask ${step.id} ${wanted.round}`,
      });
      remember(step, wanted, stored);
    },
    async askAgainIfChanged(approved) {
      const { step, round } = approved;
      if (step.spec.type !== "approve") return false;
      const now = await DBOS.runStep(soFar, { name: `look again ${step.id} ${round}` });
      if (now.contentHash === approved.contentHash) return false;
      await askForStep(step, { reason: step.spec.reason, round: round + 1, replaced: approved });
      return true;
    },
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
