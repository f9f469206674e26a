import { z } from "zod";
import { runStatuses } from "../../shared/run/events.ts";
import { problemText } from "../../shared/workflow/problemText.ts";
import type { appRouter } from "../router.ts";
import { watchRun } from "./watchRun.ts";

export type Api = ReturnType<typeof appRouter.createCaller>;

/** A tool: what it takes, and the calls of the API that it makes. */
export interface McpTool {
  name: string;
  title: string;
  description: string;
  input: z.ZodObject;
  readOnly: boolean;
  /** Whether it may end or change what a person would miss. */
  destructive?: boolean;
  call(api: Api, values: unknown): Promise<unknown>;
}

/** Keeps the type of the values between the schema and the call. */
function tool<T extends z.ZodObject>(
  definition: Omit<McpTool, "input" | "call"> & {
    input: T;
    call(api: Api, values: z.output<T>): Promise<unknown>;
  },
): McpTool {
  return { ...definition, call: (api, values) => definition.call(api, definition.input.parse(values)) };
}

const project = z
  .string()
  .regex(/^[a-z0-9-]+\/[a-z0-9-]+$/, "organisation/project")
  .describe("The project, as organisation/project; list_projects names them.");
const number = z.int().positive().describe("The run's number in its project.");

export async function projectOf(api: Api, name: string) {
  const [org = "", slug = ""] = name.split("/");
  return api.projects.bySlug({ org, slug });
}

async function runOf(api: Api, at: { project: string; number: number }) {
  const { id: projectId } = await projectOf(api, at.project);
  return api.runs.get({ projectId, number: at.number });
}

export const tools: readonly McpTool[] = [
  tool({
    name: "list_projects",
    title: "List projects",
    description: "Projects that you may see, with how their last run ended.",
    input: z.object({}),
    readOnly: true,
    call: async (api) =>
      (await api.projects.list()).map((one) => ({
        project: `${one.orgSlug}/${one.slug}`,
        name: one.name,
        defaultBranch: one.defaultBranch,
        lastRun: one.lastRun,
      })),
  }),
  tool({
    name: "list_workflows",
    title: "List workflows",
    description:
      "The workflow files of a project's default branch: path, triggers, inputs, problems, last run.",
    input: z.object({ project }),
    readOnly: true,
    call: async (api, values) => {
      const workflows = await api.workflows.list({ projectId: (await projectOf(api, values.project)).id });
      return workflows.map(({ problems, ...workflow }) => ({
        ...workflow,
        problems: problems.map((problem) => problemText(workflow.path, problem)),
      }));
    },
  }),
  tool({
    name: "read_workflow",
    title: "Read a workflow",
    description: "The text of a workflow file and what the linter says of it.",
    input: z.object({ project, path: z.string().max(1024) }),
    readOnly: true,
    call: async (api, { project: name, path }) => {
      const { yaml, problems } = await api.workflows.read({
        projectId: (await projectOf(api, name)).id,
        path,
      });
      return { yaml, problems: problems.map((problem) => problemText(path, problem)) };
    },
  }),
  tool({
    name: "lint_workflow",
    title: "Lint a workflow",
    description:
      "Checks the text of a workflow file without storing it. An empty list means that it may run.",
    input: z.object({ yaml: z.string().max(1_000_000), path: z.string().max(1024).default("workflow.yaml") }),
    readOnly: true,
    call: async (api, { yaml, path }) => {
      const { problems } = await api.workflows.lint({ yaml, path });
      return { problems: problems.map((problem) => ({ ...problem, text: problemText(path, problem) })) };
    },
  }),
  tool({
    name: "run_workflow",
    title: "Run a workflow",
    description:
      "Starts a run of a workflow file at a ref (default: the default branch) and answers its number. With dry_run nothing outside the sandbox is touched.",
    input: z.object({
      project,
      path: z.string().max(1024).describe("Such as .coder/workflows/ci.yaml."),
      inputs: z.record(z.string(), z.json()).default({}),
      ref: z.string().max(255).optional(),
      dry_run: z.boolean().default(false),
      request_id: z.uuid().optional().describe("The same id again is the same run."),
    }),
    readOnly: false,
    call: async (api, { project: name, path, inputs, ref, dry_run: dryRun, request_id: id }) => {
      const { id: projectId } = await projectOf(api, name);
      const intent = { id: id ?? crypto.randomUUID(), projectId, workflowPath: path, inputs, dryRun };
      const { number: runNumber } = await api.runs.start({
        ...intent,
        ...(ref === undefined ? {} : { ref }),
      });
      return { project: name, number: runNumber, next: "watch_run" };
    },
  }),
  tool({
    name: "list_runs",
    title: "List runs",
    description: "Runs of a project, the newest first.",
    input: z.object({
      project,
      status: z.enum(runStatuses).optional(),
      limit: z.int().min(1).max(50).default(20),
    }),
    readOnly: true,
    call: async (api, { project: name, status, limit }) => {
      const { id: projectId } = await projectOf(api, name);
      const { items } = await api.runs.list({
        projectId,
        limit,
        ...(status === undefined ? {} : { status }),
      });
      return items.map((run) => ({ ...run, project: name }));
    },
  }),
  tool({
    name: "watch_run",
    title: "Watch a run",
    description:
      "Where a run is: status, steps, what it waits for, artifacts, and the log after `after_seq`. Waits up to wait_sec for something new; call it again with the seq it answers until `ended` is true.",
    input: z.object({
      project,
      number,
      after_seq: z.int().min(0).default(0),
      wait_sec: z.number().min(0).max(25).default(10),
      max_log_chars: z.int().min(0).max(100_000).default(8000),
    }),
    readOnly: true,
    call: async (api, values) =>
      watchRun(api, await runOf(api, values), {
        afterSeq: values.after_seq,
        waitMs: values.wait_sec * 1000,
        maxLogChars: values.max_log_chars,
      }),
  }),
  tool({
    name: "cancel_run",
    title: "Cancel a run",
    description: "Stops a run; what runs of it is killed.",
    input: z.object({ project, number }),
    readOnly: false,
    destructive: true,
    call: async (api, values) => api.runs.cancel({ runId: (await runOf(api, values)).id }),
  }),
  tool({
    name: "list_approvals",
    title: "List approvals",
    description: "What waits for a decision of a person: what would happen, and the hash of exactly that.",
    input: z.object({}),
    readOnly: true,
    call: async (api) => (await api.approvals.inbox()).waiting,
  }),
  tool({
    name: "decide_approval",
    title: "Approve or reject",
    description:
      "Decides an approval as you. Name the content hash that list_approvals showed: if what would happen has changed since, the decision is refused.",
    input: z.object({
      approval_id: z.uuid(),
      content_hash: z.string().min(1).max(200),
      decision: z.enum(["approved", "rejected"]),
      comment: z.string().max(5000).optional(),
    }),
    readOnly: false,
    destructive: true,
    call: async (api, { approval_id: approvalId, content_hash: contentHash, decision, comment }) =>
      api.approvals.decide({
        approvalId,
        contentHash,
        decision,
        ...(comment === undefined ? {} : { comment }),
      }),
  }),
];
