import { z } from "zod";
import { pricesSchema } from "../billing/credits.ts";
import { policyRequestSchema } from "../policy/policyRequest.ts";

/** Statuses and events of a run: the wire protocol between worker, database, functions and browser. */

export const runStatuses = ["queued", "running", "waiting", "succeeded", "failed", "canceled"] as const;
export type RunStatus = (typeof runStatuses)[number];

export const stepStatuses = [
  "pending",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "skipped",
  "canceled",
] as const;
export type StepStatus = (typeof stepStatuses)[number];

export const artifactKinds = [
  "patch",
  "pr_link",
  "test_report",
  "deploy_url",
  "log_bundle",
  "release_notes",
  "metrics",
  "file",
  "proposal",
] as const;
export type ArtifactKind = (typeof artifactKinds)[number];

/** A typed product of a step. `data` is small and shown; the bytes, if any, are in storage under the id. */
export const artifactSchema = z.object({
  id: z.uuid(),
  kind: z.enum(artifactKinds),
  name: z.string(),
  stepId: z.string().nullable(),
  sha256: z.string(),
  /** Bytes in storage; 0 when the artifact is its `data` alone. */
  size: z.number().int(),
  data: z.record(z.string(), z.json()),
  /** Ids of the artifacts this one was made from. */
  madeFrom: z.array(z.uuid()),
});
export type Artifact = z.infer<typeof artifactSchema>;

/** What a run's page shows of a step before anything has happened. */
export const plannedStepSchema = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  needs: z.array(z.string()),
});
export type PlannedStep = z.infer<typeof plannedStepSchema>;

/** One piece of output. `at` is milliseconds since the epoch, taken where the output was read. */
export const logChunkSchema = z.object({
  stream: z.enum(["out", "err", "note"]),
  text: z.string(),
  at: z.number(),
});
export type LogChunk = z.infer<typeof logChunkSchema>;

/** Why something ended badly: a closed code, and a sentence for people. */
export const failureSchema = z.object({
  code: z.enum([
    "command_failed",
    "timeout",
    "budget_wall_clock",
    "sandbox_unavailable",
    "checkout_failed",
    "interrupted",
    "policy_denied",
    "rejected",
    "expired",
    "deploy_failed",
    "merge_failed",
    "not_configured",
    "expression",
    "canceled",
    "skipped_concurrency",
    "output_invalid",
    "internal",
  ]),
  message: z.string(),
});
export type Failure = z.infer<typeof failureSchema>;

export const runEventSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("run.queued"),
    workflowPath: z.string(),
    name: z.string(),
    commit: z.string(),
    ref: z.string(),
    trigger: z.string(),
    inputs: z.record(z.string(), z.json()),
    steps: z.array(plannedStepSchema),
  }),
  z.object({
    type: z.literal("run.held"),
    /** The concurrency group that is full, and how many of it may run at once. */
    group: z.string(),
    max: z.number().int(),
    /** Numbers of the runs that hold its places. */
    holders: z.array(z.number().int()),
  }),
  z.object({ type: z.literal("run.released"), group: z.string() }),
  z.object({
    type: z.literal("run.started"),
    workerId: z.string(),
    /** What the run pays, whatever the installation asks for later; absent where nothing costs anything. */
    prices: pricesSchema.optional(),
  }),
  z.object({ type: z.literal("run.resumed"), workerId: z.string(), reason: z.string() }),
  z.object({ type: z.literal("step.started"), stepId: z.string(), attempt: z.number().int() }),
  z.object({ type: z.literal("step.log"), stepId: z.string(), chunks: z.array(logChunkSchema) }),
  z.object({
    type: z.literal("step.waiting"),
    stepId: z.string(),
    approvalId: z.uuid(),
    reason: z.string(),
    /** Name of the gated action, or null for an `approve` step. */
    action: z.string().nullable(),
    /** sha-256 of exactly what would happen. */
    contentHash: z.string(),
    /** What would happen, in words and values, for the approval card. */
    subject: z.record(z.string(), z.json()),
    /** Milliseconds since the epoch. */
    expiresAt: z.number().nullable(),
    /** The clause of the file that asks; absent for an `approve` step. */
    rule: z.string().optional(),
    input: policyRequestSchema.optional(),
    /** The approval that this one takes the place of, because what would happen has changed since. */
    replaces: z.uuid().optional(),
    /** What that approval was for. */
    subjectBefore: z.record(z.string(), z.json()).optional(),
  }),
  z.object({
    type: z.literal("approval.decided"),
    approvalId: z.uuid(),
    stepId: z.string(),
    decision: z.enum(["approved", "rejected", "expired", "void"]),
    decidedBy: z.string().nullable(),
    comment: z.string().nullable(),
  }),
  z.object({
    type: z.literal("secret.used"),
    stepId: z.string(),
    name: z.string(),
    /** What the step's command sees in its place. */
    givenAs: z.enum(["placeholder", "value"]),
  }),
  z.object({
    type: z.literal("credits.spent"),
    stepId: z.string(),
    /** What was paid for, such as `command`. */
    item: z.string(),
    millicredits: z.int().positive(),
  }),
  z.object({ type: z.literal("artifact.created"), artifact: artifactSchema }),
  z.object({
    type: z.literal("policy.allowed"),
    stepId: z.string(),
    action: z.string(),
    rule: z.string(),
    /** sha-256 of what it was allowed for, where there is such a thing. */
    contentHash: z.string().optional(),
    /** The approval that allows what a gate had asked about. */
    approvalId: z.uuid().optional(),
    input: policyRequestSchema,
  }),
  z.object({
    type: z.literal("policy.denied"),
    stepId: z.string().nullable(),
    rule: z.string(),
    message: z.string(),
    action: z.string().optional(),
    /** With the first of the reasons only, where one request has several. */
    input: policyRequestSchema.optional(),
  }),
  z.object({
    type: z.literal("step.finished"),
    stepId: z.string(),
    status: z.enum(["succeeded", "failed", "skipped", "canceled"]),
    exitCode: z.number().int().nullable(),
    durationMs: z.number(),
    outputs: z.record(z.string(), z.json()),
    failure: failureSchema.nullable(),
    /** The run whose work this is, when the step was not done again. */
    reusedFrom: z.object({ runId: z.uuid(), number: z.number().int() }).optional(),
  }),
  z.object({
    type: z.literal("cancel.requested"),
    by: z.string().nullable(),
    /** Why, when nobody asked for it by hand. */
    reason: z.string().optional(),
  }),
  z.object({
    type: z.literal("run.finished"),
    status: z.enum(["succeeded", "failed", "canceled"]),
    failure: failureSchema.nullable(),
    outputs: z.record(z.string(), z.json()),
  }),
]);
export type RunEvent = z.infer<typeof runEventSchema>;

/** An event as stored and sent: numbered without gaps from 1 within its run. */
export const storedRunEventSchema = z.object({
  runId: z.uuid(),
  seq: z.number().int().positive(),
  /** ISO 8601, database time. */
  at: z.string(),
  event: runEventSchema,
});
export type StoredRunEvent = z.infer<typeof storedRunEventSchema>;
