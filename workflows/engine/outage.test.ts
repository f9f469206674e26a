import { mkdtempSync, rmSync } from "node:fs";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startPostgres, type Postgres } from "../../supabase/local/postgres.ts";
import { copyTemplateCluster } from "../../supabase/local/testDatabase.ts";
import { runningProcesses } from "../testing/runningProcesses.ts";
import { startEngineFixture, type EngineFixture } from "./testing.ts";

/**
 * The database is stopped while runs go on, and started again half a minute later (five seconds: in the second test). A relay keeps its address the same,
 * as a service's name would, and refuses connections while it is down.
 */
let directory: string;
let password: string;
let postgres: Postgres;
let relay: ReturnType<typeof makeRelay>;
let fixture: EngineFixture;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "coder-outage-"));
  const template = await copyTemplateCluster(join(directory, "postgres"));
  password = template.adminPassword;
  postgres = await startPostgres({ dataDir: join(directory, "postgres"), password });
  relay = makeRelay(() => postgres.port);
  await relay.open();
  const url = new URL(postgres.adminUrl);
  url.username = "postgres";
  url.password = template.passwords.postgres;
  url.port = String(relay.port());
  fixture = await startEngineFixture({ database: { databaseUrl: url.href, close: () => Promise.resolve() } });
});
afterAll(async () => {
  await fixture.close();
  await relay.close();
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function outage(downMs: number): Promise<void> {
  await relay.close();
  await postgres.stop();
  await new Promise((resolve) => setTimeout(resolve, downMs));
  postgres = await startPostgres({ dataDir: join(directory, "postgres"), password });
  await relay.open();
}

test("W203 the database is away for 30 seconds in the middle of a command: the run ends right, nothing ran twice, no log is lost", async () => {
  const worker = await fixture.startWorker({ env: { CODER_LEASE_MS: "2000" } });
  const project = await fixture.project({ a: "a" });
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, on_interrupt: fail, command: 'for i in $(seq 40); do echo line $i; sleep 0.2; done' }\n  - { type: command, command: echo after }\n",
  );
  await fixture.untilEvent(runId, (events) => events.some((event) => event.type === "step.log"));
  await outage(30_000);
  await fixture.until(runId, ["succeeded", "failed"], 40_000);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
  expect(await fixture.log(runId, "s1")).toBe(
    Array.from({ length: 40 }, (_, index) => `line ${index + 1}\n`).join(""),
  );
  expect((await fixture.steps(runId)).s1!.execs).toBe(1);
  // The worker has lived through it.
  expect(worker.child.exitCode).toBe(null);
  const next = await fixture.start(project, "name: T\nsteps: [{ type: command, command: echo next }]\n");
  await fixture.until(next, ["succeeded"]);
  await worker.kill("SIGTERM");
}, 120_000);

test("the database is away while a run waits for an approval: it still waits, and then goes on", async () => {
  const worker = await fixture.startWorker();
  const project = await fixture.project({ a: "a" });
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: command, command: echo went }\n",
  );
  await fixture.until(runId, ["waiting"]);
  await outage(5000);
  await fixture.until(runId, ["waiting"]);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ["succeeded", "failed"], 40_000);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  await worker.kill("SIGTERM");
}, 90_000);

test("W281 a worker that is told to leave while the database does not answer leaves, and so does what it runs", async () => {
  // So long that it is not the lease that ends it.
  const worker = await fixture.startWorker({ env: { CODER_LEASE_MS: "120000" } });
  const project = await fixture.project({ a: "a" });
  const runId = await fixture.start(
    project,
    "name: T\nsteps: [{ type: command, command: echo begun; exec sleep 86281 }]\n",
  );
  await fixture.untilEvent(runId, (events) => events.some((event) => event.type === "step.log"));
  expect(sleepers()).not.toEqual([]);
  relay.freeze();
  worker.child.kill("SIGTERM");
  await worker.exited;
  relay.thaw();
  expect(worker.child.exitCode).toBe(1);
  expect(worker.said()).toContain("the database does not answer");
  await expect.poll(() => sleepers()).toEqual([]);
}, 60_000);

function sleepers(): string[] {
  return runningProcesses()
    .map(({ args }) => args.join(" "))
    .filter((command) => command.includes("sleep 86281"));
}

/** Passes connections on to whatever port the database has now. */
function makeRelay(target: () => number) {
  let port = 0;
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((client) => {
    const upstream = createConnection(target(), "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
    }
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    client.pipe(upstream).pipe(client);
    if (frozen) for (const socket of [client, upstream]) socket.pause();
  });
  return {
    port: () => port,
    async open() {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      port = (server.address() as AddressInfo).port;
    },
    /** Connections stay, and nothing passes. */
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
    },
  };
}
