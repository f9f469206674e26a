import type { Command } from "commander";
import { isFinal } from "../../../shared/run/transitions.ts";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { findProject, runNumber } from "../project.ts";

export function addCancel(program: Command, cli: Cli): void {
  program
    .command("cancel <run>")
    .description("ask a run to stop")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .action(async (run: string, options: { project?: string }) => {
      const number = runNumber(run);
      const server = await connect(cli.env);
      const project = await findProject(cli, server, options.project);
      const { id, status } = await server.api.runs.get.query({ projectId: project.id, number });
      if (isFinal(status)) {
        cli.output.print(`Run #${number} has ${status} already.`);
        return;
      }
      await server.api.runs.cancel.mutate({ runId: id });
      cli.output.print(`Run #${number} is asked to stop.`);
    });
}
