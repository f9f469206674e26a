import type { Command } from "commander";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { followRun } from "../followRun.ts";
import { findProject, runNumber } from "../project.ts";
import { RunPrinter } from "../runPrinter.ts";
import { watchRun } from "../watchRun.ts";

interface LogsOptions {
  project?: string;
  follow?: true;
  step?: string;
  json?: true;
}

export function addLogs(program: Command, cli: Cli): void {
  program
    .command("logs <run>")
    .description("print what a run has written")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("-f, --follow", "go on until the run ends; then end with its result")
    .option("--step <id>", "only this step")
    .option("--json", "print every event as one line of JSON")
    .addHelpText("after", "\nExamples:\n  coder logs 12\n  coder logs 12 -f --step test")
    .action(async (run: string, options: LogsOptions) => {
      const number = runNumber(run);
      const server = await connect(cli.env);
      const project = await findProject(cli, server, options.project);
      const { id } = await server.api.runs.get.query({ projectId: project.id, number });
      if (options.json) {
        await followRun(server, id, {
          follow: options.follow ?? false,
          onEvent: (event) => cli.output.print(JSON.stringify(event)),
        });
        return;
      }
      if (options.follow) {
        process.exitCode = await watchRun({ cli, server }, id, { number, json: false, step: options.step });
        return;
      }
      const printer = new RunPrinter(cli.output, { step: options.step });
      await followRun(server, id, { follow: false, onEvent: ({ event }) => printer.add(event) });
      printer.summary();
    });
}
