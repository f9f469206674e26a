import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CoderError } from "../../shared/errors.ts";
import type { Outputs, Server } from "./api.ts";
import type { Cli } from "./cli.ts";

const run = promisify(execFile);

export type Project = Outputs["projects"]["bySlug"];

/**
 * The project that a command is about: `--project org/name`, `CODER_PROJECT`, else the one that a git remote of the
 * directory names at this server, else the only one there is.
 * @throws CoderError `not_found`, or `bad_input` with the names to choose from.
 */
export async function findProject(cli: Cli, server: Server, named: string | undefined): Promise<Project> {
  const name = named ?? (cli.env.CODER_PROJECT || (await projectOfRemotes(cli.cwd, server.url)));
  if (name !== undefined) {
    const match = /^([a-z0-9-]+)\/([a-z0-9-]+)$/.exec(name);
    if (match === null)
      throw new CoderError("bad_input", `"${name}" is not a project; write organisation/project`);
    const [, org = "", slug = ""] = match;
    return server.api.projects.bySlug.query({ org, slug });
  }
  const projects = await server.api.projects.list.query();
  const [only] = projects;
  if (only === undefined)
    throw new CoderError("not_found", `There is no project at ${server.url} yet; make one in the Studio`);
  if (projects.length === 1) return server.api.projects.bySlug.query({ org: only.orgSlug, slug: only.slug });
  const names = projects.slice(0, 10).map((one) => `${one.orgSlug}/${one.slug}`);
  throw new CoderError("bad_input", `Name the project with --project: ${names.join(", ")}`);
}

async function projectOfRemotes(cwd: string, url: string): Promise<string | undefined> {
  const remotes = await run("git", ["-C", cwd, "config", "--get-regexp", String.raw`^remote\..*\.url$`]).then(
    ({ stdout }) => stdout,
    // No repository here, no remote, or no git at all.
    () => "",
  );
  const { host } = new URL(url);
  for (const line of remotes.split("\n")) {
    const remote = URL.parse(line.slice(line.indexOf(" ") + 1).trim());
    const match = /^\/git\/([a-z0-9-]+)\/([a-z0-9-]+?)(?:\.git)?\/?$/.exec(remote?.pathname ?? "");
    if (remote?.host === host && match !== null) return `${match[1]}/${match[2]}`;
  }
  return undefined;
}

/** The number of a run as people write it. @throws CoderError `bad_input` */
export function runNumber(text: string): number {
  const match = /^#?(\d{1,9})$/.exec(text);
  if (match === null || Number(match[1]) === 0)
    throw new CoderError("bad_input", `"${text}" is not the number of a run; coder list shows them`);
  return Number(match[1]);
}
