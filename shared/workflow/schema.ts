import { z } from "zod";

/**
 * The workflow language, version 1, as zod schemas: the one definition of its shape and its defaults.
 * Keys are spelled as in the file (snake case); `planWorkflow` turns them into what the engine runs.
 * Rules that one value alone cannot show (names that refer to others, cycles) are in `checkMeaning.ts`.
 * One file, though a long one, because it is read as the reference; the descriptions are what editors show on hover.
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

/** What happens in a repository and may start a workflow. */
export const repoEvents = [
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
  owner: text.describe("Organisation or user that the repository belongs to."),
  repo: text.describe("Name of the repository."),
  ref: text.optional().describe("Branch, tag or commit; default: the repository's default branch."),
});

const inputFields = {
  description: z.string().optional().describe("Shown beside the field when somebody starts a run."),
  required: z.boolean().optional().describe("Default: false; an input without value and default is absent."),
};
const inputDefault = "Used when a run gives no value.";
const inputSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("string"),
    default: z.string().optional().describe(inputDefault),
    ...inputFields,
  }),
  z.strictObject({
    type: z.literal("number"),
    default: z.number().optional().describe(inputDefault),
    ...inputFields,
  }),
  z.strictObject({
    type: z.literal("boolean"),
    default: z.boolean().optional().describe(inputDefault),
    ...inputFields,
  }),
  z.strictObject({
    type: z.literal("choice"),
    options: z.array(text).min(1).describe("The values to choose from."),
    default: z.string().optional().describe(inputDefault),
    ...inputFields,
  }),
]);
export type WorkflowInput = z.infer<typeof inputSchema>;

const triggerCondition = z
  .union([text, z.boolean()])
  .optional()
  .describe("A CEL expression over `event` and `project`; the trigger fires only if it is true.");

export const triggerSchema = z.discriminatedUnion("type", [
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
    event: z.enum(repoEvents).describe("What happened in the repository."),
    branches: globs
      .optional()
      .describe("Patterns of the pushed branch, or of a change's base branch. Default: every branch."),
    paths: globs.optional().describe("Fires only if one changed file matches. Default: every file."),
    labels: z.array(text).optional().describe("Fires only if the change or issue has one of these labels."),
    actors: z
      .strictObject({
        allow_bots: z.boolean().default(false).describe("Whether events that a bot made count."),
        allowed: z.array(text).optional().describe("Names whose events count. Default: everybody's."),
      })
      .prefault({})
      .describe("Whose events count."),
    if: triggerCondition,
  }),
  z.strictObject({
    type: z.literal("webhook"),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "lower-case letters, digits, _ or -")
      .describe("The last part of its address: /hooks/<project>/<name>."),
    secret_ref: variableName.describe("The secret that signs deliveries."),
    if: triggerCondition,
  }),
  z.strictObject({
    type: z.literal("workflow"),
    workflow: text.describe("The other workflow's file name or path."),
    on: z
      .enum(["succeeded", "failed", "finished"])
      .default("succeeded")
      .describe("How the other workflow must have ended."),
    if: triggerCondition,
  }),
]);
export type Trigger = z.infer<typeof triggerSchema>;

const concurrencySchema = z.strictObject({
  group: text.describe("Runs whose group is equal share its places. May hold ${{ }}."),
  max: positiveInt.default(1).describe("How many runs of the group go at once."),
  when_full: z
    .enum(["queue", "cancel_oldest", "skip"])
    .default("queue")
    .describe("What happens to one run too many: it waits, the oldest is canceled, or it is skipped."),
});

