import { z } from "zod";

/**
 * The workflow language, version 1, as zod schemas: the one definition of its shape and its defaults.
 * Keys are spelled as in the file (snake case); `planWorkflow` turns them into what the engine runs.
 * Rules that one value alone cannot show (names that refer to others, cycles) are in `checkMeaning.ts`.
 */

const text = z.string().min(1);
const globs = z.array(text);
const positiveInt = z.int().positive();

/** How a step is called in `needs`, in expressions and on the run's page. */
const stepIdPattern = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
/** Names of environment variables and secrets. */
const variableNamePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

const stepId = z
  .string()
  .regex(stepIdPattern, "starts with a letter or _, then letters, digits, _ or -; at most 64 in all");
const variableName = z
  .string()
  .regex(variableNamePattern, "letters, digits and _, not starting with a digit");

const agentRoles = ["architect", "implementer", "tester", "reviewer", "release_engineer"] as const;

const repoEvents = [
  "push",
  "pull_request.opened",
  "pull_request.updated",
  "pull_request.merged",
  "pull_request.closed",
  "pull_request.labeled",
  "pull_request.commented",
  "issue.opened",
  "issue.labeled",
  "issue.commented",
  "check.finished",
] as const;

const projectSchema = z.strictObject({
  provider: z.enum(["github", "gitlab", "gitea", "coder"]).describe("Where the repository is."),
  owner: text,
  repo: text,
  ref: text.optional().describe("Branch, tag or commit; default: the repository's default branch."),
});

const inputFields = {
  description: z.string().optional(),
  required: z.boolean().optional().describe("Default: false; an input without value and default is absent."),
};
const inputSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("string"), default: z.string().optional(), ...inputFields }),
  z.strictObject({ type: z.literal("number"), default: z.number().optional(), ...inputFields }),
  z.strictObject({ type: z.literal("boolean"), default: z.boolean().optional(), ...inputFields }),
  z.strictObject({
    type: z.literal("choice"),
    options: z.array(text).min(1),
    default: z.string().optional(),
    ...inputFields,
  }),
]);
export type WorkflowInput = z.infer<typeof inputSchema>;

const triggerSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("manual") }),
  z.strictObject({
    type: z.literal("cron"),
    cron: text.describe("Five fields: minute, hour, day of month, month, day of week."),
    timezone: text.default("UTC").describe("IANA name, such as America/Chicago."),
    catch_up: z
      .enum(["none", "last", "all"])
      .default("last")
      .describe("What happens to times missed while down."),
  }),
  z.strictObject({
    type: z.literal("repo_event"),
    event: z.enum(repoEvents),
    branches: globs.optional(),
    paths: globs.optional(),
    labels: z.array(text).optional(),
    actors: z
      .strictObject({ allow_bots: z.boolean().default(false), allowed: z.array(text).optional() })
      .prefault({}),
    if: z.union([text, z.boolean()]).optional(),
  }),
  z.strictObject({
    type: z.literal("webhook"),
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "lower-case letters, digits, _ or -"),
    secret_ref: variableName.describe("The secret that signs deliveries."),
    if: z.union([text, z.boolean()]).optional(),
  }),
  z.strictObject({
    type: z.literal("workflow"),
    workflow: text.describe("The other workflow's file name or path."),
    on: z.enum(["succeeded", "failed", "finished"]).default("succeeded"),
    if: z.union([text, z.boolean()]).optional(),
  }),
]);
export type Trigger = z.infer<typeof triggerSchema>;

const concurrencySchema = z.strictObject({
  group: text,
  max: positiveInt.default(1),
  when_full: z.enum(["queue", "cancel_oldest", "skip"]).default("queue"),
});

export const policiesSchema = z.strictObject({
  budget: z
    .strictObject({
      max_credits: z.number().nonnegative().optional(),
      max_wall_clock_sec: positiveInt.default(3600),
    })
    .prefault({}),
  limits: z
    .strictObject({
      max_turns: positiveInt.default(60),
      max_changed_files: positiveInt.default(100),
      max_patch_bytes: positiveInt.default(4_000_000),
    })
    .prefault({}),
  repo: z
    .strictObject({
      allowed_paths: globs.optional().describe("Default: every path."),
      blocked_paths: globs.default([]).describe("Wins over allowed_paths."),
    })
    .prefault({}),
  network: z.strictObject({ allowed_domains: z.array(text).default(["registry"]) }).prefault({}),
  secrets: z.strictObject({ allowed: z.array(variableName).default([]) }).prefault({}),
  checks: z.strictObject({ required: z.array(text).default([]) }).prefault({}),
  gates: z
    .strictObject({
      require_human_approval_for: z.array(text).default([]),
      approvers: z
        .array(z.string().regex(/^(role|user):.+$/, "role:<name> or user:<e-mail>"))
        .default([])
        .describe("Default: every member who may start the workflow."),
      self_approval: z.boolean().default(false),
      expires_sec: positiveInt.default(604_800),
    })
    .prefault({}),
});
export type Policies = z.infer<typeof policiesSchema>;

const onFailureSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("fail_fast"), message: z.string().optional() }),
  z.strictObject({ type: z.literal("continue") }),
  z.strictObject({
    type: z.literal("retry"),
    max_attempts: z.int().min(1).max(20),
    backoff_sec: z.number().nonnegative().max(3600).default(0),
  }),
  z.strictObject({
    type: z.literal("agent_retry"),
    role: z.enum(agentRoles),
    max_attempts: z.int().min(1).max(20),
  }),
]);
export type OnFailure = z.infer<typeof onFailureSchema>;

const onInterrupt = z.enum(["fail", "retry"]);
const values = z.record(z.string(), z.json());

const stepFields = {
  step_id: stepId.optional(),
  name: text.optional(),
  needs: z.union([stepId.transform((id) => [id]), z.array(stepId)]).optional(),
  if: z
    .union([text, z.boolean()])
    .optional()
    .describe("A CEL expression; the step is skipped when it is false."),
  timeout_sec: positiveInt.max(86_400).optional(),
  on_failure: onFailureSchema.optional(),
};

const stringList = z.union([text.transform((one) => [one]), z.array(text)]);
const reportsSchema = z.strictObject({ junit: stringList.optional(), tap: stringList.optional() });

const agentStepSchema = z.strictObject({
  type: z.literal("agent"),
  ...stepFields,
  role: z.enum(agentRoles),
  goal: text,
  agent: text.default("builtin"),
  tier: z.enum(["A", "B", "C"]).optional(),
  model: z
    .string()
    .regex(/^[^:\s]+:\S+$/, "provider:name")
    .optional(),
  inputs: values.default({}),
  skills: z.array(text).default([]),
});
const commandStepSchema = z.strictObject({
  type: z.literal("command"),
  ...stepFields,
  command: text,
  env: z
    .record(variableName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .default({})
    .describe("Values may hold ${{ }}; this is the only way for values to reach a command."),
  reports: reportsSchema.default({}),
  on_interrupt: onInterrupt.optional(),
});
const pullRequestStepSchema = z.strictObject({
  type: z.literal("pull_request"),
  ...stepFields,
  title: text,
  body: z.string().default(""),
  draft: z.boolean().default(false),
  reviewers: z.array(text).default([]),
});
const deployStepSchema = z.strictObject({
  type: z.literal("deploy"),
  ...stepFields,
  target: z.enum(["preview", "prod"]),
  inputs: values.default({}),
});
const approveStepSchema = z.strictObject({ type: z.literal("approve"), ...stepFields, reason: text });
const releaseStepSchema = z.strictObject({
  type: z.literal("release"),
  ...stepFields,
  bump: z.enum(["auto", "major", "minor", "patch"]).default("auto"),
});
const notifyStepSchema = z.strictObject({
  type: z.literal("notify"),
  ...stepFields,
  channels: z.array(z.enum(["inbox", "email"])).default(["inbox"]),
  message: text,
});

const stepSchema = z.discriminatedUnion("type", [
  agentStepSchema,
  commandStepSchema,
  pullRequestStepSchema,
  deployStepSchema,
  approveStepSchema,
  releaseStepSchema,
  notifyStepSchema,
]);
/** A step as checked: `step_id` is always there (see `parseWorkflow`). */
export type WorkflowStep = z.infer<typeof stepSchema> & { step_id: string };

// Files come from strangers: what is checked one by one, or searched for a near name, is limited.
const atMost100 = (record: object): boolean => Object.keys(record).length <= 100;

/** The whole file. `workflow_id` and the steps' ids are filled in by `parseWorkflow`. */
export const workflowFileSchema = z.strictObject({
  $schema: z.string().optional().describe("Where editors find this schema."),
  version: z.literal(1).default(1),
  workflow_id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "letters, digits, _, - and .")
    .optional(),
  name: text,
  description: z.string().optional(),
  project: projectSchema.optional(),
  inputs: z.record(variableName, inputSchema).refine(atMost100, "at most 100").default({}),
  triggers: z.array(triggerSchema).max(50).default([]),
  concurrency: concurrencySchema.optional(),
  policies: policiesSchema.prefault({}),
  defaults: z
    .strictObject({
      timeout_sec: positiveInt.max(86_400).default(900),
      on_interrupt: onInterrupt.default("fail"),
    })
    .prefault({}),
  steps: z.array(stepSchema).min(1, "needs at least one step").max(2000),
  outputs: z.record(variableName, z.string()).refine(atMost100, "at most 100").default({}),
});
export type WorkflowFile = z.infer<typeof workflowFileSchema>;
/** A workflow that may run: shape, names, expressions and graph are right. */
export type Workflow = Omit<WorkflowFile, "workflow_id" | "steps"> & {
  workflow_id: string;
  steps: WorkflowStep[];
};
