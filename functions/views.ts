import type { AuditHead } from "../shared/audit/auditLine.ts";
import type { Difference } from "../shared/policy/whatIf.ts";
import type { Failure, RunStatus, StepStatus } from "../shared/run/events.ts";
import type { Outcome } from "../shared/trigger/explainEvent.ts";
import type { Rejection } from "../shared/trigger/matchTriggers.ts";
import type { Problem } from "../shared/workflow/problem.ts";

/** What the API answers: plain JSON, times as ISO 8601 text. Inputs are the zod schemas in `routers/`. */

export type MemberRole = "owner" | "admin" | "member" | "viewer";

/** A JSON value as it crosses the wire. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface Me {
  user: { id: string; email: string; name: string };
  orgs: { id: string; slug: string; name: string; personal: boolean; role: MemberRole }[];
}

export interface Member {
  userId: string;
  email: string;
  name: string;
  role: MemberRole;
}

export interface ProjectSummary {
  id: string;
  orgId: string;
  orgSlug: string;
  slug: string;
  name: string;
  source: string;
  defaultBranch: string;
  updatedAt: string;
  lastRun: { number: number; status: RunStatus; at: string } | null;
  /** URL of the live share or preview that was made last. */
  previewUrl: string | null;
}

export interface Project extends ProjectSummary {
  /** The caller's role in the project's organisation. */
  role: MemberRole;
}

export interface Refs {
  defaultBranch: string;
  /** Commit of the default branch; null in an empty repository. */
  head: string | null;
  refs: { name: string; commit: string }[];
}

export interface TreeEntry {
  path: string;
  size: number;
  mode: string;
  sha: string;
}

export interface FilesAt {
  commit: string;
  /** Content in base64. */
  files: { path: string; mode: string; content: string }[];
  /** Left out because they would pass the limit. */
  skipped: { path: string; size: number }[];
}

export interface LogEntry {
  sha: string;
  parents: string[];
  author: string;
  email: string;
  at: string;
  message: string;
}

export interface GitToken {
  id: string;
  name: string;
  scope: "read" | "write";
  createdAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
}

/** What a program sends in place of its user's session; the token itself is never answered again. */
export interface AccessToken {
  id: string;
  name: string;
  /** Its first characters. */
  prefix: string;
  scope: "read" | "write";
  /** The one organisation that it reaches; null: all of its user's. */
  orgId: string | null;
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string | null;
}

