import { postgresChangesFilter } from "@supabase/supabase-js";
import type { RealtimePostgresChangesPayload } from "@supabase/supabase-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

type Change = RealtimePostgresChangesPayload<Record<string, any>>;

let fixture: RealtimeFixture;
const ann = crypto.randomUUID();
const bob = crypto.randomUUID();
let number = 0;
beforeAll(async () => {
  fixture = await startRealtimeFixture();
  await fixture.sql.unsafe(`
    create table public.notes (id int primary key, owner uuid, title text, score numeric, tags text[], secret text);
    alter table public.notes enable row level security;
    create policy "own notes" on public.notes for select to authenticated using (owner = auth.uid());
    revoke select on public.notes from authenticated, anon;
    grant select (id, owner, title, score, tags) on public.notes to authenticated, anon;
    create table public.open_notes (id bigint primary key, at timestamptz, local timestamp, flag bool, data jsonb, big bigint,
      ids int[], kind char(3), "odd ""name" text);
    alter table public.open_notes replica identity full;
    create table public.keyless (a int);
    create table public.unpublished (id int primary key);
    create schema other; grant usage on schema other to anon; create table other.things (id int primary key);
    grant select on other.things to anon;
    alter publication supabase_realtime add table public.notes, public.open_notes, public.keyless, other.things;
  `);
});
beforeEach(() => fixture.sql`truncate public.notes, public.open_notes`);
afterAll(() => fixture?.close());

interface Binding {
  event?: "*" | "INSERT" | "UPDATE" | "DELETE";
  schema?: string;
  table?: string;
  filter?: any;
  select?: string[];
}

async function listen(
  bindings: Binding[],
  options: { sub?: string; vsn?: "1.0.0" | "2.0.0"; config?: any } = {},
) {
  const client = await fixture.client({
    ...(options.vsn ? { vsn: options.vsn } : {}),
    ...(options.sub ? { token: { value: await fixture.token({ sub: options.sub }) } } : {}),
  });
  const heard: Change[][] = bindings.map(() => []);
  const system: any[] = [];
  const channel = client.channel(`changes-${(number += 1)}`, { config: options.config ?? {} });
  channel.on("system", {}, (message) => system.push(message));
  bindings.forEach((binding, index) => {
    const filter: any = { event: "*", schema: "public", ...binding };
    channel.on("postgres_changes", filter, (change: Change) => heard[index]!.push(change));
  });
  await joined(channel);
  await vi.waitFor(() => expect(system).toHaveLength(1));
  return { client, channel, heard, system };
}

describe.each(["1.0.0", "2.0.0"] as const)("protocol %s", (vsn) => {
  test("insert, update and delete arrive in order with typed values", async () => {
    const { heard, system } = await listen([{ table: "open_notes" }], { vsn });
    expect(system[0]).toMatchObject({
      extension: "postgres_changes",
      status: "ok",
      message: "Subscribed to PostgreSQL",
    });
    await fixture.sql`insert into public.open_notes values (1, '2026-01-02 03:04:05.6+00', '2026-01-02 03:04:05', true,
      '{"a":[1]}', 9007199254740991, '{1,2,null}', 'ab', 'x"y')`;
    await fixture.sql`update public.open_notes set flag = false where id = 1`;
    await fixture.sql`delete from public.open_notes where id = 1`;
    await vi.waitFor(() => expect(heard[0]).toHaveLength(3));
    const row = {
      id: 1,
      at: "2026-01-02T03:04:05.6+00:00",
      local: "2026-01-02T03:04:05",
      flag: true,
      data: { a: [1] },
      big: 9007199254740991,
      ids: [1, 2, null],
      kind: "ab ",
      'odd "name': 'x"y',
    };
    const [insert, update, removal] = heard[0]!;
    expect(insert).toMatchObject({
      eventType: "INSERT",
      schema: "public",
      table: "open_notes",
      old: {},
      errors: null,
    });
    expect(insert!.new).toEqual(row);
    expect(Math.abs(Date.parse(insert!.commit_timestamp) - Date.now())).toBeLessThan(10_000);
    expect(update).toMatchObject({ eventType: "UPDATE", new: { ...row, flag: false }, old: row });
    expect(removal).toMatchObject({ eventType: "DELETE", new: {}, old: { ...row, flag: false } });
  });
});

