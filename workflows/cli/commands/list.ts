import type { Command } from "commander";
import { formatCredits } from "../../../shared/billing/credits.ts";
import { runStatuses, type RunStatus } from "../../../shared/run/events.ts";
import { CoderError } from "../../../shared/errors.ts";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { plain, table } from "../output.ts";
import { findProject } from "../project.ts";
import { duration } from "../runPrinter.ts";

interface ListOptions {
  project?: string;
  status?: string;
  workflow?: string;
  limit: string;
  json?: true;
}

export function addList(program: Command, cli: Cli): void {
  program
    .command("list [what]")
    .description("list runs, or workflows with: coder list workflows")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("--status <status>", `only runs that are ${runStatuses.join(", ")}`)
    .option("--workflow <path>", "only runs of this workflow file")
    .option("-n, --limit <count>", "how many runs", "20")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  coder list --status failed\n  coder list workflows --json")
    .action(async (what: string | undefined, options: ListOptions) => {
      if (what !== undefined && what !== "runs" && what !== "workflows")
        throw new CoderError("bad_input", `coder lists runs or workflows, not ${what}`);
      await (what === "workflows" ? listWorkflows(cli, options) : listRuns(cli, options));
    });
}

async function listRuns(cli: Cli, options: ListOptions): Promise<void> {
  const { output } = cli;
  const status = options.status;
  if (status !== undefined && !isStatus(status))
    throw new CoderError(
      "bad_input",
      `"${status}" is no status of a run; there are ${runStatuses.join(", ")}`,
    );
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new CoderError("bad_input", `--limit is a number from 1 to 100, not ${options.limit}`);
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const { items } = await server.api.runs.list.query({
    projectId: project.id,
    limit,
    ...(status === undefined ? {} : { status }),
    ...(options.workflow === undefined ? {} : { workflowPath: options.workflow }),
  });
  if (options.json) {
    output.json({ project: `${project.orgSlug}/${project.slug}`, runs: items });
    return;
  }
  if (items.length === 0) output.note("No runs.");
  const hasCost = items.some((run) => run.millicredits > 0);
  const rows = items.map((run) => [
    `#${run.number}`,
    run.status,
    plain(run.name),
    `${plain(run.ref)}@${run.commit.slice(0, 7)}`,
    run.trigger,
    run.createdAt.slice(0, 19).replace("T", " "),
    run.startedAt === null || run.finishedAt === null
      ? ""
      : duration(Date.parse(run.finishedAt) - Date.parse(run.startedAt)),
    ...(hasCost ? [run.millicredits === 0 ? "" : formatCredits(run.millicredits)] : []),
  ]);
  for (const line of table(rows)) output.print(line);
}

async function listWorkflows(cli: Cli, options: ListOptions): Promise<void> {
  const { output } = cli;
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const workflows = await server.api.workflows.list.query({ projectId: project.id });
  if (options.json) {
    output.json({ project: `${project.orgSlug}/${project.slug}`, workflows });
    return;
  }
  if (workflows.length === 0) output.note("No workflows.");
  const rows = workflows.map((one) => [
    plain(one.path),
    plain(one.name),
    one.triggers.map((trigger) => plain(trigger.label)).join(", "),
    one.problems.some((problem) => problem.severity === "error") ? "has errors" : "",
  ]);
  for (const line of table(rows)) output.print(line);
}

function isStatus(text: string): text is RunStatus {
  return (runStatuses as readonly string[]).includes(text);
}
