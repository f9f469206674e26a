import { randomUUID } from "node:crypto";
import { InvalidArgumentError, type Command } from "commander";
import type { Cli } from "../cli.ts";
import { cacheDirectory } from "../credentials.ts";
import { exitCodes } from "../exitCodes.ts";
import { chooseWorkflowFile } from "../local/chooseWorkflowFile.ts";
import { readLocalSecrets } from "../local/readLocalSecrets.ts";
import { readInputs } from "../readInputs.ts";
import { chooseWorkflow } from "../workflowFiles.ts";

export interface RunOptions {
  project?: string;
  local?: true;
  dryRun?: true;
  input: string[];
  ref?: string;
  watch?: true;
  yes?: true;
  artifacts?: string;
  plainSecret: string[];
  json?: true;
}

export function addRun(program: Command, cli: Cli): void {
  program
    .command("run <workflow>")
    .description("run a workflow, on the server or on this machine")
    .option("--local", "run it here, on the files as they are now; needs no server")
    .option("--dry-run", "everything up to the first effect outside of the sandbox")
    .option("-i, --input <name=value>", "a value for one of its inputs; may be repeated", collect, [])
    .option("--ref <ref>", "the branch, tag or commit to run (default: the default branch; not with --local)")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("-w, --watch", "show it until it ends; then end with its result (always with --local)")
    .option("-y, --yes", "with --local: approve whatever waits without asking")
    .option(
      "--artifacts <directory>",
      "with --local: where artifacts and events go (default: .coder/runs/<time>)",
    )
    .option(
      "--plain-secret <name>",
      "with --local: hand the value itself to commands, instead of a placeholder that the sandbox's proxy replaces; may be repeated",
      collect,
      [],
    )
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nA local run takes its secrets from CODER_SECRET_<NAME>, else from .coder/secrets.env (only yours to read, ignored by git).\n\nExamples:\n  coder run ci --local\n  coder run release --input channel=beta --watch\n  coder run release --local --dry-run\n\nEnds with 0 if the run succeeded and 1 if it did not.",
    )
    .action(async (workflow: string, options: RunOptions) => {
      if (options.local) {
        if (options.ref !== undefined)
          throw new InvalidArgumentError(
            "--ref is for runs on the server: --local runs the files as they are now",
          );
        process.exitCode = await runHere(cli, workflow, options);
      } else process.exitCode = await runOnServer(cli, workflow, options);
    });
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

async function runHere(cli: Cli, named: string, options: RunOptions): Promise<number> {
  const chosen = await chooseWorkflowFile(cli, named, options);
  if (chosen === undefined) return exitCodes.failed;
  const secrets = await readLocalSecrets({
    root: chosen.root,
    env: cli.env,
    allowed: chosen.workflow.policies.secrets.allowed,
    plain: options.plainSecret,
  });
  const starting = Promise.withResolvers<void>();
  const opening = cli.openLocalDatabase(cacheDirectory(cli.env), starting.resolve);
  // It is awaited by what is loaded below; until then its failure is nobody's.
  opening.catch(() => starting.resolve());
  await starting.promise;
  // Loaded here only, while the database starts: no other command must wait for an engine.
  const { runLocally } = await import("../local/runLocally.ts");
  return runLocally({ cli, chosen, secrets, options }, opening);
}

async function runOnServer(cli: Cli, named: string, options: RunOptions): Promise<number> {
  // Loaded here only: a local run needs no client.
  const [{ connect }, { findProject }, { watchRun }] = await Promise.all([
    import("../api.ts"),
    import("../project.ts"),
    import("../watchRun.ts"),
  ]);
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const ref = options.ref === undefined ? {} : { ref: options.ref };
  const workflows = await server.api.workflows.list.query({ projectId: project.id, ...ref });
  const workflowPath = chooseWorkflow(
    named,
    workflows.map((one) => one.path),
  );
  const declared = workflows.find((one) => one.path === workflowPath)?.inputs ?? [];
  const id = randomUUID();
  const { number } = await server.api.runs.start.mutate({
    id,
    projectId: project.id,
    workflowPath,
    inputs: readInputs(options.input, declared),
    dryRun: options.dryRun ?? false,
    ...ref,
  });
  const url = `${server.url}/${project.orgSlug}/${project.slug}/runs/${number}`;
  if (options.watch) {
    cli.output.note(`Run #${number}: ${url}`);
    return watchRun({ cli, server }, id, { number, json: options.json ?? false });
  }
  if (options.json) cli.output.json({ number, id, url });
  else cli.output.print(`Run #${number}: ${url}`);
  return 0;
}