test("each user sees the rows of their own, and of deleted ones only the key", async () => {
  const [one, two, nobody] = [
    await listen([{ table: "notes" }], { sub: ann }),
    await listen([{ table: "notes" }], { sub: bob }),
    await listen([{ table: "notes" }]),
  ];
  await fixture.sql`insert into public.notes values (1, ${ann}, 'of ann'), (2, ${bob}, 'of bob')`;
  await fixture.sql`update public.notes set title = 'still of ann' where id = 1`;
  await vi.waitFor(() => expect(one.heard[0]).toHaveLength(2));
  await vi.waitFor(() => expect(two.heard[0]).toHaveLength(1));
  // Given to Bob: the change shows to him only.
  await fixture.sql`update public.notes set owner = ${bob} where id = 1`;
  await vi.waitFor(() => expect(two.heard[0]).toHaveLength(2));
  expect(two.heard[0]![1]).toMatchObject({ eventType: "UPDATE", new: { id: 1 }, old: {} });
  await fixture.sql`delete from public.notes where id = 1`;
  for (const { heard } of [one, two])
    await vi.waitFor(() => expect(heard[0]!.at(-1)!.eventType).toBe("DELETE"));
  expect(one.heard[0]).toHaveLength(3);
  expect(one.heard[0]!.at(-1)!.old).toEqual({ id: 1 });
  expect(nobody.heard[0]!.filter(({ eventType }) => eventType !== "DELETE")).toEqual([]);
});

test("columns that the role may not select are never sent", async () => {
  const { heard } = await listen([{ table: "notes" }], { sub: ann });
  await fixture.sql`insert into public.notes values (3, ${ann}, 't', 1.50, '{"a b","c"}', 'the secret')`;
  await vi.waitFor(() => expect(heard[0]).toHaveLength(1));
  expect(heard[0]![0]!.new).toEqual({ id: 3, owner: ann, title: "t", score: 1.5, tags: ["a b", "c"] });
});

test("bindings of events, of schemas and with chosen columns", async () => {
  const { heard } = await listen([
    { event: "INSERT", table: "open_notes" },
    { event: "UPDATE", table: "open_notes" },
    { event: "*" },
    { schema: "other" },
    { table: "open_notes", select: ["id", "flag"] },
  ]);
  await fixture.sql`insert into public.open_notes (id, flag) values (1, true)`;
  await fixture.sql`update public.open_notes set flag = null`;
  await fixture.sql`insert into other.things values (${number})`;
  await vi.waitFor(() => expect(heard.map((changes) => changes.length)).toEqual([1, 1, 2, 1, 2]));
  expect(heard[4]![0]!.new).toEqual({ id: 1, flag: true });
  expect(heard[3]![0]).toMatchObject({ schema: "other", table: "things" });
});

test("filters decide with the types of their columns", async () => {
  const cases: [string | { build(): string }, number[]][] = [
    ["id=eq.2", [2]],
    ["id=neq.2", [1, 3]],
    ["id=gt.1", [2, 3]],
    ["big=lt.10", [1, 2]],
    ["id=in.(1,3)", [1, 3]],
    ["flag=is.null", [3]],
    ["flag=not.is.null", [1, 2]],
    ["flag=eq.true", [1]],
    ["kind=like.a%", [1, 2]],
    ["kind=imatch.^AC", [2]],
    ["flag=isdistinct.true", [2, 3]],
    ["at=gte.2026-01-02", [2, 3]],
    ["id=gt.1,flag=eq.false", [2]],
    [postgresChangesFilter().eq('odd "name', 'a,"b)'), [3]],
    [postgresChangesFilter().not("id", "in", [1, 2]), [3]],
  ];
  const listeners = await Promise.all(cases.map(([filter]) => listen([{ table: "open_notes", filter }])));
  expect(listeners.map(({ system }) => system[0].status)).toEqual(cases.map(() => "ok"));
  await fixture.sql.unsafe(`insert into public.open_notes (id, at, flag, big, kind, "odd ""name") values
    (1, '2026-01-01', true, 9, 'ab', 'x'), (2, '2026-01-02', false, 9, 'ac', null), (3, '2026-01-03', null, 100, 'bc', 'a,"b)')`);
  for (const [index, [, ids]] of cases.entries()) {
    const got = () => listeners[index]!.heard[0]!.map((change) => (change.new as { id: number }).id);
    await vi.waitFor(() => expect([index, got()]).toEqual([index, ids]));
  }
});

