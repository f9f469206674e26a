import type { Command } from "commander";
import type { Cli } from "../cli.ts";

export function addVersion(program: Command, cli: Cli): void {
  program
    .command("version")
    .description("print the version")
    .option("--json", "print as JSON, with the version of Node")
    .action((options: { json?: true }) => {
      if (options.json) cli.output.json({ coder: cli.version, node: process.versions.node });
      else cli.output.print(cli.version);
    });
}
