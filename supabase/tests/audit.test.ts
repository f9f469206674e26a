import { createHash, randomUUID } from "node:crypto";
import type postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTenancy, outcome, type Tenancy } from "./tenancyFixture.ts";

let tenancy: Tenancy;
beforeAll(async () => {
  tenancy = await createTenancy();
});
afterAll(() => tenancy.close());

interface Entry {
  seq: number;
  actor: string;
  action: string;
  decision: string;
  rule: string;
  entry: string;
  prev_hash: string;
  hash: string;
}
const entries = (sql: postgres.Sql | postgres.TransactionSql, orgId: string) =>
  sql<
    Entry[]
  >`select seq::int, actor, action, decision, rule, entry, prev_hash, hash from audit_log where org_id = ${orgId} order by seq`;

test("W150 nobody changes or removes an entry, the schema's owner no more than others; it goes with its organisation", async () => {
  const { orgId } = tenancy.b;
  for (const text of [
    `update audit_log set rule = 'x' where org_id = '${orgId}'`,
    `delete from audit_log where org_id = '${orgId}'`,
    "truncate audit_log",
  ]) {
    expect([text, await outcome(tenancy.sql.unsafe(text))]).toEqual([text, "42501"]);
  }
  const before = await entries(tenancy.sql, tenancy.a.orgId);
  await tenancy.sql`delete from orgs where id = ${orgId}`;
  expect(await entries(tenancy.sql, orgId)).toEqual([]);
  expect(await entries(tenancy.sql, tenancy.a.orgId)).toEqual(before);
});

test("W149 the decisions of a run become entries that name their rule, in one chain", async () => {
  const { orgId, runId, projectId } = tenancy.a;
  const [start] = (await entries(tenancy.sql, orgId)).slice(-1);
  const approvalId = randomUUID();
  const events = [
    { type: "policy.allowed", stepId: "s1", action: "deploy.preview", rule: "default", input: {} },
    { type: "policy.denied", stepId: "s1", rule: "repo.blocked_paths[0]", message: "no", action: "a" },
    {
      type: "step.waiting",
      stepId: "s1",
      approvalId,
      action: "deploy.prod",
      rule: "gates.require_human_approval_for[0]",
    },
    { type: "step.waiting", stepId: "s1", approvalId, action: null },
    { type: "approval.decided", stepId: "s1", approvalId, decision: "expired", decidedBy: null },
    { type: "step.log", stepId: "s1", chunks: [] },
  ].map((event, index) => ({ key: `audited ${index}`, event }));
  await tenancy.sql`select private.append_run_events(${runId}, ${tenancy.sql.json(events)})`;
  await tenancy.sql`select private.append_run_events(${runId}, ${tenancy.sql.json(events)})`;
  const added = (await entries(tenancy.sql, orgId)).filter((one) => one.seq > start!.seq);
  expect(added.map(({ action, decision, rule }) => [action, decision, rule])).toEqual([
    ["deploy.preview", "allow", "default"],
    ["a", "deny", "repo.blocked_paths[0]"],
    ["deploy.prod", "ask", "gates.require_human_approval_for[0]"],
    ["approve", "ask", "steps.approve"],
    ["approval.expired", "deny", "gates.approvers"],
  ]);
  expect(JSON.parse(added[0]!.entry)).toMatchObject({
    orgId,
    runId,
    projectId,
    stepId: "s1",
    actor: `run:${runId}`,
  });
  let previous = start!.hash;
  for (const one of added) {
    expect(one.prev_hash).toBe(previous);
    previous = createHash("sha256").update(`${one.prev_hash}\n${one.entry}`).digest("hex");
    expect(one.hash).toBe(previous);
  }
});

test("W149 acts of administration are entries of whoever did them", async () => {
  const { orgId, projectId, runId, siteId, deploymentId } = tenancy.a;
  const made = await tenancy.as("owner", async (tx) => {
    await tx`select set_member(${orgId}, 'viewer@example.com', 'member')`;
    await tx`select set_member(${orgId}, 'viewer@example.com', null)`;
    await tx`insert into git_tokens (org_id, project_id, name, scope, token_hash, created_by)
      values (${orgId}, ${projectId}, 'laptop', 'read', ${Buffer.from(randomUUID())}, ${tenancy.userIds.owner})`;
    await tx`update git_tokens set revoked_at = now() where name = 'laptop'`;
    await tx`insert into access_tokens (id, user_id, org_id, name, scope, token_hash, prefix)
      values (${randomUUID()}, ${tenancy.userIds.owner}, ${orgId}, 'ci', 'read', sha256('ci'::bytea), 'cpt_1')`;
    await tx`select cancel_run(${runId})`;
    await tx`select publish_deployment(${randomUUID()}, ${projectId}, 'share', '', '{}')`;
    await tx`select rollback_site(${siteId}, ${deploymentId})`;
    await tx`select freeze(${orgId}, null, 'why')`;
    await tx`select lift_freeze(id) from freezes where lifted_at is null`;
    await tx`delete from projects where id = ${projectId}`;
    const all = await entries(tx, orgId);
    return all.filter((one) => one.actor === `user:${tenancy.userIds.owner}`).map((one) => one.action);
  });
  expect(made).toEqual([
    "member.role",
    "member.remove",
    "token.make",
    "token.revoke",
    "token.make",
    "run.cancel",
    "site.publish",
    "site.rollback",
    "freeze.set",
    "freeze.lift",
    "project.delete",
  ]);
});

