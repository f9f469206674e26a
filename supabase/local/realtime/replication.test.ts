import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

let fixture: RealtimeFixture;
beforeAll(async () => {
  fixture = await startRealtimeFixture();
});
afterAll(() => fixture?.close());

async function listen(topic: string) {
  const client = await fixture.client({ key: fixture.serviceRoleKey });
  const heard: number[] = [];
  const channel = client.channel(topic, { config: { private: true } });
  channel.on("broadcast", { event: "*" }, ({ payload }) => heard.push((payload as { n: number }).n));
  await joined(channel);
  return heard;
}

const kill = () => fixture.admin`
  select pg_terminate_backend(active_pid) from pg_replication_slots where active and database = current_database()`;
const send = (topic: string, n: number) =>
  fixture.sql`select realtime.send(jsonb_build_object('n', ${n}::int), 'tick', ${topic})`;

test("a killed walsender is back within a second", async () => {
  const heard = await listen("killed");
  await send("killed", 1);
  await vi.waitFor(() => expect(heard).toEqual([1]));
  const killedAt = performance.now();
  expect(await kill()).toHaveLength(1);
  await send("killed", 2);
  await vi.waitFor(() => expect(heard).toEqual([1, 2]), { interval: 5, timeout: 5000 });
  expect(performance.now() - killedAt).toBeLessThan(1000);
});

test("broadcasts sent while walsenders are killed arrive once, whatever was under way", async () => {
  const heard = await listen("gap");
  for (let n = 1; n <= 600; n += 1) {
    await send("gap", n);
    if (n % 150 === 0) await kill();
  }
  await vi.waitFor(() => expect(heard).toHaveLength(600), { timeout: 5000 });
  expect(heard.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
});

test("the slot is temporary, so a dead gateway keeps no write-ahead log", async () => {
  await vi.waitFor(async () => {
    const slots = await fixture.admin`select temporary, plugin, active from pg_replication_slots
      where database = current_database()`;
    expect([...slots]).toEqual([{ temporary: true, plugin: "pgoutput", active: true }]);
  });
});

test("the gateway confirms what it received, so that the server may recycle its log and stop at once", async () => {
  const heard = await listen("confirmed");
  await send("confirmed", 1);
  await vi.waitFor(() => expect(heard).toEqual([1]));
  const [sent] = await fixture.admin`select pg_current_wal_lsn() as lsn`;
  await vi.waitFor(
    async () => {
      await send("elsewhere", 1);
      const [row] = await fixture.admin`select confirmed_flush_lsn >= ${sent!.lsn}::pg_lsn as confirmed
        from pg_replication_slots where database = current_database()`;
      expect(row?.confirmed).toBe(true);
    },
    { timeout: 15_000, interval: 500 },
  );
});
