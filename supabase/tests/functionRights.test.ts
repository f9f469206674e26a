import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTenancy, outcome, type Tenancy } from "./tenancyFixture.ts";

const users = ["authenticated", "service_role"];
const usersOnly = ["authenticated"];
const server = ["service_role"];
const nobody: string[] = [];

/** Who of the client roles may call each of our functions. A new function is red until it is here. */
const callers: Record<string, string[]> = {
  "private.act_as": server,
  "private.actor": nobody,
  "private.admit_run": nobody,
  "private.announce_delivery": nobody,
  "private.announce_run_end": nobody,
  "private.append_run_events": server,
  "private.audit": server,
  "private.audit_act": nobody,
  "private.audit_run_event": nobody,
  "private.author_name": nobody,
  "private.begin_step": server,
  "private.change_events": nobody,
  "private.change_payload": nobody,
  "private.check_events": nobody,
  "private.check_of_step": nobody,
  "private.comment_events": nobody,
  "private.due_artifacts": nobody,
  "private.due_deliveries": nobody,
  "private.due_deployments": nobody,
  "private.due_logs": nobody,
  "private.due_runs": nobody,
  "private.enter_group": nobody,
  "private.event_actor": nobody,
  "private.free_org_slug": nobody,
  "private.freeze_message": server,
  "private.freeze_of": nobody,
  "private.freeze_text": nobody,
  "private.group_holders": nobody,
  "private.handle_new_user": nobody,
  "private.hold_lease": nobody,
  "private.is_expendable": nobody,
  "private.is_listened_to": nobody,
  "private.issue_events": nobody,
  "private.issue_payload": nobody,
  "private.keep_audit_log": nobody,
  "private.know_refs": server,
  "private.lock_concurrency": nobody,
  "private.lock_run": nobody,
  "private.mark_light": nobody,
  "private.missing_checks": server,
  // Called by policies, which run as whoever asks.
  "private.my_admin_orgs": users,
  "private.my_orgs": users,
  "private.my_writable_orgs": users,
  "private.next_number": nobody,
  "private.note_unnamed_blobs": nobody,
  "private.notify_members": server,
  "private.offer_deliveries": nobody,
  "private.park_run": server,
  "private.record_delivery": server,
  "private.record_ref_moves": server,
  "private.record_repo_event": nobody,
  "private.refuse_if_frozen": nobody,
  "private.refuse_when_frozen": nobody,
  "private.release_group": nobody,
  "private.release_groups": server,
  "private.release_holds": nobody,
  "private.remember_sender": nobody,
  "private.report_check": server,
  "private.request_cancel": nobody,
  "private.require_api": nobody,
  "private.require_org_admin": nobody,
  "private.require_project_writer": nobody,
  "private.require_run_writer": nobody,
  "private.require_secret_editor": nobody,
  "private.reserve_credits": server,
  "private.retention_of": nobody,
  "private.run_origin": nobody,
  "private.secrets_of": server,
  "private.secrets_used": server,
  "private.settle_credits": server,
  "private.sync_triggers": server,
  "private.take_deliveries": server,
  "private.take_runs": server,
  // Called by policies.
  "private.token_allows_org": users,
  "private.token_id": users,
  "private.token_may_write": users,
  "private.use_access_token": server,
  // Called by constraints, which are checked as whoever writes.
  "private.valid_check_names": users,
  "private.valid_labels": users,
  "private.wake_run": nobody,
  "public.add_comment": users,
  "public.artifact_chain": users,
  "public.cancel_run": users,
  "public.close_change": users,
  "public.create_org": usersOnly,
  "public.decide_approval": users,
  "public.edit_change": users,
  "public.edit_issue": users,
  "public.freeze": usersOnly,
  "public.lift_freeze": usersOnly,
  "public.open_change": users,
  "public.open_issue": users,
  "public.preview_retention": users,
  "public.publish_deployment": users,
  "public.redeliver": users,
  "public.remove_secret": users,
  "public.require_not_frozen": users,
  "public.rollback_site": users,
  "public.search_logs": users,
  "public.set_issue_state": users,
  "public.set_labels": users,
  "public.set_member": usersOnly,
  "public.set_required_checks": users,
  "public.set_retention": users,
  "public.set_secret": users,
  "public.start_run": users,
};

let tenancy: Tenancy;
beforeAll(async () => {
  tenancy = await createTenancy();
});
afterAll(() => tenancy.close());