test("W143 nobody approves what they are at the origin of, through triggers, workflows and re-runs", async () => {
  const { orgId, projectId, runId, approvalId } = tenancy.a;
  const { owner, admin, member } = tenancy.userIds;
  const sha = "0".repeat(40);
  const decide = (actor: "owner" | "admin" | "member", prepare: (tx: postgres.TransactionSql) => unknown) =>
    outcome(
      tenancy.as(actor, async (tx) => {
        await tx`reset role`;
        await tx`select set_config('role', 'service_role', true)`;
        await tx`update approvals set self_approval = false, approvers = '{}' where id = ${approvalId}`;
        await prepare(tx);
        await tx`select set_config('role', 'authenticated', true)`;
        await tx`select decide_approval(${approvalId}, 'approved', 'h')`;
      }),
    );
  const startedBy = (user: string) => (tx: postgres.TransactionSql) =>
    tx`update runs set created_by = ${user} where id = ${runId}`;
  expect(await decide("admin", startedBy(admin))).toBe("42501");
  expect(await decide("owner", startedBy(admin))).toBe("ok");

  // A push of the member started a run, whose end started ours.
  const chain = async (tx: postgres.TransactionSql) => {
    const first = randomUUID();
    const [push] =
      await tx`select private.record_delivery(${projectId}, 'repo', 'push', 'p1', ${tx.json({ event: "push", actor: { id: member, name: "m", bot: false } })}) as id`;
    await tx`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, snapshot, delivery_id)
      values (${first}, ${orgId}, ${projectId}, 77, 'workflow', 'ci.yaml', 'CI', 'main', ${sha}, 'repo_event', '{}', ${push!["id"]})`;
    const [after] =
      await tx`select private.record_delivery(${projectId}, 'workflow', 'ci.yaml', 'w1', ${tx.json({ actor: { id: `run:${first}`, bot: true } })}) as id`;
    await tx`update runs set delivery_id = ${after!["id"]} where id = ${runId}`;
  };
  expect(await decide("member", chain)).toBe("42501");
  expect(await decide("admin", chain)).toBe("ok");

  // Who sends a delivery again that nobody was behind.
  const sentAgain = async (tx: postgres.TransactionSql) => {
    const [old] =
      await tx`select private.record_delivery(${projectId}, 'webhook', 'alert', 'h1', '{}') as id`;
    await tx`select set_config('request.jwt.claims', ${JSON.stringify({ role: "authenticated", sub: member })}, true)`;
    const [again] =
      await tx`select private.record_delivery(${projectId}, 'webhook', 'alert', 'h2', '{}', 0, ${old!["id"]}) as id`;
    await tx`update runs set delivery_id = ${again!["id"]} where id = ${runId}`;
  };
  expect(await decide("member", sentAgain)).toBe("42501");

  // Who runs a push's run again is at its origin; the re-run of nobody is still the pusher's.
  const rerun = (by: string | null) => async (tx: postgres.TransactionSql) => {
    const original = randomUUID();
    const [push] =
      await tx`select private.record_delivery(${projectId}, 'repo', 'push', 'p2', ${tx.json({ actor: { id: member } })}) as id`;
    await tx`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, snapshot, delivery_id)
      values (${original}, ${orgId}, ${projectId}, 78, 'workflow', 'ci.yaml', 'CI', 'main', ${sha}, 'repo_event', '{}', ${push!["id"]})`;
    await tx`update runs set rerun_of = ${original}, created_by = ${by} where id = ${runId}`;
  };
  expect(await decide("owner", rerun(owner))).toBe("42501");
  expect(await decide("member", rerun(null))).toBe("42501");
  expect(await decide("owner", rerun(null))).toBe("ok");
});
