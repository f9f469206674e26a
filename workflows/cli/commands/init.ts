import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { proposalSchema } from "../../../shared/operationalize/proposal.ts";
import { CoderError } from "../../../shared/errors.ts";
import { templates } from "../../../shared/templates/templates.ts";
import { nameHint } from "../../../shared/workflow/nearestName.ts";
import { inferWorkflows } from "../../operationalize/inferWorkflows.ts";
import { describeFacts, readProjectFacts } from "../../operationalize/projectFacts.ts";
import { connect } from "../api.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../exitCodes.ts";
import { followRun } from "../followRun.ts";
import { plain } from "../output.ts";
import { findProject } from "../project.ts";
import { projectPaths } from "../projectPaths.ts";
import { RunPrinter } from "../runPrinter.ts";
import { initFromTemplate, listTemplates } from "./initTemplate.ts";

interface InitOptions {
  project?: string;
  local?: true;
  write?: true;
  open?: true;
  template?: string;
  listTemplates?: true;
  force?: true;
  json?: true;
}

/** Its ids are the choices for shell completion; a wrong one is answered with the nearest. */
function templateOption(): Option {
  const ids = templates.map(({ id }) => id);
  const option = new Option("-t, --template <id>", "write one workflow from a template, for this directory");
  option.argChoices = ids;
  return option.argParser((id: string) => {
    if (ids.includes(id)) return id;
    throw new InvalidArgumentError(nameHint(id, ids) ?? "See coder init --list-templates");
  });
}

export function addInit(program: Command, cli: Cli): void {
  program
    .command("init")
    .description("propose the workflows that fit a project")
    .option("--local", "read this directory, without a server and without trying what is proposed")
    .option("--write", "with --local: write the proposed files")
    .addOption(templateOption())
    .option("--force", "with --template: replace the file that is there")
    .option("--list-templates", "tell which templates there are and which fit this directory")
    .option("--open", "on the server: open the change that adds the proposed files")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("--json", "print the proposal as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  coder init --local\n  coder init --local --write\n  coder init --template ci\n  coder init --open\n\nOn the server every proposed workflow is tried before it is proposed.",
    )
    .action(async (options: InitOptions) => {
      process.exitCode = await chosen(cli, options);
    });
}

function chosen(cli: Cli, options: InitOptions): Promise<number> {
  if (options.listTemplates) return listTemplates(cli, options);
  const { template: id, ...rest } = options;
  if (id !== undefined) return initFromTemplate(cli, { id, ...rest });
  return options.local ? initHere(cli, options) : initOnServer(cli, options);
}

async function initHere(cli: Cli, options: InitOptions): Promise<number> {
  const { output, cwd } = cli;
  const paths = await projectPaths(cwd);
  const known = new Set(paths);
  const facts = await readProjectFacts({
    paths,
    read: async (path) => (known.has(path) ? readFile(join(cwd, path), "utf8") : null),
  });
  const { workflows, leftOut } = inferWorkflows(facts);
  if (options.write)
    for (const { path, content } of workflows) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), content, { flag: "wx" });
    }
  if (options.json) {
    output.json({ findings: describeFacts(facts), files: workflows, leftOut });
    return exitCodes.ok;
  }
  for (const finding of describeFacts(facts)) output.note(finding);
  for (const { path, content, purpose } of workflows) {
    output.print(output.style("bold", path));
    output.print(output.style("dim", purpose));
    if (options.write) output.print("written");
    else output.print(content);
  }
  for (const { path, reason } of leftOut) output.note(`${path}: not proposed. ${reason}`);
  const [first] = workflows;
  if (first === undefined)
    output.note("Nothing to propose. See what else there is with: coder init --list-templates");
  else if (options.write)
    output.note(`Run one with: coder run ${basename(first.path).replace(/\.ya?ml$/, "")} --local`);
  else output.note("Write them with: coder init --local --write");
  return exitCodes.ok;
}

async function initOnServer(cli: Cli, options: InitOptions): Promise<number> {
  const { output } = cli;
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const runId = randomUUID();
  const { number } = await server.api.operationalize.start.mutate({ id: runId, projectId: project.id });
  output.note(`Run #${number}: ${server.url}/${project.orgSlug}/${project.slug}/runs/${number}`);
  const printer = new RunPrinter(output, { silent: options.json ?? false });
  await followRun(server, runId, { follow: true, onEvent: ({ event }) => printer.add(event) });
  const { artifacts, status, failure } = printer.report;
  if (status !== "succeeded")
    throw new CoderError("internal", failure?.message ?? `The run ${status}; see coder logs ${number}`);
  const found = artifacts.find((artifact) => artifact.kind === "proposal");
  const proposal = found === undefined ? undefined : proposalSchema.parse(found.data);
  const change =
    options.open && proposal ? await server.api.operationalize.openChange.mutate({ runId }) : undefined;
  if (options.json) {
    output.json({ run: number, proposal: proposal ?? null, change: change ?? null });
    return exitCodes.ok;
  }
  output.print();
  if (proposal === undefined) output.print("Nothing to propose: the project has all that fits it.");
  for (const file of proposal?.files ?? []) {
    output.print(`${output.style("bold", plain(file.path))}  ${plain(file.trial.summary)}`);
    output.print(`  ${plain(file.purpose)}`);
    for (const permission of file.permissions) output.print(`  - ${plain(permission)}`);
  }
  if (change !== undefined && "changeNumber" in change)
    output.print(`Change: ${server.url}/${project.orgSlug}/${project.slug}/changes/${change.changeNumber}`);
  else if (proposal !== undefined) output.print("Open it with: coder init --open");
  return exitCodes.ok;
}