describe("functions", () => {
  test("each is called by the listed roles only", async () => {
    const rows = await tenancy.sql<{ name: string; roles: string[] }[]>`
      select n.nspname || '.' || p.proname as name,
        array(select r from unnest(array['anon', 'authenticated', 'service_role']) r where has_function_privilege(r, p.oid, 'execute')) as roles
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private') order by 1`;
    // create_org and set_member are for users; that the server's role has them too would be harmless, but is not needed.
    const found = Object.fromEntries(rows.map((row) => [row.name, row.roles]));
    expect(Object.keys(found)).toEqual(Object.keys(callers).sort());
    for (const [name, roles] of Object.entries(callers)) {
      const actual = found[name]!.filter((role) => roles !== usersOnly || role !== "service_role");
      expect({ name, roles: actual }).toEqual({ name, roles });
    }
  });

  test("each SECURITY DEFINER function pins an empty search_path and belongs to the schema's owner", async () => {
    const rows = await tenancy.sql<{ name: string; config: string[] | null; owner: string }[]>`
      select n.nspname || '.' || p.proname as name, p.proconfig as config, p.proowner::regrole::text as owner
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'private') and p.prosecdef`;
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter((row) => row.owner !== "postgres" || !row.config?.includes('search_path=""'))).toEqual(
      [],
    );
  });

  test("the anonymous can call none", async () => {
    const org = tenancy.as("anon", (tx) => tx`select create_org('x')`);
    expect(await outcome(org)).toBe("42501");
    const run = tenancy.as("anon", (tx) => tx`select cancel_run(${tenancy.a.runId})`);
    expect(await outcome(run)).toBe("42501");
  });

  test("of a project's writing functions, a viewer is refused and a stranger learns nothing", async () => {
    const { projectId, runId, siteId, deploymentId, approvalId, deliveryId } = tenancy.a;
    const calls = [
      "select open_change($1, 't', '', 'main', 'h', '0')",
      "select close_change($1, 1)",
      "select edit_change($1, 1, 't')",
      "select open_issue($2, $1, 't')",
      "select edit_issue($1, 2, 't')",
      "select set_issue_state($1, 2, 'closed')",
      "select set_labels($1, 1, '{bug}')",
      "select add_comment($2, $1, 2, 'b')",
      "select publish_deployment($2, $1, 'share', '', '{}')",
      "select rollback_site($3, $4)",
      "select start_run($2, $1, 'workflow', 'a', 'a', 'main', '0', 'manual', '{}', '{}', '[]')",
      "select cancel_run($5)",
      "select decide_approval($6, 'approved', 'h')",
      "select redeliver($2, $7)",
    ];
    const values = [projectId, randomUUID(), siteId, deploymentId, runId, approvalId, deliveryId];
    for (const text of calls) {
      // Each call names only the values it uses; they are numbered anew.
      const used = [...text.matchAll(/\$(\d)/g)].map((match) => values[Number(match[1]) - 1]!);
      let count = 0;
      const renumbered = text.replaceAll(/\$\d/g, () => `$${++count}::uuid`);
      const codes = [];
      for (const actor of ["viewer", "stranger", "member"] as const) {
        codes.push(await outcome(tenancy.as(actor, (tx) => tx.unsafe(renumbered, used))));
      }
      expect([text, ...codes]).toEqual([text, "42501", "P0002", "ok"]);
    }
  });

  test("which checks are required is said by admins, and written down", async () => {
    const set = (actor: "member" | "admin") =>
      outcome(
        tenancy.as(actor, (tx) => tx`select set_required_checks(${tenancy.a.projectId}, '{Run tests}')`),
      );
    expect(await set("member")).toBe("42501");
    expect(await set("admin")).toBe("ok");
    const entries = await tenancy.as("owner", async (tx) => {
      await tx`select set_required_checks(${tenancy.a.projectId}, '{Run tests}')`;
      return tx`select actor, entry::jsonb -> 'subject' as subject from audit_log where action = 'project.required_checks'`;
    });
    expect(entries).toEqual([
      { actor: `user:${tenancy.userIds.owner}`, subject: { before: [], after: ["Run tests"] } },
    ]);
  });

  test("a member publishes shares; previews and production come from runs", async () => {
    const { projectId, runId } = tenancy.a;
    const publish = (kind: string, run: string | null) =>
      outcome(
        tenancy.as(
          "owner",
          (tx) =>
            tx`select publish_deployment(${randomUUID()}, ${projectId}, ${kind}, '', '{}', null, ${run})`,
        ),
      );
    expect(await publish("share", null)).toBe("ok");
    expect(await publish("prod", null)).toBe("42501");
    expect(await publish("preview", null)).toBe("42501");
    expect(await publish("share", runId)).toBe("42501");
    const byServer = tenancy.as(
      "service",
      (tx) => tx`select publish_deployment(${randomUUID()}, ${projectId}, 'prod', '', '{}', null, ${runId})`,
    );
    expect(await outcome(byServer)).toBe("ok");
  });

  test("a deployment of one site cannot be made another's, nor a run of another organisation be named", async () => {
    const rollback = tenancy.as(
      "owner",
      (tx) => tx`select rollback_site(${tenancy.a.siteId}, ${tenancy.b.deploymentId})`,
    );
    expect(await outcome(rollback)).toBe("P0002");
    const republish = tenancy.as(
      "owner",
      (tx) =>
        tx`select publish_deployment(${tenancy.b.deploymentId}, ${tenancy.a.projectId}, 'share', '', '{}')`,
    );
    expect(await outcome(republish)).toBe("42501");
    const change = tenancy.as(
      "owner",
      (tx) => tx`select open_change(${tenancy.a.projectId}, 't', '', 'main', 'h', '0', ${tenancy.b.runId})`,
    );
    expect(await outcome(change)).toBe("P0002");
    const rerun = tenancy.as(
      "owner",
      (tx) =>
        tx`select start_run(${randomUUID()}, ${tenancy.a.projectId}, 'workflow', 'a', 'a', 'main', '0', 'rerun', '{}', '{}', '[]', false, ${tenancy.b.runId})`,
    );
    expect(await outcome(rerun)).toBe("P0002");
    const taken = tenancy.as(
      "owner",
      (tx) =>
        tx`select start_run(${tenancy.b.runId}, ${tenancy.a.projectId}, 'workflow', 'a', 'a', 'main', '0', 'manual', '{}', '{}', '[]')`,
    );
    expect(await outcome(taken)).toBe("23505");
  });

  test("what only the API can check is refused to the same user's call over REST", async () => {
    const { projectId } = tenancy.a;
    const calls = [
      `select open_change('${projectId}', 't', '', 'main', 'h', '0')`,
      `select publish_deployment('${randomUUID()}', '${projectId}', 'share', '', '{}')`,
      `select start_run('${randomUUID()}', '${projectId}', 'workflow', 'a', 'a', 'main', '0', 'manual', '{}', '{}', '[]')`,
    ];
    for (const text of calls) {
      const direct = tenancy.as("owner", async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify({ role: "authenticated", sub: tenancy.userIds.owner })}, true)`;
        await tx.unsafe(text);
      });
      expect([text, await outcome(direct)]).toEqual([text, "42501"]);
      expect([text, await outcome(tenancy.as("owner", (tx) => tx.unsafe(text)))]).toEqual([text, "ok"]);
    }
  });

  test("an approver may be named by address", async () => {
    await tenancy.sql`update approvals set approvers = array['user:Member@example.com'] where id = ${tenancy.a.approvalId}`;
    const decide = (actor: "member" | "owner") =>
      outcome(
        tenancy.as(actor, (tx) => tx`select decide_approval(${tenancy.a.approvalId}, 'approved', 'h')`),
      );
    expect(await decide("owner")).toBe("42501");
    expect(await decide("member")).toBe("ok");
  });
});

describe("schemas", () => {
  test("private, dbos and the tables of auth are closed to client roles", async () => {
    for (const actor of ["anon", "viewer", "owner"] as const) {
      expect(await outcome(tenancy.as(actor, (tx) => tx`select private.my_orgs()`))).toBe("42501");
      expect(await outcome(tenancy.as(actor, (tx) => tx`select 1 from dbos.workflow_status`))).toBe("42501");
      expect(await outcome(tenancy.as(actor, (tx) => tx`select 1 from auth.users`))).toBe("42501");
    }
    expect(await outcome(tenancy.as("service", (tx) => tx`select 1 from dbos.workflow_status`))).toBe(
      "42501",
    );
    const open = await tenancy.sql`
      select n.nspname, r.role from pg_namespace n, (values ('anon'), ('authenticated')) r (role)
      where n.nspname in ('private', 'dbos', 'supabase_migrations', 'coder_local') and has_schema_privilege(r.role, n.oid, 'usage')`;
    expect(open).toEqual([]);
  });

  test("nobody but the owner makes tables in public", async () => {
    for (const actor of ["anon", "owner", "service"] as const) {
      expect(await outcome(tenancy.as(actor, (tx) => tx`create table public.mine ()`))).toBe("42501");
    }
  });
});
