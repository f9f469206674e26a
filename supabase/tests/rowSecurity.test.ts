import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actors, createTenancy, outcome, type Actor, type Tenancy } from "./tenancyFixture.ts";

const verbs = ["select", "insert", "update", "delete"] as const;
type Verb = (typeof verbs)[number];

const members: Actor[] = ["viewer", "member", "admin", "owner", "service"];
const writers: Actor[] = ["member", "admin", "owner", "service"];
const admins: Actor[] = ["admin", "owner", "service"];
const server: Actor[] = ["service"];
const nobody: Actor[] = [];
const readOnly = { select: members, insert: server, update: server, delete: server };

/** Who may do what to organisation A's row of each table. Everybody who is not named may not. */
const rights: Record<string, Record<Verb, Actor[]>> = {
  // The row is the owner's own profile.
  profiles: { select: members, insert: server, update: ["owner", "service"], delete: server },
  orgs: { select: members, insert: server, update: admins, delete: server },
  members: readOnly,
  projects: { select: members, insert: writers, update: writers, delete: admins },
  git_tokens: { select: members, insert: writers, update: writers, delete: server },
  // The row is the owner's own; admins see and end what reaches their organisation. Everybody makes tokens for themselves.
  access_tokens: {
    select: admins,
    insert: members,
    update: admins,
    delete: server,
  },
  changes: { select: members, insert: server, update: writers, delete: server },
  issues: readOnly,
  comments: readOnly,
  checks: readOnly,
  refs: readOnly,
  sites: { select: members, insert: server, update: writers, delete: server },
  deployments: readOnly,
  workers: { select: server, insert: server, update: server, delete: server },
  runs: readOnly,
  step_runs: readOnly,
  run_events: readOnly,
  artifacts: readOnly,
  approvals: readOnly,
  holds: readOnly,
  secrets: readOnly,
  deliveries: readOnly,
  freezes: readOnly,
  trigger_syncs: readOnly,
  trigger_listeners: readOnly,
  schedules: readOnly,
  run_logs: readOnly,
  run_log_pages: readOnly,
  retention_policies: readOnly,
  // The row is the owner's own notification.
  notifications: {
    select: ["owner", "service"],
    insert: server,
    update: ["owner", "service"],
    delete: server,
  },
  // Nobody changes what is written, the server no more than anybody else.
  audit_log: { select: admins, insert: server, update: nobody, delete: nobody },
};

/** The columns that signed-in users may write, as far as the policies let them. */
const writableColumns: Record<string, { insert?: string[]; update?: string[] }> = {
  profiles: { update: ["name"] },
  orgs: { update: ["name"] },
  projects: {
    insert: ["created_by", "default_branch", "id", "name", "org_id", "slug", "source"],
    update: ["name", "slug", "updated_at"],
  },
  git_tokens: {
    insert: ["created_by", "id", "name", "org_id", "project_id", "scope", "token_hash"],
    update: ["revoked_at"],
  },
  access_tokens: {
    insert: ["expires_at", "id", "name", "org_id", "prefix", "scope", "token_hash", "user_id"],
    update: ["revoked_at"],
  },
  changes: { update: ["body", "title"] },
  sites: { update: ["revoked_at"] },
  notifications: { update: ["read_at"] },
};

let tenancy: Tenancy;
beforeAll(async () => {
  tenancy = await createTenancy();
});
afterAll(() => tenancy.close());

/** Which rows of a table are organisation A's. */
function rowsOfA(tx: postgres.TransactionSql, table: string): postgres.PendingQuery<postgres.Row[]> {
  if (table === "profiles") return tx`id = ${tenancy.userIds.owner}`;
  if (table === "orgs") return tx`id = ${tenancy.a.orgId}`;
  if (table === "workers") return tx`id = 'w'`;
  return tx`org_id = ${tenancy.a.orgId}`;
}

async function attempt(actor: Actor, table: string, verb: Verb): Promise<boolean> {
  try {
    return await tenancy.as(actor, async (tx) => {
      const rows = rowsOfA(tx, table);
      if (verb === "select") return (await tx`select 1 from ${tx(table)} where ${rows}`).length > 0;
      if (verb === "delete") return (await tx`delete from ${tx(table)} where ${rows}`).count > 0;
      if (verb === "update") {
        const column = writableColumns[table]?.update?.[0] ?? (await anyColumn(table));
        return (await tx`update ${tx(table)} set ${tx(column)} = ${tx(column)} where ${rows}`).count > 0;
      }
      return await insertInto(tx, table, actor);
    });
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    if (error.code === "42501") return false;
    // Past the rights, at the constraints of an empty row.
    if (verb === "insert" && error.code === "23502") return true;
    throw error;
  }
}

