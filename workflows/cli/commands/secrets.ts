import type { Command } from "commander";
import { CoderError } from "../../../shared/errors.ts";
import { secretNameProblem } from "../../../shared/secrets/secretName.ts";
import { connect, type Server } from "../api.ts";
import { readSecret } from "../ask.ts";
import type { Cli } from "../cli.ts";
import { plain, table } from "../output.ts";
import { findProject, type Project } from "../project.ts";

interface SecretOptions {
  project?: string;
  org?: true;
  environment?: string;
  plain?: true;
  json?: true;
}

export function addSecrets(program: Command, cli: Cli): void {
  const secrets = program.command("secrets").description("list, set and remove the secrets of a project");
  const about = (command: Command): Command =>
    command
      .option(
        "-p, --project <org/project>",
        "the project (default: CODER_PROJECT, or the one of the git remote)",
      )
      .option("--org", "of the project's organisation, for all of its projects");
  about(secrets.command("list"))
    .description("show which secrets there are; never their values")
    .option("--json", "print as JSON")
    .action((options: SecretOptions) => list(cli, options));
  about(secrets.command("set <name>"))
    .description("set a secret; its value is asked for, or read from standard input")
    .option("--environment <name>", "only for this environment")
    .option(
      "--plain",
      "hand the value itself to commands, instead of a placeholder that the sandbox's proxy replaces",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  coder secrets set NPM_TOKEN\n  pass npm | coder secrets set NPM_TOKEN",
    )
    .action((name: string, options: SecretOptions) => set(cli, name, options));
  about(secrets.command("remove <name>"))
    .description("remove a secret")
    .option("--environment <name>", "the one for this environment")
    .action((name: string, options: SecretOptions) => remove(cli, name, options));
}

async function placeOf(cli: Cli, options: SecretOptions) {
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  return { server, project, scope: scopeOf(project, options) };
}

function scopeOf(project: Project, options: SecretOptions) {
  return options.org
    ? ({ kind: "org", orgId: project.orgId } as const)
    : ({ kind: "project", projectId: project.id } as const);
}

async function list(cli: Cli, options: SecretOptions): Promise<void> {
  const { server, scope } = await placeOf(cli, options);
  const secrets = await server.api.secrets.list.query({ scope });
  if (options.json) {
    cli.output.json({ secrets });
    return;
  }
  if (secrets.length === 0) cli.output.note("No secrets.");
  const rows = secrets.map((one) => [
    plain(one.name),
    one.scope === "org" ? "organisation" : one.environment || "all environments",
    one.givenAs === "value" ? "given as it is" : "given as a placeholder",
    `set ${one.updatedAt.slice(0, 10)}`,
  ]);
  for (const line of table(rows)) cli.output.print(line);
}

async function set(cli: Cli, name: string, options: SecretOptions): Promise<void> {
  // Before anybody types a value for a name that cannot be.
  const problem = secretNameProblem(name);
  if (problem !== undefined) throw new CoderError("bad_input", problem);
  const { server, scope } = await placeOf(cli, options);
  const value = await readSecret(`Value of ${name} (it is not shown): `);
  await server.api.secrets.set.mutate({
    scope,
    name,
    value,
    environment: options.environment ?? "",
    givenAs: options.plain ? "value" : "placeholder",
  });
  cli.output.print(`${name} is set.`);
}

async function remove(cli: Cli, name: string, options: SecretOptions): Promise<void> {
  const { server, scope } = await placeOf(cli, options);
  const secretId = await findSecret(server, { scope, name, environment: options.environment ?? "" });
  await server.api.secrets.remove.mutate({ secretId });
  cli.output.print(`${name} is removed.`);
}

async function findSecret(
  server: Server,
  wanted: { scope: ReturnType<typeof scopeOf>; name: string; environment: string },
): Promise<string> {
  const secrets = await server.api.secrets.list.query({ scope: wanted.scope });
  const found = secrets.find(
    (one) =>
      one.name === wanted.name && one.environment === wanted.environment && one.scope === wanted.scope.kind,
  );
  if (found === undefined) throw new CoderError("not_found", `There is no secret ${wanted.name} here`);
  return found.id;
}
