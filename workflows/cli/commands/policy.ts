import type { Command } from "commander";
import { CoderError } from "../../../shared/errors.ts";
import { decisionOf, whatIf, type RecordedDecision } from "../../../shared/policy/whatIf.ts";
import { parseWorkflow } from "../../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../../shared/workflow/problemText.ts";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { followRun } from "../followRun.ts";
import { plain, table } from "../output.ts";
import { findProject } from "../project.ts";
import { readWorkflowFile } from "../workflowFiles.ts";

interface WhatIfOptions {
  project?: string;
  runs: string;
  json?: true;
}

export function addPolicy(program: Command, cli: Cli): void {
  const policy = program.command("policy").description("try an edited policy");
  policy
    .command("what-if <file>")
    .description("what the file's policies would have answered to what its last runs did")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("-n, --runs <count>", "how many of its runs to look at", "20")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  coder policy what-if .coder/workflows/release.yaml --runs 50")
    .action((file: string, options: WhatIfOptions) => tryPolicy(cli, file, options));
}

async function tryPolicy(cli: Cli, file: string, options: WhatIfOptions): Promise<void> {
  const { output } = cli;
  const limit = Number(options.runs);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new CoderError("bad_input", `--runs is a number from 1 to 100, not ${options.runs}`);
  const { path, text } = await readWorkflowFile(cli.cwd, file);
  const parsed = parseWorkflow(text, { path });
  if (!parsed.ok)
    throw new CoderError(
      "bad_input",
      parsed.problems.map((problem) => plain(problemText(path, problem))).join("\n"),
    );
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const { items } = await server.api.runs.list.query({ projectId: project.id, workflowPath: path, limit });
  const decisions: RecordedDecision[] = [];
  for (const run of items)
    await followRun(server, run.id, {
      follow: false,
      onEvent({ event }) {
        const decision = decisionOf(run, event);
        if (decision !== undefined) decisions.push(decision);
      },
    });
  const differences = whatIf(decisions, parsed.workflow.policies);
  if (options.json) {
    output.json({ workflow: path, runs: items.length, decisions: decisions.length, differences });
    return;
  }
  output.note(`${items.length} runs, ${decisions.length} decisions, ${differences.length} would differ`);
  const colours = { allow: "green", ask: "yellow", deny: "red" } as const;
  const rows = differences.map((one) => [
    `#${one.runNumber}`,
    plain(one.stepId ?? ""),
    plain(one.action),
    `${one.answer} → ${output.style(colours[one.newAnswer], one.newAnswer)}`,
    plain(one.message || one.newRule),
  ]);
  for (const line of table(rows)) output.print(line);
}