test.each([
  [{ table: "unpublished" }, "not in the publication"],
  [{ table: "missing" }, "does not exist"],
  [{ table: "open_notes", filter: "nothing=eq.1" }, "invalid column for filter nothing"],
  [{ table: "open_notes", filter: "id=eq.one" }, "invalid filter on id"],
  [{ table: "open_notes", filter: "id=explode.1" }, "Error parsing filter params"],
  [{ table: "open_notes", filter: "id=eq.1); drop table public.open_notes; --" }, "invalid filter on id"],
  [{ table: 'open_notes"; drop table public.notes; --' }, "does not exist"],
  [{ table: "open_notes", filter: "id=is.1 or true" }, "takes null, true, false or unknown"],
  [{ table: "open_notes", filter: "data=eq.{}", select: ["x'; --"] }, "invalid column"],
  [{ filter: "id=eq.1" }, "needs one table"],
] as [Binding, string][])(
  "%o: the channel is joined and told why no changes come",
  async (binding, reason) => {
    const { system } = await listen([binding]);
    expect(system[0]).toMatchObject({ extension: "postgres_changes", status: "error" });
    expect(system[0].message).toContain(reason);
    await expect(listen([binding], { config: { postgres_changes_options: { wait: true } } })).rejects.toThrow(
      reason,
    );
    expect(await fixture.sql`select count(*) from public.open_notes`).toHaveLength(1);
  },
);

test("a filter on a column that may not be read is refused, since its answers would tell", async () => {
  const { system } = await listen([{ table: "notes", filter: "secret=eq.x" }], { sub: ann });
  expect(system[0]).toMatchObject({ status: "error", message: "invalid column for filter secret" });
});

test("a table without a key sends what needs no policy", async () => {
  const { heard } = await listen([{ table: "keyless" }]);
  await fixture.sql`insert into public.keyless values (1)`;
  await vi.waitFor(() => expect(heard[0]!.map((change) => change.new)).toEqual([{ a: 1 }]));
  await fixture.sql`alter table public.keyless enable row level security`;
  await fixture.sql`insert into public.keyless values (2)`;
  await fixture.sql`alter table public.keyless disable row level security`;
  await fixture.sql`insert into public.keyless values (3)`;
  await vi.waitFor(() => expect(heard[0]!.at(-1)!.new).toEqual({ a: 3 }));
});

test("a column added while somebody listens is sent from then on", async () => {
  const { heard } = await listen([{ schema: "other", table: "things" }]);
  await fixture.sql`alter table other.things add column name text`;
  await fixture.sql`insert into other.things values (1000, 'new')`;
  await vi.waitFor(() => expect(heard[0]!.map((change) => change.new)).toEqual([{ id: 1000, name: "new" }]));
});

test("a row is not missed because replication told of it before its transaction was visible", async () => {
  const { heard } = await listen([{ event: "INSERT", table: "notes" }], { sub: ann });
  const writer = { inserted: 0, stopped: false };
  const setStandby = async (name: string) => {
    await fixture.admin.unsafe(`alter system set synchronous_standby_names = '${name}'`);
    await fixture.admin`select pg_reload_conf()`;
  };
  const seen = (condition: string) =>
    vi.waitFor(
      async () =>
        // Other commits of the server, such as a vacuum's, wait for the standby too.
        expect(
          await fixture.admin.unsafe(`select from pg_stat_activity where ${condition}`),
        ).not.toHaveLength(0),
      { interval: 2, timeout: 5000 },
    );
  // A commit that waits for a standby is in the log, and so replicated, but not yet visible to others.
  await setStandby("nobody");
  const inserting = (async () => {
    while (!writer.stopped)
      await fixture.sql`insert into public.notes values (${(writer.inserted += 1)}, ${ann}, 'n')`;
  })();
  try {
    await seen("wait_event = 'SyncRep'");
    await seen("state = 'idle in transaction' and query like '%pg_visible_in_snapshot%'");
  } finally {
    writer.stopped = true;
    await setStandby("");
  }
  await inserting;
  await vi.waitFor(() => expect(heard[0]).toHaveLength(writer.inserted));
});

test("a burst larger than what may wait pauses the stream and loses nothing", async () => {
  const { heard } = await listen([{ event: "INSERT", table: "notes" }], { sub: ann });
  await fixture.sql`insert into public.notes select n, ${ann}::uuid, 'n' from generate_series(1, 12000) n`;
  await vi.waitFor(() => expect(heard[0]).toHaveLength(12_000), { timeout: 20_000 });
  expect(heard[0]!.map((change) => (change.new as { id: number }).id)).toEqual(
    Array.from({ length: 12_000 }, (_, index) => index + 1),
  );
});

test("nothing went wrong unseen", () => {
  expect(fixture.logged).toEqual([]);
});