export interface Change {
  id: string;
  projectId: string;
  number: number;
  title: string;
  body: string;
  status: "open" | "merged" | "closed";
  baseBranch: string;
  headBranch: string;
  /** The head now, for an open change whose branch is there; otherwise the head as last seen. */
  headCommit: string;
  mergedCommit: string | null;
  runId: string | null;
  /** Number of the run that opened or updated it last. */
  runNumber: number | null;
  labels: string[];
  /** Shown before it is finished: it cannot be merged. */
  draft: boolean;
  /** Who should look at it, as the workflow names them. */
  reviewers: string[];
  createdBy: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface ChangeDetails extends Change {
  diff: Diff;
  /** Comments, oldest first. */
  timeline: Comment[];
  /** Of the head. */
  checks: Check[];
  /** Names of the checks that must have passed on the head before the merge. */
  requiredChecks: string[];
}

/** Numbered together with changes. */
export interface Issue {
  id: string;
  projectId: string;
  number: number;
  title: string;
  body: string;
  state: "open" | "closed";
  labels: string[];
  createdBy: string | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  /** How many. */
  comments: number;
}

export interface Comment {
  id: string;
  body: string;
  /** Null: a run, or an account that is gone. */
  createdBy: string | null;
  createdAt: string;
}

export interface Check {
  id: string;
  name: string;
  commit: string;
  status: "queued" | "running" | "passed" | "failed" | "skipped";
  url: string | null;
  /** "coder" for a step of a run, else the name of the program that reported it. */
  source: string;
  runNumber: number | null;
  updatedAt: string;
}

export interface Diff {
  base: string;
  head: string;
  mergeBase: string | null;
  files: {
    path: string;
    oldPath?: string | undefined;
    status: string;
    additions: number;
    deletions: number;
    binary: boolean;
  }[];
  /** Unified diff; cut at 5 MB, and \`truncated\` says so. */
  patch: string;
  truncated: boolean;
}

/** An input as the run dialog asks for it. */
export interface WorkflowInput {
  name: string;
  type: "string" | "number" | "boolean" | "choice";
  description: string | null;
  required: boolean;
  default: Json;
  options: string[];
}

export interface WorkflowSummary {
  path: string;
  name: string;
  /** Trigger types with what tells them apart, such as `cron 0 9 * * 1-5`. */
  triggers: { type: string; label: string }[];
  problems: Problem[];
  inputs: WorkflowInput[];
  lastRun: { number: number; status: RunStatus; at: string } | null;
}

export interface RunSummary {
  id: string;
  projectId: string;
  number: number;
  kind: "workflow" | "operationalize";
  workflowPath: string;
  name: string;
  status: RunStatus;
  ref: string;
  commit: string;
  trigger: string;
  dryRun: boolean;
  /** What it has cost so far, in thousandths of a credit. */
  millicredits: number;
  failure: Failure | null;
  /** Name of who started it; null when nobody did. */
  createdBy: string | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

/** A run in a list of several projects. */
export interface ListedRun extends RunSummary {
  projectName: string;
  projectSlug: string;
  orgSlug: string;
}

export interface RunPage {
  items: ListedRun[];
  nextCursor: string | null;
}

export interface RunStep {
  id: string;
  position: number;
  type: string;
  name: string;
  status: StepStatus;
  attempt: number;
  /** What its attempts have cost so far, in thousandths of a credit. */
  millicredits: number;
  exitCode: number | null;
  outputs: { [key: string]: Json };
  failure: Failure | null;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface Run extends RunSummary {
  inputs: { [key: string]: Json };
  outputs: { [key: string]: Json } | null;
  rerunOf: string | null;
  /** The runs before this one that it runs again, the nearest first, and those that run this one again. */
  attempts: { number: number; status: RunStatus; relation: "earlier" | "later" }[];
  /** Where the log is: in the events while the run goes on, in pages once it has ended; or taken by retention. */
  logs: "events" | "pages" | "deleted";
  cancelRequestedAt: string | null;
  lastSeq: number;
  /** Private Realtime topic that carries this run's events. */
  topic: string;
  steps: RunStep[];
}

export interface Approval {
  id: string;
  runId: string;
  runNumber: number;
  runName: string;
  projectId: string;
  projectName: string;
  projectSlug: string;
  orgSlug: string;
  stepId: string;
  reason: string;
  action: string | null;
  contentHash: string;
  subject: { [key: string]: Json };
  requestedAt: string;
  expiresAt: string | null;
  /** The clause of the file that asks; null for an approve step. */
  rule: string | null;
  /** What the approval was for that this one replaces, because it has changed; null otherwise. */
  subjectBefore: { [key: string]: Json } | null;
}

/** An approval that was decided, that nobody decided in time, or that changed content has made void. */
export interface DecidedApproval extends Approval {
  status: "approved" | "rejected" | "expired" | "void";
  comment: string | null;
  decidedBy: string | null;
  decidedAt: string | null;
}

/** What is frozen, by whom, when and why. */
export interface Freeze {
  id: string;
  orgId: string;
  orgSlug: string;
  /** null: every project of the organisation. */
  projectId: string | null;
  projectSlug: string | null;
  reason: string;
  by: string | null;
  at: string;
}

export interface AuditEntry {
  seq: number;
  at: string;
  /** `user:<id>`, `run:<id>` or `system`. */
  actor: string;
  /** Of a user who still has an account. */
  actorName: string | null;
  action: string;
  decision: "allow" | "deny" | "ask";
  rule: string;
  projectId: string | null;
  /** null when the project is gone. */
  projectSlug: string | null;
  runNumber: number | null;
  stepId: string | null;
  subject: { [key: string]: Json };
  hash: string;
}

export interface AuditPage {
  /** Newest first. */
  items: AuditEntry[];
  nextCursor: string | null;
  /** The last entry of the whole log; noted elsewhere, it shows later that nothing was cut off. */
  head: AuditHead;
}

export interface WhatIf {
  /** How many runs were looked at, and how many decisions they hold. */
  runs: number;
  decisions: number;
  differences: Difference[];
}

export interface Inbox {
  waiting: Approval[];
  failedRuns: ListedRun[];
}

/** What a run's notify step has told the caller. */
export interface Notification {
  id: string;
  message: string;
  createdAt: string;
  readAt: string | null;
  projectName: string;
  projectSlug: string;
  orgSlug: string;
  runNumber: number;
  runName: string;
}

export interface Site {
  id: string;
  slug: string;
  url: string;
  kind: "share" | "preview" | "prod";
  name: string;
  currentDeploymentId: string | null;
  revokedAt: string | null;
  createdAt: string;
  /** Newest first. */
  deployments: { id: string; createdAt: string; commit: string | null; runNumber: number | null }[];
}

/** What may be told of a secret: everything but its value. */
export interface SecretSummary {
  id: string;
  name: string;
  /** Whether it is the project's own, or every project's of the organisation. */
  scope: "org" | "project";
  /** Empty: every environment. */
  environment: string;
  /** What commands see: a placeholder that the sandbox's proxy replaces, or the value itself. */
  givenAs: "placeholder" | "value";
  /** Counts the values it has had. */
  version: number;
  /** Name of who set it last; null when they are gone. */
  updatedBy: string | null;
  updatedAt: string;
  lastUsedAt: string | null;
}

/** A workflow of a project and the secrets that it names. */
export interface SecretReference {
  path: string;
  workflow: string;
  names: string[];
}

/** Something that came in and may have started workflows. */
export interface DeliverySummary {
  id: string;
  projectId: string;
  source: "repo" | "webhook" | "cron" | "workflow";
  /** "push", "pull_request.opened" …; the webhook's name; the path of the workflow that is due or has ended. */
  event: string;
  /** How many workflows in a row have led to it. */
  depth: number;
  status: "pending" | "handled" | "failed";
  outcome: Outcome;
  failure: string | null;
  redeliveryOf: string | null;
  receivedAt: string;
  handledAt: string | null;
}

export interface Delivery extends DeliverySummary {
  payload: { [key: string]: Json };
}

/** What an event would start. */
export interface Explanation {
  /** What the runs would be of; null when there is nothing to read: an empty repository, a deleted branch. */
  place: { ref: string; commit: string } | null;
  workflows: (
    | { kind: "fires"; path: string; name: string; trigger: number }
    | { kind: "rejected"; path: string; name: string; clauses: Rejection[] }
    | { kind: "invalid"; path: string; problems: string[] }
  )[];
}

export interface Schedule {
  workflowPath: string;
  trigger: number;
  cron: string;
  timezone: string;
  catchUp: "none" | "last" | "all";
  /** The schedule in words. */
  words: string;
  /** The next times it is due, at most three; none when it never is again. */
  next: string[];
}

export interface WebhookAddress {
  name: string;
  workflowPath: string;
  url: string;
  secretRef: string;
  secretIsSet: boolean;
}
