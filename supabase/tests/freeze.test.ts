import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTenancy, outcome, type Actor, type Tenancy } from "./tenancyFixture.ts";

let tenancy: Tenancy;
beforeAll(async () => {
  tenancy = await createTenancy();
});
afterAll(() => tenancy.close());

const setFreeze = (tx: postgres.TransactionSql, projectId: string | null) =>
  tx`select freeze(${tenancy.a.orgId}, ${projectId}, 'Incident 7') as id`;
/** What fails by a freeze says so in its constraint, and how. */
async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (error instanceof postgres.PostgresError) return `${error.code} ${error.constraint_name ?? ""}`;
    throw error;
  }
}
const become = async (tx: postgres.TransactionSql, actor: "service" | "member" | "owner") => {
  const claims =
    actor === "service"
      ? { role: "service_role" }
      : { role: "authenticated", sub: tenancy.userIds[actor], via: "functions" };
  await tx`select set_config('role', ${claims.role}, true), set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
};

/** Each effect on a project, as who has it. */
const effects: [string, "service" | "member" | "owner", string][] = [
  [
    "publish a share",
    "member",
    "select publish_deployment(gen_random_uuid(), ':project', 'share', 'x', '{}')",
  ],
  [
    "deploy to production",
    "service",
    "select publish_deployment(gen_random_uuid(), ':project', 'prod', '', '{}')",
  ],
  [
    "a deployment by a plain insert",
    "service",
    "insert into deployments (id, org_id, project_id, site_id, manifest) values (gen_random_uuid(), ':org', ':project', ':site', '{}')",
  ],
  ["roll a site back", "member", "select rollback_site(':site', ':deployment')"],
  ["revoke a site", "owner", "update sites set revoked_at = now() where id = ':site'"],
  ["open a change", "member", "select open_change(':project', 't', '', 'main', 'new', '0')"],
  [
    "state a merge",
    "service",
    "update changes set status = 'merged' where project_id = ':project' and number = 1",
  ],
  ["close a change", "member", "select close_change(':project', 1)"],
  [
    "set a secret",
    "member",
    "select set_secret(':org', ':project', '', 'NEW', 'value', repeat('A', 40), 'k1')",
  ],
  ["remove a secret", "service", "delete from secrets where project_id = ':project'"],
  ["delete the project", "owner", "delete from projects where id = ':project'"],
  [
    "lift the branch's protection",
    "service",
    "update projects set protect_default_branch = false where id = ':project'",
  ],
];

test.each(effects)("W138 a freeze refuses to %s", async (_name, actor, text) => {
  const { orgId, projectId, siteId, deploymentId } = tenancy.a;
  const statement = text
    .replaceAll(":org", orgId)
    .replaceAll(":project", projectId)
    .replaceAll(":site", siteId)
    .replaceAll(":deployment", deploymentId);
  expect(
    await refusal(
      tenancy.as(actor, async (tx) => {
        await become(tx, actor);
        await tx.unsafe(statement);
      }),
    ),
  ).toBe("ok");
  for (const frozen of [projectId, null]) {
    const work = tenancy.as("admin", async (tx) => {
      await setFreeze(tx, frozen);
      await become(tx, actor);
      await tx.unsafe(statement);
    });
    expect(await refusal(work)).toBe("42501 freeze");
  }
});

test("W138 what has no effect goes on: reading, starting runs, deciding, canceling", async () => {
  const { projectId, runId, approvalId } = tenancy.a;
  const calls = [
    `select start_run('${randomUUID()}', '${projectId}', 'workflow', 'a', 'a', 'main', '0', 'manual', '{}', '{}', '[]')`,
    `select decide_approval('${approvalId}', 'approved', 'h')`,
    `select cancel_run('${runId}')`,
    `select 1 from runs`,
  ];
  for (const text of calls) {
    const work = tenancy.as("admin", async (tx) => {
      await setFreeze(tx, projectId);
      await become(tx, "member");
      await tx.unsafe(text);
    });
    expect([text, await outcome(work)]).toEqual([text, "ok"]);
  }
});

test("W138 a freeze of one project leaves the others alone, and lifting it lets effects through again", async () => {
  const { orgId, projectId } = tenancy.a;
  const share = (tx: postgres.TransactionSql, project: string) =>
    tx`select publish_deployment(${randomUUID()}, ${project}, 'share', 'x', '{}')`;
  await tenancy.as("owner", async (tx) => {
    const other = randomUUID();
    await tx`insert into projects (id, org_id, slug, name, source, created_by) values (${other}, ${orgId}, 'q', 'Q', 'blank', ${tenancy.userIds.owner})`;
    const [frozen] = await setFreeze(tx, projectId);
    await share(tx, other);
    expect(await refusal(tx.savepoint((sp) => share(sp, projectId)))).toBe("42501 freeze");
    await tx`select lift_freeze(${frozen!["id"]})`;
    await tx`select lift_freeze(${frozen!["id"]})`;
    await share(tx, projectId);
  });
});

test("W138 admins freeze and lift; others are refused, strangers learn nothing, and twice is one freeze", async () => {
  const { orgId, projectId } = tenancy.a;
  const codes: Record<string, string[]> = {};
  for (const actor of ["anon", "viewer", "member", "admin", "owner", "stranger"] as Actor[]) {
    const [existing] = await tenancy.sql<
      { id: string }[]
    >`select id from freezes where org_id = ${orgId} limit 1`;
    codes[actor] = [
      await outcome(tenancy.as(actor, (tx) => setFreeze(tx, projectId))),
      await outcome(tenancy.as(actor, (tx) => tx`select lift_freeze(${existing!.id})`)),
    ];
  }
  expect(codes).toEqual({
    anon: ["42501", "42501"],
    viewer: ["42501", "42501"],
    member: ["42501", "42501"],
    admin: ["ok", "ok"],
    owner: ["ok", "ok"],
    stranger: ["P0002", "P0002"],
  });
  await tenancy.as("admin", async (tx) => {
    const [one] = await setFreeze(tx, projectId);
    const [two] = await setFreeze(tx, projectId);
    expect(two!["id"]).toBe(one!["id"]);
  });
  const elsewhere = tenancy.as("admin", (tx) => tx`select freeze(${orgId}, ${tenancy.b.projectId}, 'x')`);
  expect(await outcome(elsewhere)).toBe("P0002");
});

test("W138 a freeze waits for an effect that is under way, and whatever comes later is refused", async () => {
  const { orgId, projectId } = tenancy.b;
  const owner = tenancy.userIds.stranger;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let published = (): void => undefined;
  const isPublished = new Promise<void>((resolve) => (published = resolve));
  const deploy = tenancy.sql.begin(async (tx) => {
    await tx`select publish_deployment(${randomUUID()}, ${projectId}, 'prod', '', '{}')`;
    published();
    await held;
  });
  await isPublished;
  let frozen = false;
  const other = postgres(tenancy.databaseUrl, { max: 1, onnotice: () => undefined });
  const freezing = other
    .begin(async (tx) => {
      await tx`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${JSON.stringify({ sub: owner, role: "authenticated" })}, true)`;
      await tx`select freeze(${orgId}, ${projectId}, 'Stop')`;
    })
    .then(() => (frozen = true));
  // The freeze has asked for its lock and does not have it.
  await vi.waitFor(async () => {
    const waiting = await tenancy.sql`select 1 from pg_locks where locktype = 'advisory' and not granted`;
    expect(waiting).toHaveLength(1);
  });
  expect(frozen).toBe(false);
  release();
  await Promise.all([deploy, freezing]);
  const late = tenancy.sql`select publish_deployment(${randomUUID()}, ${projectId}, 'prod', '', '{}')`;
  expect(await refusal(late)).toBe("42501 freeze");
  await other.end();
  // Organisations and their projects can still be removed as a whole.
  await tenancy.sql`delete from orgs where id = ${orgId}`;
});