export const policiesSchema = z.strictObject({
  budget: z
    .strictObject({
      max_credits: z
        .number()
        .nonnegative()
        .optional()
        .describe("Credits that a run may cost; reserved before each model call."),
      max_wall_clock_sec: positiveInt.default(3600).describe("Seconds after which a run is ended."),
    })
    .prefault({})
    .describe("What a run may cost, in credits and in time."),
  limits: z
    .strictObject({
      max_turns: positiveInt.default(60).describe("Turns that an agent may take."),
      max_changed_files: positiveInt.default(100).describe("Files that one patch may touch."),
      max_patch_bytes: positiveInt.default(4_000_000).describe("Size of one patch, in bytes."),
    })
    .prefault({})
    .describe("How much agents may do."),
  repo: z
    .strictObject({
      allowed_paths: globs
        .optional()
        .describe("Paths that patches may touch, such as src/ or docs/**/*.md. Default: every path."),
      blocked_paths: globs.default([]).describe("Paths that no patch may touch; wins over allowed_paths."),
    })
    .prefault({})
    .describe("Which files may be changed."),
  network: z
    .strictObject({
      allowed_domains: z
        .array(text)
        .default(["registry"])
        .describe("Hosts that steps may reach: a name, *.name, or `registry` for the package registry."),
    })
    .prefault({})
    .describe("Which hosts may be reached."),
  secrets: z
    .strictObject({
      allowed: z.array(variableName).default([]).describe("Secrets that the env of commands may read."),
    })
    .prefault({})
    .describe("Which secrets may be read."),
  checks: z
    .strictObject({
      required: z
        .array(text)
        .default([])
        .describe(
          "Must have passed on the exact commit before a merge, a deploy to production or a release.",
        ),
    })
    .prefault({})
    .describe("What must be green first."),
  gates: z
    .strictObject({
      require_human_approval_for: z
        .array(text)
        .default([])
        .describe(
          "Actions that wait for a person: deploy.preview, deploy.prod, release.tag, pull_request.open, pull_request.merge, push.protected, secret.use:<NAME>, path.write:<glob>.",
        ),
      approvers: z
        .array(z.string().regex(/^(role|user):.+$/, "role:<name> or user:<e-mail>"))
        .default([])
        .describe("role:<name> or user:<e-mail>. Default: every member who may start the workflow."),
      self_approval: z.boolean().default(false).describe("Whether who started the run may approve it."),
      expires_sec: positiveInt.default(604_800).describe("Seconds that an approval is waited for."),
    })
    .prefault({})
    .describe("Where a person is asked first."),
});
export type Policies = z.infer<typeof policiesSchema>;

const onFailureSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("fail_fast"),
    message: z.string().optional().describe("Why, in your words; shown on the run."),
  }),
  z.strictObject({ type: z.literal("continue") }),
  z.strictObject({
    type: z.literal("retry"),
    max_attempts: z.int().min(1).max(20).describe("Attempts in all, the first among them."),
    backoff_sec: z
      .number()
      .nonnegative()
      .max(3600)
      .default(0)
      .describe("Seconds before the second attempt; doubled before each later one."),
  }),
  z.strictObject({
    type: z.literal("agent_retry"),
    role: z.enum(agentRoles).describe("Which agent repairs."),
    max_attempts: z.int().min(1).max(20).describe("How often an agent may repair."),
  }),
]);
export type OnFailure = z.infer<typeof onFailureSchema>;

const onInterrupt = z.enum(["fail", "retry"]);
const values = z.record(z.string(), z.json());

const stepFields = {
  step_id: stepId
    .optional()
    .describe("What `needs` and expressions call the step. Default: s and its position, s1, s2, …"),
  name: text.optional().describe("What people see. Default: what the step does."),
  needs: z
    .union([stepId.transform((id) => [id]), z.array(stepId)])
    .optional()
    .describe(
      "Steps that must have ended first. With no needs in the whole file, steps run in order; with one, it is a graph.",
    ),
  if: z
    .union([text, z.boolean()])
    .optional()
    .describe("A CEL expression; the step is skipped when it is false."),
  timeout_sec: positiveInt
    .max(86_400)
    .optional()
    .describe("Seconds after which the step has failed. Default: defaults.timeout_sec."),
  on_failure: onFailureSchema.optional().describe("What a failure means. Default: the run fails."),
};

const stringList = z.union([text.transform((one) => [one]), z.array(text)]);
const reportsSchema = z.strictObject({
  junit: stringList.optional().describe("Patterns of JUnit XML files, such as reports/*.xml."),
  tap: stringList.optional().describe("Patterns of TAP files."),
});

const agentStepSchema = z
  .strictObject({
    type: z.literal("agent"),
    ...stepFields,
    role: z
      .enum(agentRoles)
      .describe("What the agent may do: a reviewer cannot write, a tester only test files."),
    goal: text.describe("What it should reach, in words. May hold ${{ }}."),
    agent: text
      .default("builtin")
      .describe("builtin, claude-code, codex, gemini, opencode, or any configured name."),
    tier: z.enum(["A", "B", "C"]).optional().describe("How strong a model: A is the strongest."),
    model: z
      .string()
      .regex(/^[^:\s]+:\S+$/, "provider:name")
      .optional()
      .describe("One exact model, as provider:name, instead of a tier."),
    inputs: values.default({}).describe("What the agent is given beside its goal. May hold ${{ }}."),
    skills: z.array(text).default([]).describe("Skills that the agent may use."),
  })
  .describe("An agent works on the code.");