async function insertInto(tx: postgres.TransactionSql, table: string, actor: Actor): Promise<boolean> {
  const { orgId, projectId } = tenancy.a;
  const me = actor === "anon" || actor === "service" ? null : tenancy.userIds[actor];
  if (table === "projects") {
    await tx`insert into projects (org_id, slug, name, source, created_by) values (${orgId}, 'new', 'New', 'blank', ${me})`;
  } else if (table === "git_tokens") {
    await tx`insert into git_tokens (org_id, project_id, name, scope, token_hash, created_by)
      values (${orgId}, ${projectId}, 'new', 'read', ${Buffer.from(randomUUID())}, ${me})`;
  } else if (table === "access_tokens") {
    await tx`insert into access_tokens (user_id, org_id, name, scope, token_hash, prefix)
      values (${me}, ${orgId}, 'new', 'read', sha256(${randomUUID()}::bytea), 'cpt_')`;
  } else {
    await tx`insert into ${tx(table)} default values`;
  }
  return true;
}

async function anyColumn(table: string): Promise<string> {
  const [row] = await tenancy.sql<{ name: string }[]>`
    select attname as name from pg_attribute where attrelid = ${`public.${table}`}::regclass and attnum > 0 and attgenerated = '' limit 1`;
  return row!.name;
}

test("every table of schema public is in the table of rights, and has row-level security on", async () => {
  const tables = await tenancy.sql<{ name: string; secured: boolean }[]>`
    select relname as name, relrowsecurity as secured from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') order by 1`;
  expect(tables.map((table) => table.name)).toEqual(Object.keys(rights).sort());
  expect(tables.filter((table) => !table.secured)).toEqual([]);
});

describe.each(Object.keys(rights))("%s", (table) => {
  test.each(verbs)("%s", async (verb) => {
    const allowed: Actor[] = [];
    for (const actor of actors) if (await attempt(actor, table, verb)) allowed.push(actor);
    const expected = rights[table]![verb];
    expect(allowed).toEqual(actors.filter((actor) => expected.includes(actor)));
  });
});

test("a stranger sees rows of their own organisations only", async () => {
  for (const table of Object.keys(rights)) {
    if (["profiles", "orgs", "workers"].includes(table)) continue;
    const seen = await tenancy.as("stranger", (tx) => tx`select distinct org_id from ${tx(table)}`);
    const own = await tenancy.sql`select org_id from members where user_id = ${tenancy.userIds.stranger}`;
    const ownIds = new Set(own.map((row) => row["org_id"]));
    expect(seen.filter((row) => !ownIds.has(row["org_id"]))).toEqual([]);
    expect(seen.length).toBeGreaterThan(0);
  }
});

test("signed-in users may write the listed columns and no others; the anonymous none", async () => {
  const rows = await tenancy.sql<
    { table: string; column: string; verb: "insert" | "update"; role: string }[]
  >`
    select c.relname as table, a.attname as column, v.verb, r.role
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
      (values ('insert'), ('update')) v (verb), (values ('anon'), ('authenticated')) r (role)
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and has_column_privilege(r.role, c.oid, a.attnum, v.verb)
    order by 1, 3, 2`;
  const found: typeof writableColumns = {};
  for (const { table, column, verb } of rows) ((found[table] ??= {})[verb] ??= []).push(column);
  expect(found).toEqual(writableColumns);
  expect(rows.filter((row) => row.role === "anon")).toEqual([]);
});

test("the hash of a token is read by nobody but the server", async () => {
  for (const actor of ["anon", "viewer", "owner"] as const) {
    for (const table of ["git_tokens", "access_tokens"]) {
      const read = tenancy.as(actor, (tx) => tx`select token_hash from ${tx(table)}`);
      expect([actor, table, await outcome(read)]).toEqual([actor, table, "42501"]);
    }
  }
});

describe("an access token's claims", () => {
  const withClaims = <T>(claims: object, work: (tx: postgres.TransactionSql) => Promise<T>) =>
    tenancy.as("owner", async (tx) => {
      const stated = { role: "authenticated", sub: tenancy.userIds.owner, via: "functions", ...claims };
      await tx`select set_config('request.jwt.claims', ${JSON.stringify(stated)}, true)`;
      return work(tx);
    });
  const id = randomUUID();

  test("for one organisation: no other is seen or written", async () => {
    const elsewhere = { token_id: id, token_scope: "write", token_org: tenancy.b.orgId };
    expect(await withClaims(elsewhere, (tx) => tx`select 1 from projects`)).toEqual([]);
    const cancel = withClaims(elsewhere, (tx) => tx`select cancel_run(${tenancy.a.runId})`);
    expect(await outcome(cancel)).toBe("P0002");
    const here = { ...elsewhere, token_org: tenancy.a.orgId };
    expect(await withClaims(here, (tx) => tx`select distinct org_id from projects`)).toEqual([
      { org_id: tenancy.a.orgId },
    ]);
    expect(await outcome(withClaims(here, (tx) => tx`select cancel_run(${tenancy.a.runId})`))).toBe("ok");
  });

  test("of scope read: rows and functions refuse to write", async () => {
    const reading = { token_id: id, token_scope: "read" };
    expect((await withClaims(reading, (tx) => tx`select 1 from projects`)).length).toBeGreaterThan(0);
    const rename = await withClaims(reading, (tx) => tx`update projects set name = 'x'`);
    expect(rename.count).toBe(0);
    const cancel = withClaims(reading, (tx) => tx`select cancel_run(${tenancy.a.runId})`);
    expect(await outcome(cancel)).toBe("42501");
  });

  test("makes no tokens, ends no other, and ends itself", async () => {
    const [own] = await tenancy.sql`select id from access_tokens where org_id = ${tenancy.a.orgId}`;
    const insert = withClaims({ token_id: id, token_scope: "write" }, (tx) =>
      insertInto(tx, "access_tokens", "owner"),
    );
    expect(await outcome(insert)).toBe("42501");
    const revoke = (token: unknown) =>
      withClaims({ token_id: token, token_scope: "read" }, async (tx) => {
        const { count } = await tx`update access_tokens set revoked_at = now() where id = ${own!["id"]}`;
        return count;
      });
    expect(await revoke(id)).toBe(0);
    expect(await revoke(own!["id"])).toBe(1);
  });

  test("a token in somebody else's name is refused", async () => {
    const insert = tenancy.as(
      "member",
      (tx) => tx`insert into access_tokens (user_id, name, scope, token_hash, prefix)
        values (${tenancy.userIds.owner}, 'x', 'write', sha256('x'), 'cpt_')`,
    );
    expect(await outcome(insert)).toBe("42501");
  });
});

