import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startRealtimeGateway } from "./gateway.ts";
import { joined, startRealtimeFixture } from "./realtimeFixture.ts";
import type { RealtimeFixture } from "./realtimeFixture.ts";

/** Stands between gateway and database, to cut the line. */
const line = { cut: false, sockets: new Set<Socket>(), target: 0 };
const relay = createServer((near) => {
  if (line.cut) {
    near.destroy();
    return;
  }
  const far = connect(line.target, "127.0.0.1");
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    line.sockets.add(from);
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      line.sockets.delete(from);
      to.destroy();
    });
  }
});

function cut(): void {
  line.cut = true;
  for (const socket of line.sockets) socket.destroy();
}

let fixture: RealtimeFixture;
beforeAll(async () => {
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  fixture = await startRealtimeFixture({}, (url) => {
    const changed = new URL(url);
    line.target = Number(changed.port);
    changed.port = String((relay.address() as AddressInfo).port);
    return changed.href;
  });
});
afterAll(async () => {
  line.cut = false;
  await fixture?.close();
  relay.close();
});

test("while the database is away joins are refused with a reason; afterwards nothing sent meanwhile is missing", async () => {
  const client = await fixture.client({ key: fixture.serviceRoleKey });
  const heard: number[] = [];
  const channel = client.channel("outage", { config: { private: true } });
  channel.on("broadcast", { event: "*" }, ({ payload }) => heard.push((payload as { n: number }).n));
  await joined(channel);
  cut();
  const other = await fixture.client({ key: fixture.serviceRoleKey });
  const refused = new Promise<Error | undefined>((resolve) => {
    other.channel("outage", { config: { private: true } }).subscribe((_status, error) => resolve(error));
  });
  for (let n = 1; n <= 20; n += 1) {
    await fixture.sql`select realtime.send(jsonb_build_object('n', ${n}::int), 'tick', 'outage')`;
  }
  expect((await refused)?.message).toMatch(/Unable to|try again/);
  // Public channels need no database.
  await joined((await fixture.client()).channel("open"));
  line.cut = false;
  await vi.waitFor(() => expect(heard).toHaveLength(20), { timeout: 10_000 });
  expect(heard).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  await joined(
    (await fixture.client({ key: fixture.serviceRoleKey })).channel("outage", { config: { private: true } }),
  );
});

test("a gateway that cannot start says why and leaves nothing running", async () => {
  const key = { jwtSecret: "x".repeat(32), anonKey: fixture.anonKey, serviceRoleKey: fixture.serviceRoleKey };
  const nowhere = "postgres://postgres@127.0.0.1:1/postgres";
  await expect(
    startRealtimeGateway({ ...key, databaseUrl: nowhere, adminDatabaseUrl: nowhere }),
  ).rejects.toMatchObject({
    code: "unavailable",
  });
});
