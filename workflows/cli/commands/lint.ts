import type { Command } from "commander";
import { parseWorkflow } from "../../../shared/workflow/parseWorkflow.ts";
import type { Problem } from "../../../shared/workflow/problem.ts";
import { problemText } from "../../../shared/workflow/problemText.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../exitCodes.ts";
import { plain } from "../output.ts";
import { listWorkflowFiles, readWorkflowFile, workflowFolder } from "../workflowFiles.ts";
import { counted } from "../../../shared/counted.ts";

export function addLint(program: Command, cli: Cli): void {
  program
    .command("lint [files...]")
    .description("check workflow files; needs no server")
    .option("--json", "print the findings as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  coder lint\n  coder lint .coder/workflows/ci.yaml --json\n\nEnds with 1 if a file has errors; warnings are printed only.",
    )
    .action(async (files: string[], options: { json?: true }) => {
      process.exitCode = await lint(cli, files, options.json ?? false);
    });
}

async function lint(cli: Cli, named: string[], json: boolean): Promise<number> {
  const { output } = cli;
  const paths = named.length > 0 ? named : await listWorkflowFiles(cli.cwd);
  const files: { path: string; problems: Problem[] }[] = [];
  for (const named of paths) {
    const { path, text } = await readWorkflowFile(cli.cwd, named);
    files.push({ path, problems: parseWorkflow(text, { path }).problems });
  }
  const all = files.flatMap((file) => file.problems);
  const errors = all.filter((problem) => problem.severity === "error").length;
  if (json) output.json({ files, errors, warnings: all.length - errors });
  else {
    for (const { path, problems } of files)
      for (const problem of problems) {
        const severity =
          problem.severity === "error" ? output.style("red", "error") : output.style("yellow", "warning");
        output.print(`${severity} ${plain(problemText(path, problem))}`);
      }
    if (files.length === 0) output.note(`There are no workflow files in ${workflowFolder}.`);
    else
      output.note(
        `${counted(files.length, "file")}, ${counted(errors, "error")}, ${counted(all.length - errors, "warning")}`,
      );
  }
  return errors > 0 ? exitCodes.failed : exitCodes.ok;
}