test("W122 what a secret is sealed in is read by nobody but the server", async () => {
  for (const actor of ["anon", "viewer", "admin", "owner"] as const) {
    expect(await outcome(tenancy.as(actor, (tx) => tx`select ciphertext from secrets`))).toBe("42501");
    expect(await outcome(tenancy.as(actor, (tx) => tx`select * from secrets`))).toBe("42501");
    const sealed = tenancy.as(actor, (tx) => tx`select private.secrets_of(${tenancy.a.projectId}, '')`);
    expect(await outcome(sealed)).toBe("42501");
  }
});

test("W122 admins set and remove an organisation's secrets, writers a project's", async () => {
  const { orgId, projectId } = tenancy.a;
  const [own] = await tenancy.sql<{ id: string }[]>`select id from secrets where project_id = ${projectId}`;
  const set = (actor: Actor, project: string | null, org = orgId) =>
    outcome(
      tenancy.as(
        actor,
        (tx) => tx`select set_secret(${org}, ${project}, '', 'NEW', 'placeholder', ${"A".repeat(40)}, '1')`,
      ),
    );
  const remove = (actor: Actor) => outcome(tenancy.as(actor, (tx) => tx`select remove_secret(${own!.id})`));
  const codes = async (attempt: (actor: Actor) => Promise<string>) => {
    const found: string[] = [];
    for (const actor of actors) found.push(await attempt(actor));
    return found;
  };
  expect(await codes((actor) => set(actor, null))).toEqual([
    "42501",
    "42501",
    "42501",
    "ok",
    "ok",
    "P0002",
    "ok",
  ]);
  expect(await codes((actor) => set(actor, projectId))).toEqual([
    "42501",
    "42501",
    "ok",
    "ok",
    "ok",
    "P0002",
    "ok",
  ]);
  expect(await codes(remove)).toEqual(["42501", "42501", "ok", "ok", "ok", "P0002", "ok"]);
  // A project of one organisation under the name of another.
  expect(await set("owner", projectId, tenancy.b.orgId)).toBe("P0002");
  expect(await set("stranger", null)).toBe("P0002");
});

describe("rows that pretend", () => {
  test("a project or token in somebody else's name is refused", async () => {
    const { orgId, projectId } = tenancy.a;
    const project = tenancy.as(
      "member",
      (tx) =>
        tx`insert into projects (org_id, slug, name, source, created_by) values (${orgId}, 'x', 'X', 'blank', ${tenancy.userIds.owner})`,
    );
    expect(await outcome(project)).toBe("42501");
    const token = tenancy.as(
      "member",
      (tx) =>
        tx`insert into git_tokens (org_id, project_id, name, scope, token_hash, created_by)
        values (${orgId}, ${projectId}, 'x', 'write', 'x', ${tenancy.userIds.owner})`,
    );
    expect(await outcome(token)).toBe("42501");
  });

  test("a token of my organisation for another organisation's project is refused", async () => {
    const token = tenancy.as(
      "stranger",
      (tx) =>
        tx`insert into git_tokens (org_id, project_id, name, scope, token_hash, created_by)
        values (${tenancy.b.orgId}, ${tenancy.a.projectId}, 'x', 'write', 'x', ${tenancy.userIds.stranger})`,
    );
    expect(await outcome(token)).toBe("42501");
  });

  test("what is revoked stays revoked", async () => {
    for (const table of ["git_tokens", "access_tokens", "sites"]) {
      const revived = await tenancy.as("owner", async (tx) => {
        await tx`update ${tx(table)} set revoked_at = now() where org_id = ${tenancy.a.orgId}`;
        return tx`update ${tx(table)} set revoked_at = null where org_id = ${tenancy.a.orgId}`;
      });
      expect(revived.count).toBe(0);
    }
  });
});
