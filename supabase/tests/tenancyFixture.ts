import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { createTestDatabase } from "../local/testing.ts";

/** Who asks: the anonymous, members of organisation A by role, a member of organisation B, the server. */
export const actors = ["anon", "viewer", "member", "admin", "owner", "stranger", "service"] as const;
export type Actor = (typeof actors)[number];

export interface Tenancy {
  /** As the schema's owner, role postgres. */
  sql: postgres.Sql;
  databaseUrl: string;
  userIds: Record<Exclude<Actor, "anon" | "service">, string>;
  /** Organisation A: a row of it is in every table. */
  a: Organisation;
  /** Organisation B, the stranger's. */
  b: Organisation;
  /** Runs statements as `actor`, the way the API does, in a transaction that is always rolled back. */
  as<T>(actor: Actor, work: (tx: postgres.TransactionSql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

interface Organisation {
  orgId: string;
  projectId: string;
  runId: string;
  siteId: string;
  deploymentId: string;
  approvalId: string;
  deliveryId: string;
}

class RolledBack extends Error {}

/** Two organisations with a row in every table each. */
export async function createTenancy(): Promise<Tenancy> {
  const database = await createTestDatabase();
  const sql = postgres(database.databaseUrl, { max: 2, onnotice: () => undefined });
  const caller = postgres(database.urlFor("authenticator"), { max: 2, onnotice: () => undefined });
  const userIds = {
    viewer: randomUUID(),
    member: randomUUID(),
    admin: randomUUID(),
    owner: randomUUID(),
    stranger: randomUUID(),
  };
  for (const [name, id] of Object.entries(userIds)) {
    await sql`insert into auth.users (id, email) values (${id}, ${`${name}@example.com`})`;
  }
  const a = await fillOrganisation(sql, userIds.owner, "a");
  const b = await fillOrganisation(sql, userIds.stranger, "b");
  for (const role of ["viewer", "member", "admin"] as const) {
    await sql`insert into members (org_id, user_id, role) values (${a.orgId}, ${userIds[role]}, ${role})`;
  }
  await sql`insert into workers (id, version) values ('w', '1')`;
  return {
    sql,
    databaseUrl: database.databaseUrl,
    userIds,
    a,
    b,
    async as(actor, work) {
      const role = actor === "anon" ? "anon" : actor === "service" ? "service_role" : "authenticated";
      const sub = actor === "anon" || actor === "service" ? {} : { sub: userIds[actor] };
      const claims = JSON.stringify({ role, ...sub, via: "functions" });
      let result: { value: Awaited<ReturnType<typeof work>> } | undefined;
      try {
        await caller.begin(async (tx) => {
          await tx`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
          result = { value: await work(tx) };
          throw new RolledBack();
        });
      } catch (error) {
        if (!(error instanceof RolledBack)) throw error;
      }
      if (result === undefined) throw new Error("The transaction ended without a result");
      return result.value;
    },
    async close() {
      await caller.end();
      await sql.end();
      await database.close();
    },
  };
}

async function fillOrganisation(sql: postgres.Sql, owner: string, name: string): Promise<Organisation> {
  const ids = {
    orgId: randomUUID(),
    projectId: randomUUID(),
    runId: randomUUID(),
    siteId: randomUUID(),
    deploymentId: randomUUID(),
    approvalId: randomUUID(),
    deliveryId: "",
  };
  const { orgId, projectId, runId, siteId, deploymentId, approvalId } = ids;
  const issueId = randomUUID();
  const sha = "0".repeat(40);
  await sql.begin(async (tx) => {
    await tx`insert into orgs (id, slug, name) values (${orgId}, ${`org-${name}`}, ${name})`;
    await tx`insert into members (org_id, user_id, role) values (${orgId}, ${owner}, 'owner')`;
    await tx`insert into projects (id, org_id, slug, name, source, created_by, last_run_number, last_change_number)
      values (${projectId}, ${orgId}, 'p', 'P', 'blank', ${owner}, 1, 2)`;
    await tx`insert into git_tokens (org_id, project_id, name, scope, token_hash, created_by)
      values (${orgId}, ${projectId}, 't', 'write', sha256(${name}::bytea), ${owner})`;
    await tx`insert into access_tokens (user_id, org_id, name, scope, token_hash, prefix)
      values (${owner}, ${orgId}, 't', 'write', sha256(${`access ${name}`}::bytea), 'cpt_abcd')`;
    await tx`insert into changes (org_id, project_id, number, title, base_branch, head_branch, head_commit)
      values (${orgId}, ${projectId}, 1, 'c', 'main', 'work', ${sha})`;
    await tx`insert into issues (id, org_id, project_id, number, title) values (${issueId}, ${orgId}, ${projectId}, 2, 'i')`;
    await tx`insert into comments (id, org_id, project_id, issue_id, body) values (${randomUUID()}, ${orgId}, ${projectId}, ${issueId}, 'c')`;
    await tx`insert into checks (org_id, project_id, commit, name, status, source) values (${orgId}, ${projectId}, ${sha}, 'c', 'passed', 'ci')`;
    await tx`insert into refs (project_id, org_id, name, commit) values (${projectId}, ${orgId}, 'main', ${sha})`;
    await tx`insert into sites (id, org_id, project_id, slug, kind) values (${siteId}, ${orgId}, ${projectId}, ${`site-${name}`}, 'share')`;
    await tx`insert into deployments (id, org_id, project_id, site_id, manifest) values (${deploymentId}, ${orgId}, ${projectId}, ${siteId}, '{}')`;
    await tx`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, snapshot, last_seq)
      values (${runId}, ${orgId}, ${projectId}, 1, 'workflow', 'ci.yaml', 'CI', 'main', ${sha}, 'manual', '{}', 1)`;
    await tx`select dbos.enqueue_workflow(workflow_name => 'run', queue_name => 'runs',
      positional_args => array[to_json(${runId}::text)], workflow_id => ${runId}, application_name => 'coder')`;
    await tx`insert into step_runs (run_id, step_id, org_id, position, type, name) values (${runId}, 's1', ${orgId}, 1, 'command', 's')`;
    await tx`insert into holds (run_id, key, org_id, step_id, item, amount, spent_before, held_before)
      values (${runId}, 's1:1:command', ${orgId}, 's1', 'command', 1, 0, 0)`;
    await tx`insert into run_events (run_id, seq, org_id, key, event) values (${runId}, 1, ${orgId}, 'k', '{}')`;
    await tx`insert into artifacts (id, org_id, run_id, kind, name, sha256) values (${randomUUID()}, ${orgId}, ${runId}, 'patch', 'p', '')`;
    await tx`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash)
      values (${approvalId}, ${orgId}, ${projectId}, ${runId}, 's1', 'why', 'h')`;
    await tx`insert into secrets (org_id, project_id, name, ciphertext, key_id) values (${orgId}, ${projectId}, 'TOKEN', ${"A".repeat(40)}, '1')`;
    await tx`insert into run_logs (run_id, step_id, org_id, lines) values (${runId}, 's1', ${orgId}, 1)`;
    await tx`insert into run_log_pages (run_id, step_id, org_id, project_id, first_line, lines, body, marks)
      values (${runId}, 's1', ${orgId}, ${projectId}, 0, 1, 'printed', '[[0, "out", 0]]')`;
    await tx`insert into retention_policies (org_id) values (${orgId})`;
    await tx`insert into notifications (org_id, user_id, project_id, run_id, step_id, message)
      values (${orgId}, ${owner}, ${projectId}, ${runId}, 's1', 'm')`;
    await tx`select private.record_delivery(${projectId}, 'repo', 'push', 'k', '{}')`;
    await tx`insert into freezes (org_id, project_id, reason, frozen_by, lifted_at) values (${orgId}, ${projectId}, 'why', ${owner}, now())`;
    const [delivery] = await tx<{ id: string }[]>`
      select private.record_delivery(${projectId}, 'repo', 'push', 'k', '{}') as id`;
    ids.deliveryId = delivery!.id;
    await tx`select private.sync_triggers(${projectId}, ${sha}, '[{"path":"a","trigger":0,"type":"webhook","name":"n","secretRef":"S"}]',
      '[{"path":"a","trigger":1,"cron":"0 0 * * *","timezone":"UTC","catchUp":"last","nextDue":null}]')`;
    await tx`select private.audit(${orgId}, '{"actor":"system","action":"deploy.prod","decision":"allow","rule":"default"}')`;
  });
  return ids;
}

/** Code of the Postgres error that `work` ends with, or "ok". */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (error instanceof postgres.PostgresError) return error.code;
    throw error;
  }
}
