import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { findProject, runNumber } from "../project.ts";
import { watchRun } from "../watchRun.ts";

interface RerunOptions {
  project?: string;
  failed?: true;
  watch?: true;
  json?: true;
}

export function addRerun(program: Command, cli: Cli): void {
  program
    .command("rerun <run>")
    .description("run the same again: the file, commit and inputs of an earlier run")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("--failed", "from the failed steps on, with the outputs of those that succeeded")
    .option("-w, --watch", "show it until it ends; then end with its result")
    .option("--json", "print the new run as JSON")
    .action(async (run: string, options: RerunOptions) => {
      const server = await connect(cli.env);
      const project = await findProject(cli, server, options.project);
      const { id } = await server.api.runs.get.query({ projectId: project.id, number: runNumber(run) });
      const newId = randomUUID();
      const { number } = await server.api.runs.rerun.mutate({
        id: newId,
        runId: id,
        from: options.failed ? "failed" : "all",
      });
      const url = `${server.url}/${project.orgSlug}/${project.slug}/runs/${number}`;
      if (options.watch) {
        cli.output.note(`Run #${number}: ${url}`);
        process.exitCode = await watchRun({ cli, server }, newId, { number, json: options.json ?? false });
      } else if (options.json) cli.output.json({ number, id: newId, url });
      else cli.output.print(`Run #${number}: ${url}`);
    });
}
