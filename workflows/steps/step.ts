import type { Artifact, ArtifactKind, Failure, LogChunk } from "../../shared/run/events.ts";
import type { PlanStep } from "../../shared/workflow/planWorkflow.ts";
import type { ExpressionContext, Value } from "../../shared/workflow/expressions.ts";
import type { Prices } from "../../shared/billing/credits.ts";
import type { PolicyRequest } from "../../shared/policy/policyRequest.ts";
import type { Policies } from "../../shared/workflow/schema.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";

/** The run as its steps see it; none of this changes while it runs. */
export interface RunInfo {
  id: string;
  number: number;
  orgId: string;
  orgSlug: string;
  projectId: string;
  projectSlug: string;
  defaultBranch: string;
  kind: "workflow" | "operationalize";
  workflowPath: string;
  ref: string;
  commit: string;
  trigger: string;
  /** 1, and one more for each run in the chain of re-runs that led to it. */
  attempt: number;
  dryRun: boolean;
  createdBy: string | null;
  inputs: Record<string, Value>;
}

/** A step of the plan; the fixed steps of an operationalize run are written the same way. */
export type EngineStep =
  | PlanStep
  | (Omit<PlanStep, "type" | "spec"> & {
      type: "operationalize";
      spec: { type: "operationalize"; step_id: string };
    });

export interface NewArtifact {
  kind: ArtifactKind;
  name: string;
  /** Small values that are shown as they are. */
  data?: Record<string, Value>;
  /** Kept in storage; its sha-256 is the artifact's. Without bytes it is that of `data`. */
  bytes?: Uint8Array;
  contentType?: string;
  /** Tells artifacts of one kind and name apart; without it the first is kept. */
  version?: string;
  /** Ids of the artifacts this one was made from. */
  madeFrom?: string[];
}

/** Settings of the installation. */
export interface StepSettings {
  /** Origin of the stack, such as http://localhost:3000. */
  url: string;
  /** service_role JWT; never enters a sandbox, a log or an argument list. */
  serviceKey: string;
  registry: string;
  workDir: string;
  /** Where mail goes out; undefined where the stack itself keeps it. */
  smtp?: { url: string; from: string };
}

/** Content-addressed: the bytes of a path are in bucket `sites` under `<orgId>/<sha256>`. */
export interface SiteManifest {
  [path: string]: { sha256: string; size: number; type: string };
}

/** Supabase storage. */
export interface ObjectStore {
  /** Replaces what is there: the same bytes again after a crash. */
  put(object: { bucket: string; name: string; bytes: Uint8Array; contentType: string }): Promise<void>;
  exists(bucket: string, name: string): Promise<boolean>;
  /** @throws CoderError `not_found`, or `unavailable`. */
  get(bucket: string, name: string): Promise<Uint8Array>;
}

/** Archives of what earlier commands made, by a key of everything that decided it. */
export interface StepCache {
  /** A tar file that the sandbox can read. */
  find(key: string): Promise<{ path: string; size: number } | undefined>;
  /** Takes a file that the sandbox has written; answers its size, or undefined when it is not kept. */
  save(key: string, path: string): Promise<number | undefined>;
  drop(key: string): Promise<void>;
}

/** What somebody has approved. */
export interface Approved {
  approvalId: string;
  action: string;
  contentHash: string;
}

/** An effect that a step is about to have: what policy needs to decide, and what a person would be shown. */
export interface Intent {
  request: PolicyRequest;
  /** sha-256 of exactly what would happen. An approval is for this hash. */
  contentHash: string;
  /** Heads the approval's card. */
  reason: string;
  /** What would happen, by name, for the approval's card; everything in it is part of the hash. */
  subject: Record<string, Value>;
}

/** Policy's answer: go on, or end the step with this result (a denial, or a question). */
export type Permission = { allowed: true } | { allowed: false; result: StepResult };

/** Something that costs credits, before it is done. */
export interface CreditWish {
  /** Tells it apart from what else this attempt pays for; the same name again is the same reservation. */
  name: string;
  /** What is paid for, such as `command`. */
  item: string;
  /** The most that it can cost, in millicredits. */
  worst: number;
}

/** Credits that are held, or how the step ends without them. */
export type Reservation =
  | {
      granted: true;
      /** What it did cost, in millicredits, at most what is held; 0 gives all of it back. Once for each reservation, also when the work failed. */
      settle(millicredits: number): Promise<void>;
    }
  | { granted: false; result: StepResult };