const commandStepSchema = z
  .strictObject({
    type: z.literal("command"),
    ...stepFields,
    command: text.describe(
      "What the shell runs in the sandbox. Values reach it by env, never by ${{ }} in it.",
    ),
    env: z
      .record(variableName, z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .default({})
      .describe("Values may hold ${{ }}; this is the only way for values to reach a command."),
    reports: reportsSchema.default({}).describe("Result files that become a test report."),
    artifacts: stringList
      .optional()
      .describe(
        "Files to keep, as paths or patterns such as dist/**; later steps have them on any worker. An empty list: it leaves none.",
      ),
    cache: z
      .union([
        z.literal(false),
        z.strictObject({
          key: stringList.describe(
            "Files that decide the result, as paths or patterns such as package-lock.json.",
          ),
          paths: stringList.describe("What the command makes, as paths such as node_modules."),
        }),
      ])
      .optional()
      .describe(
        "Puts back what the command made from the same files before, instead of running it. Default: on for plain installs of dependencies.",
      ),
    on_interrupt: onInterrupt
      .optional()
      .describe("What a worker's death in the middle means. Default: defaults.on_interrupt."),
  })
  .describe("A shell command runs in the sandbox.");
const pullRequestStepSchema = z
  .strictObject({
    type: z.literal("pull_request"),
    ...stepFields,
    title: text.describe("The change's title. May hold ${{ }}."),
    body: z.string().default("").describe("The change's text, in Markdown. May hold ${{ }}."),
    draft: z.boolean().default(false).describe("Whether it is opened as a draft."),
    reviewers: z.array(text).default([]).describe("Who is asked to review it."),
    merge: z
      .boolean()
      .default(false)
      .describe(
        "Whether it is merged as well, once its required checks have passed on its head; until then the step fails, and on_failure: retry waits.",
      ),
  })
  .describe("Opens a change with the run's patch, or updates it; merges it if the file says so.");
const deployStepSchema = z
  .strictObject({
    type: z.literal("deploy"),
    ...stepFields,
    target: z.enum(["preview", "prod"]).describe("A preview of its own, or production."),
    inputs: values
      .default({})
      .describe("For the provider; `provider` chooses it. Default: built-in hosting."),
  })
  .describe("Deploys what was built.");
const approveStepSchema = z
  .strictObject({
    type: z.literal("approve"),
    ...stepFields,
    reason: text.describe("What is asked. May hold ${{ }}."),
  })
  .describe("Waits for a person to approve.");
const releaseStepSchema = z
  .strictObject({
    type: z.literal("release"),
    ...stepFields,
    bump: z
      .enum(["auto", "major", "minor", "patch"])
      .default("auto")
      .describe("Which part of the version grows; auto reads it from the commits."),
  })
  .describe("Makes a version: changelog, tag and notes.");
const notifyStepSchema = z
  .strictObject({
    type: z.literal("notify"),
    ...stepFields,
    channels: z
      .array(z.enum(["inbox", "email"]))
      .default(["inbox"])
      .describe("Where it is told."),
    message: text.describe("What is told. May hold ${{ }}."),
  })
  .describe("Tells people.");

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
  version: z.literal(1).default(1).describe("Version of the language."),
  workflow_id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, "letters, digits, _, - and .")
    .optional()
    .describe("Default: the file's name."),
  name: text.describe("What people see."),
  description: z.string().optional().describe("What the workflow is for."),
  project: projectSchema.optional().describe("Default: the repository that the file is in."),
  inputs: z
    .record(variableName, inputSchema)
    .refine(atMost100, "at most 100")
    .default({})
    .describe("What manual and API runs are asked for."),
  triggers: z.array(triggerSchema).max(50).default([]).describe("What starts a run."),
  concurrency: concurrencySchema.optional().describe("How many runs go at once. Default: any number."),
  policies: policiesSchema.prefault({}).describe("What a run may do. Enforced outside its steps."),
  defaults: z
    .strictObject({
      timeout_sec: positiveInt.max(86_400).default(900).describe("Seconds that a step may take."),
      on_interrupt: onInterrupt.default("fail").describe("What a worker's death means for a command."),
    })
    .prefault({})
    .describe("For steps that do not say otherwise."),
  steps: z.array(stepSchema).min(1, "needs at least one step").max(2000).describe("What a run does."),
  outputs: z
    .record(variableName, z.string())
    .refine(atMost100, "at most 100")
    .default({})
    .describe("Values that the run ends with; each may hold ${{ }}."),
});
export type WorkflowFile = z.infer<typeof workflowFileSchema>;
/** A workflow that may run: shape, names, expressions and graph are right. */
export type Workflow = Omit<WorkflowFile, "workflow_id" | "steps"> & {
  workflow_id: string;
  steps: WorkflowStep[];
};
