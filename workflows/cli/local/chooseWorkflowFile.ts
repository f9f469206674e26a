import { parseWorkflow } from "../../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../../shared/workflow/problemText.ts";
import { resolveInputs } from "../../../shared/workflow/resolveInputs.ts";
import type { Value } from "../../../shared/workflow/expressions.ts";
import type { Workflow } from "../../../shared/workflow/schema.ts";
import type { Cli } from "../cli.ts";
import type { RunOptions } from "../commands/run.ts";
import { plain } from "../output.ts";
import { readInputs } from "../readInputs.ts";
import { chooseWorkflow, listWorkflowFiles, readWorkflowFile } from "../workflowFiles.ts";
import { findProjectRoot } from "./snapshot.ts";

/** A file of a directory that may run, with the inputs of its run. */
export interface ChosenWorkflow {
  root: string;
  workflowPath: string;
  workflow: Workflow;
  yaml: string;
  inputs: Record<string, Value>;
}

/** Prints what the linter finds; undefined for a file that may not run. */
export async function chooseWorkflowFile(
  cli: Cli,
  named: string,
  options: RunOptions,
): Promise<ChosenWorkflow | undefined> {
  const root = await findProjectRoot(cli.cwd);
  const workflowPath = chooseWorkflow(named, await listWorkflowFiles(root));
  const { text } = await readWorkflowFile(root, workflowPath);
  const parsed = parseWorkflow(text, { path: workflowPath });
  for (const problem of parsed.problems) cli.output.note(plain(problemText(workflowPath, problem)));
  if (!parsed.ok) return undefined;
  const { workflow } = parsed;
  const declared = Object.entries(workflow.inputs).map(([name, { type }]) => ({ name, type }));
  const inputs = resolveInputs(workflow.inputs, readInputs(options.input, declared));
  return { root, workflowPath, workflow, yaml: new TextDecoder().decode(text), inputs };
}