/** The run's secrets as a step kind deals with them: by name, never by value. */
export interface StepSecrets {
  /** Why a command cannot be given these, or undefined. */
  problemWith(names: readonly string[]): string | undefined;
  /** Says, as events and in the audit log, that the step is given these. */
  use(names: readonly string[]): Promise<void>;
  /** Whether one of the run's secrets is in there, as it is or encoded. */
  isIn(content: Uint8Array | string): boolean;
}

/** What a step kind gets to do its work. Everything it writes to the log is redacted by the receiver. */
export interface StepContext {
  run: RunInfo;
  step: EngineStep;
  /** From 1. */
  attempt: number;
  policies: Policies;
  settings: StepSettings;
  /** Directory of the checkout on this machine. Read and write what commands may have touched through `sandbox`, not here. */
  checkoutDir: string;
  /** Opens the run's sandbox for commands with these secrets (default: none), or answers the open one. */
  sandbox(secrets?: readonly string[]): Promise<Sandbox>;
  secrets: StepSecrets;
  /** What the run may take from earlier runs, and leave for later ones; once its sandbox is open. */
  cache(): Promise<StepCache>;
  /** Output of the step; `note` is Coder's own voice. */
  log(stream: LogChunk["stream"], text: string): void;
  /** While more is logged than can be stored: resolves when there is room again. */
  logRoom(): Promise<void> | undefined;
  /** Asks policy about an effect, and records the answer with its rule. Nothing outside the sandbox happens without it. */
  decide(intent: Intent): Promise<Permission>;
  /** What this run pays for what its steps do, in millicredits. */
  prices: Prices;
  /**
   * Reserves the most that something can cost (one call of a model, one command) before it is done, against the run's
   * `max_credits`; any number at once. What costs nothing is always granted.
   */
  reserve(wish: CreditWish): Promise<Reservation>;
  /** Says that something was refused elsewhere (by the sandbox), naming the clause; stored as an event and shown in the log. */
  denied(rule: string, message: string, request?: PolicyRequest): Promise<void>;
  /** Says that a command has asked the sandbox's proxy for a host (`name:port`): stored once per step, with policy's answer. */
  reached(host: string): Promise<void>;
  /** Stores an artifact. Idempotent: the same kind and name of the same step is the same artifact. */
  artifact(artifact: NewArtifact): Promise<Artifact>;
  /** Artifacts that this run has made so far. */
  artifacts(): Promise<Artifact[]>;
  /** Names of the checks that have passed on a commit (default: the run's own), for `policies.checks.required`. */
  passedChecks(commit?: string): Promise<string[]>;
  /** Aborted when the run is cancelled or out of budget. */
  signal: AbortSignal;
  /** What expressions can see: inputs, event, project, run, and the finished steps with status and outputs. */
  expressions: ExpressionContext;
  /** What has been approved of this step, each with the hash of what was shown. `decide` asks it; no step needs to. */
  approved: readonly Approved[];
  /** Same on every execution of this step of this run: names effects, so that a repeated one happens once. */
  idempotencyId(purpose: string): string;
  /** Makes a deployment the live one of its site; returns the site's slug. */
  publish(deployment: {
    id: string;
    kind: "preview" | "prod";
    name: string;
    manifest: SiteManifest;
  }): Promise<string>;
  /** Tells the members of the organisation in their inbox, once per step; returns the addresses for mail. */
  notify(message: string): Promise<string[]>;
  /** Storage, as the service. */
  store: ObjectStore;
  /** Kills the process when CODER_CRASH_AT names this point; for crash tests. */
  crashPoint(name: string): void;
}

export type StepResult =
  | { status: "succeeded"; outputs: Record<string, Value>; exitCode?: number }
  | { status: "failed"; failure: Failure; outputs?: Record<string, Value>; exitCode?: number }
  /** The step stops here until somebody approves; it is then run again with `approved` set. */
  | {
      status: "needs_approval";
      action: string;
      contentHash: string;
      reason: string;
      subject: Record<string, Value>;
      /** The clause of the file that asks. */
      rule: string;
      input: PolicyRequest;
    };

/** A step kind: does the work and says how it ended. A thrown CoderError becomes the failure `internal` with its message. */
export type StepKind = (context: StepContext) => Promise<StepResult>;
