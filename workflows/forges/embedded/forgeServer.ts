import { join } from "node:path";
import type { Sql } from "postgres";
import { CoderError, toCoderError, toErrorBody } from "../../../shared/errors.ts";
import { authorize, credentialOf, type ForgeProject } from "./authorize.ts";
import { forgeRoutes, type ForgeCall } from "./forgeApi.ts";
import type { ChangeRequest } from "../forge.ts";
import { makeKeyedLock } from "./keyedLock.ts";
import { Repository } from "./repository.ts";
import { smartHttp } from "./smartHttp.ts";

export interface ForgeDeps {
  /** Connected as a role that passes row-level security: the forge authorises by itself. */
  sql: Sql;
  /** Where the bare repositories are: `<gitDirectory>/<projectId>.git`. */
  gitDirectory: string;
  serviceKey: string;
  /** The claims of a valid user token; throws on any other. */
  verifyToken(token: string): Promise<{ sub: string }>;
  allowInternalImport?: boolean;
  onError?(error: CoderError): void;
}

export interface ForgeServer {
  fetch(request: Request): Promise<Response>;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const gitPath = /^\/git\/([a-z0-9-]+)\/([a-z0-9-]+)\.git\/(info\/refs|git-upload-pack|git-receive-pack)$/;
const apiPath = /^\/forge\/v1\/([^/]+)\/?([a-z]*)$/;

interface ProjectRow {
  id: string;
  org_id: string;
  default_branch: string;
  protect_default_branch: boolean;
}

/**
 * The embedded forge: `/git/<org>/<project>.git` speaks git's smart HTTP, `/forge/v1/<projectId>/…` JSON (see `forgeApi.ts`).
 * A user's token, a git token (`cgt_…`, as the Basic password) or the service key gives access.
 */
export function createForge(deps: ForgeDeps): ForgeServer {
  // Two `git init` of one repository, or two first commits, would fail each other.
  const exclusively = makeKeyedLock();
  const ensure = (project: ForgeProject, repository: Repository): Promise<void> =>
    exclusively(project.id, async () => {
      if (!repository.exists) await repository.create();
    });
  const repositoryOf = (project: ForgeProject): Repository =>
    new Repository(join(deps.gitDirectory, `${project.id}.git`), project.defaultBranch);

  async function serveGit(request: Request, path: RegExpExecArray): Promise<Response> {
    const [, org = "", slug = "", endpoint = ""] = path;
    const credential = credentialOf(request);
    // The challenge comes first for everybody, so that it says nothing about which projects exist.
    if (credential === null)
      throw new CoderError("unauthenticated", "Sign in with a git token as the password");
    const project = await projectBySlug(deps.sql, org, slug);
    const service = endpoint === "info/refs" ? new URL(request.url).searchParams.get("service") : endpoint;
    if (service !== "git-upload-pack" && service !== "git-receive-pack")
      throw new CoderError("bad_input", "This server speaks git's smart HTTP protocol only");
    const access = service === "git-receive-pack" ? "write" : "read";
    await authorize(deps, credential, { project, access });
    const repository = repositoryOf(project);
    await ensure(project, repository);
    const response = await smartHttp({
      request,
      directory: repository.directory,
      endpoint,
      hooksDirectory: join(import.meta.dirname, "hooks"),
      protectedRef: project.protectDefaultBranch ? `refs/heads/${project.defaultBranch}` : null,
    });
    if (endpoint !== "git-receive-pack") return response;
    // The push is done when its report has been sent: read it whole, then tell the others.
    const report = await response.arrayBuffer();
    await afterWrite(project, repository);
    return new Response(report, { status: response.status, headers: response.headers });
  }

  async function serveApi(request: Request, path: RegExpExecArray): Promise<Response> {
    const [, projectId = "", action = ""] = path;
    const route = forgeRoutes[`${request.method} ${action}`];
    if (route === undefined)
      throw new CoderError("not_found", `There is no ${request.method} ${action} in the forge's API`);
    const credential = credentialOf(request);
    if (credential === null) throw new CoderError("unauthenticated", "Sign in to reach the forge");
    const project = await projectById(deps.sql, projectId);
    const caller = await authorize(deps, credential, { project, access: route.access });
    const repository = repositoryOf(project);
    if (request.method === "GET") await ensure(project, repository);
    const call: ForgeCall = {
      repository,
      author: caller.author,
      request,
      url: new URL(request.url),
      allowInternalImport: deps.allowInternalImport ?? false,
      byService: caller.kind === "service",
      openChange: (change) => openChange(project, change),
      setDefaultBranch: async (branch) => {
        await deps.sql`update public.projects set default_branch = ${branch} where id = ${project.id}`;
      },
    };
    const response =
      route.access === "write"
        ? await exclusively(project.id, () => route.handle(call))
        : await route.handle(call);
    if (route.access === "write" && repository.exists) await afterWrite(project, repository);
    return response;
  }

  async function openChange(project: ForgeProject, change: ChangeRequest): Promise<number> {
    const [row] = await deps.sql<{ number: number }[]>`
      select public.open_change(${project.id}, ${change.title}, ${change.body}, ${change.base}, ${change.head}, ${change.headCommit}, ${change.runId}) as number`;
    if (row === undefined) throw new CoderError("internal", "The database answered no number for the change");
    return row.number;
  }

  /** Open changes follow their branches, and pages that show the project hear of it. */
  async function afterWrite(project: ForgeProject, repository: Repository): Promise<void> {
    const { refs } = await repository.refs();
    const heads = Object.fromEntries(refs.map((ref) => [ref.name, ref.commit]));
    await deps.sql.begin(async (sql) => {
      await sql`
        update public.changes c set head_commit = h.value, updated_at = now()
        from jsonb_each_text(${sql.json(heads)}) h
        where c.project_id = ${project.id} and c.status = 'open' and c.head_branch = h.key and c.head_commit <> h.value`;
      await sql`update public.projects set updated_at = now() where id = ${project.id}`;
      await sql`select realtime.send(${sql.json({ projectId: project.id })}, 'repository_changed', ${`project:${project.id}`}, true)`;
    });
  }

  return {
    async fetch(request) {
      try {
        const { pathname } = new URL(request.url);
        const git = gitPath.exec(pathname);
        if (git !== null) return await serveGit(request, git);
        const api = apiPath.exec(pathname);
        if (api !== null) return await serveApi(request, api);
        throw new CoderError("not_found", "There is nothing at this address of the forge");
      } catch (thrown) {
        const error = toCoderError(thrown);
        if (error.code === "internal") deps.onError?.(error);
        const headers: Record<string, string> =
          error.code === "unauthenticated" ? { "www-authenticate": 'Basic realm="Coder git"' } : {};
        return Response.json(toErrorBody(error), { status: error.httpStatus, headers });
      }
    },
  };
}

async function projectBySlug(sql: Sql, org: string, slug: string): Promise<ForgeProject> {
  const rows = await sql<ProjectRow[]>`
    select p.id, p.org_id, p.default_branch, p.protect_default_branch from public.projects p join public.orgs o on o.id = p.org_id
    where o.slug = ${org} and p.slug = ${slug}`;
  return toProject(rows[0]);
}

async function projectById(sql: Sql, id: string): Promise<ForgeProject> {
  if (!uuid.test(id))
    throw new CoderError("bad_input", `${JSON.stringify(id.slice(0, 60))} is not a project id`);
  const rows = await sql<ProjectRow[]>`
    select id, org_id, default_branch, protect_default_branch from public.projects where id = ${id}`;
  return toProject(rows[0]);
}

function toProject(row: ProjectRow | undefined): ForgeProject {
  if (row === undefined)
    throw new CoderError(
      "not_found",
      "There is no such project, or you are not a member of its organisation",
    );
  return {
    id: row.id,
    orgId: row.org_id,
    defaultBranch: row.default_branch,
    protectDefaultBranch: row.protect_default_branch,
  };
}
