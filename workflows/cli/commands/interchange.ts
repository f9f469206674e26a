import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Argument, type Command } from "commander";
import { CoderError } from "../../../shared/errors.ts";
import { exportActions } from "../../../shared/interchange/exportActions.ts";
import { importActions } from "../../../shared/interchange/importActions.ts";
import { importAgenticWorkflow } from "../../../shared/interchange/importAgenticWorkflow.ts";
import { noteText, type Interchange } from "../../../shared/interchange/report.ts";
import { parseWorkflow } from "../../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../../shared/workflow/problemText.ts";
import type { Cli } from "../cli.ts";
import { plain } from "../output.ts";
import { chooseWorkflow, listWorkflowFiles, readWorkflowFile, workflowFolder } from "../workflowFiles.ts";

interface InterchangeOptions {
  write?: true;
  json?: true;
}

/** A file of another system comes in; no server is needed. */
export function addImport(program: Command, cli: Cli): void {
  program
    .command("import")
    .addArgument(new Argument("<format>", "what the file is").choices(["gh-aw", "actions"]))
    .argument("<file>")
    .description("make a workflow of a GitHub Agentic Workflow or a GitHub Actions file")
    .option("--write", `write it to ${workflowFolder} instead of printing it`)
    .option("--json", "print it and the report as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  coder import actions .github/workflows/ci.yml\n  coder import gh-aw .github/workflows/triage.md --write\n\nWhat could not be carried over is reported on standard error.",
    )
    .action(async (format: string, file: string, options: InterchangeOptions) => {
      const source = await readWorkflowFile(cli.cwd, file);
      const text = new TextDecoder().decode(source.text);
      const base = (source.path.split("/").at(-1) ?? "").replace(/\.(?:ya?ml|md)$/, "");
      const path = `${workflowFolder}/${base}.yaml`;
      const made =
        format === "actions" ? importActions(text, source.path) : importAgenticWorkflow(text, source.path);
      await give(cli, { path, made }, options);
    });
}

/** A workflow goes out to another system; no server is needed. */
export function addExport(program: Command, cli: Cli): void {
  program
    .command("export")
    .addArgument(new Argument("<format>", "what to make").choices(["actions"]))
    .argument("<workflow>")
    .description("make a plain GitHub Actions file of a workflow's commands")
    .option("--write", "write it to .github/workflows instead of printing it")
    .option("--json", "print it and the report as JSON")
    .addHelpText("after", "\nExample:\n  coder export actions ci > .github/workflows/ci.yml")
    .action(async (_format: string, named: string, options: InterchangeOptions) => {
      const chosen = chooseWorkflow(named, await listWorkflowFiles(cli.cwd));
      const source = await readWorkflowFile(cli.cwd, chosen);
      const parsed = parseWorkflow(source.text, { path: source.path });
      if (!parsed.ok)
        throw new CoderError(
          "bad_input",
          parsed.problems.map((one) => plain(problemText(chosen, one))).join("\n"),
        );
      const base = (chosen.split("/").at(-1) ?? "").replace(/\.(?:ya?ml|json)$/, "");
      const path = `.github/workflows/${base}.yml`;
      await give(cli, { path, made: exportActions(parsed.workflow) }, options);
    });
}

async function give(
  { cwd, output }: Cli,
  { path, made }: { path: string; made: Interchange },
  options: InterchangeOptions,
): Promise<void> {
  if (options.write) {
    await mkdir(dirname(join(cwd, path)), { recursive: true });
    await writeFile(join(cwd, path), made.text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      throw new CoderError("conflict", `${path} is there already; move it away first`);
    });
  }
  if (options.json) {
    output.json({ path, text: made.text, notes: made.notes });
    return;
  }
  for (const note of made.notes) output.note(plain(noteText(note)));
  output.print(options.write ? `${path} is written.` : made.text.trimEnd());
}
