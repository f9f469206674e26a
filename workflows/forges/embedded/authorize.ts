import { createHash, timingSafeEqual } from "node:crypto";
import type { Sql } from "postgres";
import { CoderError } from "../../../shared/errors.ts";
import type { Author } from "../forge.ts";

export type Access = "read" | "write";

export interface ForgeProject {
  id: string;
  orgId: string;
  defaultBranch: string;
  protectDefaultBranch: boolean;
}

export interface Caller {
  author: Author;
  kind: "service" | "token" | "user";
  /** "user:<id>" (a git token acts as its maker), "run:<id>" or "system": who the events of a write name. */
  actor: string;
}

export interface AuthorizeDeps {
  sql: Sql;
  serviceKey: string;
  /** The claims of a valid user token; throws on any other. */
  verifyToken(token: string): Promise<{ sub: string }>;
}

/** Who the commits of runs are by. */
export const coder: Author = { name: "Coder", email: "coder@localhost" };

/** The credential of a request: a Bearer token, or the password of Basic (what git clients send). Null if there is none. */
export function credentialOf(request: Request): string | null {
  const [scheme = "", value = ""] = (request.headers.get("authorization") ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return value === "" ? null : value;
  if (!/^basic$/i.test(scheme)) return null;
  const decoded = Buffer.from(value, "base64").toString();
  const password = decoded.slice(decoded.indexOf(":") + 1);
  return password === "" ? null : password;
}

/**
 * Who asks, if they may do `access` in the project. Throws `unauthenticated` without a good credential,
 * `not_found` to those who may not know of the project, `forbidden` to those who may only read.
 */
export async function authorize(
  deps: AuthorizeDeps,
  credential: string | null,
  asked: {
    project: ForgeProject;
    access: Access;
    /** The run that the service acts for; nobody else can name one. */
    runId?: string | undefined;
  },
): Promise<Caller> {
  if (credential === null)
    throw new CoderError("unauthenticated", "Sign in, or send a git token as the password");
  const caller = await callerOf(deps, credential, asked);
  if (asked.access === "write") await refuseIfFrozen(deps.sql, asked.project, caller);
  return caller;
}

function callerOf(
  deps: AuthorizeDeps,
  credential: string,
  asked: { project: ForgeProject; access: Access; runId?: string | undefined },
): Promise<Caller> | Caller {
  if (sameText(credential, deps.serviceKey))
    return {
      kind: "service",
      author: coder,
      actor: asked.runId === undefined ? "system" : `run:${asked.runId}`,
    };
  if (credential.startsWith("cgt_")) return byGitToken(deps, credential, asked);
  return credential.startsWith("cpt_")
    ? byAccessToken(deps, credential, asked)
    : byUser(deps, credential, asked);
}

/** A user's access token: what its user may do, within its organisation and scope. */
async function byAccessToken(
  deps: AuthorizeDeps,
  token: string,
  asked: { project: ForgeProject; access: Access },
): Promise<Caller> {
  const hash = createHash("sha256").update(token).digest();
  const [found] = await deps.sql<
    {
      answer:
        | { claims: { sub: string; token_scope: Access; token_org?: string } }
        | { refused: "revoked" | "expired" }
        | null;
    }[]
  >`select private.use_access_token(${hash}) as answer`;
  const answer = found?.answer ?? null;
  if (answer === null) throw new CoderError("unauthenticated", "This access token is unknown");
  if ("refused" in answer)
    throw new CoderError(
      "unauthenticated",
      `This access token ${answer.refused === "revoked" ? "has been revoked" : "has expired"}`,
    );
  const { sub, token_scope: scope, token_org: org } = answer.claims;
  if (org !== undefined && org !== asked.project.orgId)
    throw new CoderError("not_found", "This access token is for another organisation");
  const caller = await byMember(deps, sub, asked);
  if (asked.access === "write" && scope === "read")
    throw new CoderError("forbidden", "This access token may only read");
  return caller;
}

/** Of a frozen project nothing is written by anybody, the service included. The refusal goes into the audit log. */
async function refuseIfFrozen(sql: Sql, project: ForgeProject, caller: Caller): Promise<void> {
  const [row] = await sql<{ message: string | null }[]>`
    select private.freeze_message(${project.id}) as message`;
  if (row === undefined || row.message === null) return;
  const entry = {
    actor: caller.actor,
    action: "repository.write",
    decision: "deny",
    rule: "freeze",
    projectId: project.id,
  };
  await sql`select private.audit(${project.orgId}, ${sql.json(entry)})`;
  throw new CoderError("forbidden", row.message, { details: { rule: "freeze" } });
}

async function byGitToken(
  deps: AuthorizeDeps,
  token: string,
  asked: { project: ForgeProject; access: Access },
): Promise<Caller> {
  const hash = createHash("sha256").update(token).digest();
  // A token is worth what its maker may still do: leaving the organisation ends it.
  const [found] = await deps.sql<
    { project_id: string; scope: Access; user_id: string; email: string; name: string; role: string }[]
  >`
    update public.git_tokens t set last_used_at = now()
    from public.profiles p, public.members m
    where t.token_hash = ${hash} and t.revoked_at is null and p.id = t.created_by and m.org_id = t.org_id and m.user_id = t.created_by
    returning t.project_id, t.scope, p.id as user_id, p.email, p.name, m.role::text`;
  if (found === undefined) throw new CoderError("unauthenticated", "This git token is unknown or revoked");
  if (found.project_id !== asked.project.id)
    throw new CoderError("not_found", "This git token is for another project");
  if (asked.access === "write" && (found.scope === "read" || found.role === "viewer"))
    throw new CoderError("forbidden", "This git token may only read");
  return { kind: "token", author: { name: found.name, email: found.email }, actor: `user:${found.user_id}` };
}

async function byUser(
  deps: AuthorizeDeps,
  token: string,
  asked: { project: ForgeProject; access: Access },
): Promise<Caller> {
  let userId: string;
  try {
    userId = (await deps.verifyToken(token)).sub;
  } catch (cause) {
    throw new CoderError("unauthenticated", "The session has expired or is not valid; sign in again", {
      cause,
    });
  }
  return byMember(deps, userId, asked);
}

async function byMember(
  deps: AuthorizeDeps,
  userId: string,
  asked: { project: ForgeProject; access: Access },
): Promise<Caller> {
  const [member] = await deps.sql<{ role: string; email: string; name: string }[]>`
    select m.role::text, p.email, p.name from public.members m join public.profiles p on p.id = m.user_id
    where m.org_id = ${asked.project.orgId} and m.user_id = ${userId}`;
  if (member === undefined)
    throw new CoderError(
      "not_found",
      "There is no such project, or you are not a member of its organisation",
    );
  if (asked.access === "write" && member.role === "viewer")
    throw new CoderError("forbidden", "A viewer may only read this project");
  return { kind: "user", author: { name: member.name, email: member.email }, actor: `user:${userId}` };
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash("sha256").update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
