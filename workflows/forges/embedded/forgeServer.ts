import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { CoderError, toCoderError, toErrorBody } from "../../../shared/errors.ts";
import { authorize, credentialOf, type ForgeProject } from "./authorize.ts";
import { forgeRoutes, type ForgeCall } from "./forgeApi.ts";
import type { ChangeRequest, CheckReport } from "../forge.ts";
import { mergedCommit } from "./mergedCommit.ts";
import { makeKeyedLock } from "./keyedLock.ts";
import { lintPush } from "./lintPush.ts";
import type { RefMove } from "./refMove.ts";
import { withRemoteMessages } from "./remoteMessages.ts";
import { makeRefWatch } from "./refWatch.ts";
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
  /**
   * Records the moves of branches that went unrecorded: of all projects (after a start: the process before may have been
   * killed between a move and its record), or only of those whose record failed since.
   */
  sweep(which: "all" | "behind"): Promise<void>;
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

  const watch = makeRefWatch({
    sql: deps.sql,
    exclusively: makeKeyedLock(),
    onError: (error) => deps.onError?.(error),
  });

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
    const caller = await authorize(deps, credential, { project, access });
    const repository = repositoryOf(project);
    await ensure(project, repository);
    const serve = (movesFile?: string) =>
      smartHttp({
        request,
        directory: repository.directory,
        endpoint,
        hooksDirectory: join(import.meta.dirname, "hooks"),
        protectedRef: project.protectDefaultBranch ? `refs/heads/${project.defaultBranch}` : null,
        ...(movesFile === undefined ? {} : { movesFile }),
      });
    if (endpoint !== "git-receive-pack") return serve();
    const write = { projectId: project.id, repository, actor: caller.actor };
    return watch.during(write, async () => {
      const movesFile = join(tmpdir(), `coder-push-${randomUUID()}`);
      let moves: RefMove[] = [];
      let response: Response;
      let report: ArrayBuffer;
      try {
        response = await serve(movesFile);
        // The push is done when its report has been sent: read it whole.
        report = await response.arrayBuffer();
      } finally {
        moves = await readMoves(movesFile);
        repository.moves.push(...moves);
      }
      const headers = new Headers(response.headers);
      headers.delete("content-length");
      const remarks = await remarksOn(repository, moves);
      return new Response(withRemoteMessages(report, remarks), { status: response.status, headers });
    });
  }

  /** What is told of a push; the push is done, so that what fails here must not make it look failed. */
  async function remarksOn(repository: Repository, moves: readonly RefMove[]): Promise<string[]> {
    try {
      return await lintPush(repository, moves);
    } catch (thrown) {
      deps.onError?.(toCoderError(thrown));
      return [];
    }
  }

  async function serveApi(request: Request, path: RegExpExecArray): Promise<Response> {
    const [, projectId = "", action = ""] = path;
    const route = forgeRoutes[`${request.method} ${action}`];
    if (route === undefined)
      throw new CoderError("not_found", `There is no ${request.method} ${action} in the forge's API`);
    const credential = credentialOf(request);
    if (credential === null) throw new CoderError("unauthenticated", "Sign in to reach the forge");
    const project = await projectById(deps.sql, projectId);
    const runId = request.headers.get("x-coder-run") ?? undefined;
    if (runId !== undefined && !uuid.test(runId))
      throw new CoderError("bad_input", `${JSON.stringify(runId.slice(0, 60))} is not a run's id`);
    const caller = await authorize(deps, credential, { project, access: route.access, runId });
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
      requireChecks: (branch, commit) => requireChecks(project, { branch, commit }),
      mergedCommit: (change, branches) => mergedCommit(deps.sql, { projectId: project.id, change, branches }),
      reportCheck: (report) => reportCheck(project, { report, actor: caller.actor }),
      setDefaultBranch: async (branch) => {
        await deps.sql`update public.projects set default_branch = ${branch} where id = ${project.id}`;
      },
    };
    if (route.access === "read") return route.handle(call);
    const handle = () => exclusively(project.id, () => route.handle(call));
    if (route.writes === undefined) return handle();
    const write = {
      projectId: project.id,
      repository,
      actor: caller.actor,
      fills: route.writes === "fills",
    };
    return watch.during(write, handle);
  }

  async function openChange(project: ForgeProject, change: ChangeRequest): Promise<number> {
    const { draft, labels, reviewers } = change;
    return deps.sql.begin(async (sql) => {
      await sql`select private.act_as(${`run:${change.runId}`})`;
      const [row] = await sql<{ number: number }[]>`
        select public.open_change(${project.id}, ${change.title}, ${change.body}, ${change.base}, ${change.head}, ${change.headCommit},
          ${change.runId}, ${sql.json(JSON.parse(JSON.stringify({ draft, labels, reviewers })))}) as number`;
      if (row === undefined)
        throw new CoderError("internal", "The database answered no number for the change");
      return row.number;
    });
  }

  async function requireChecks(
    project: ForgeProject,
    merge: { branch: string; commit: string },
  ): Promise<void> {
    if (merge.branch !== project.defaultBranch) return;
    const [row] = await deps.sql<{ missing: string[] }[]>`
      select private.missing_checks(${project.id}, ${merge.commit}) as missing`;
    const missing = row?.missing ?? [];
    if (missing.length === 0) return;
    throw new CoderError(
      "conflict",
      `${merge.branch} takes only what has passed its required checks: ${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} not passed on ${merge.commit.slice(0, 10)}`,
      { details: { missingChecks: missing, commit: merge.commit } },
    );
  }

  async function reportCheck(
    project: ForgeProject,
    { report, actor }: { report: CheckReport; actor: string },
  ): Promise<string> {
    try {
      return await deps.sql.begin(async (sql) => {
        await sql`select private.act_as(${actor})`;
        const [row] = await sql<{ id: string }[]>`
          select private.report_check(${project.id}, ${report.commit}, ${report.name}, ${report.status}, ${report.url ?? null}, ${report.source}) as id`;
        if (row === undefined) throw new CoderError("internal", "The database answered no id for the check");
        return row.id;
      });
    } catch (error) {
      // What the function itself refuses, in its words.
      if (error instanceof postgres.PostgresError && (error.code === "23505" || error.code === "22023"))
        throw new CoderError(error.code === "23505" ? "conflict" : "bad_input", error.message, {
          cause: error,
        });
      throw error;
    }
  }

  async function sweep(which: "all" | "behind"): Promise<void> {
    const projects =
      which === "behind" && watch.behind.size === 0
        ? []
        : await deps.sql<ProjectRow[]>`
            select id, org_id, default_branch, protect_default_branch from public.projects
            ${which === "behind" ? deps.sql`where id = any(${[...watch.behind]})` : deps.sql``} order by updated_at desc`;
    for (const row of projects) {
      const project = toProject(row);
      try {
        await watch.catchUp(project.id, repositoryOf(project));
      } catch (error) {
        // One damaged repository must not keep the others from their events.
        deps.onError?.(toCoderError(error));
      }
    }
  }

  return {
    sweep,
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

/** The branches that a push has moved, as its hook wrote them down; a refused push has written nothing. */
async function readMoves(movesFile: string): Promise<RefMove[]> {
  const text = await readFile(movesFile, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  await rm(movesFile, { force: true });
  const zero = /^0+$/;
  return text.split("\n").flatMap((line) => {
    const [before = "", after = "", ref = ""] = line.split(" ");
    if (!ref.startsWith("refs/heads/")) return [];
    return [
      {
        branch: ref.slice("refs/heads/".length),
        before: zero.test(before) ? null : before,
        after: zero.test(after) ? null : after,
      },
    ];
  });
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
