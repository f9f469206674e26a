import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { actors, createTenancy, outcome, type Actor, type Tenancy } from "./tenancyFixture.ts";

let tenancy: Tenancy;
beforeAll(async () => {
  tenancy = await createTenancy();
});
afterAll(() => tenancy.close());

const members: Actor[] = ["viewer", "member", "admin", "owner", "service"];

async function whoCan(work: (actor: Actor) => Promise<boolean>): Promise<Actor[]> {
  const able: Actor[] = [];
  for (const actor of actors) if (await work(actor)) able.push(actor);
  return able;
}

describe("realtime topics", () => {
  /** As the gateway asks at a join: may this caller read a message of the topic that is set? */
  async function listens(actor: Actor, topic: string, extension = "broadcast"): Promise<boolean> {
    const id = randomUUID();
    await tenancy.sql`insert into realtime.messages (id, topic, extension, private) values (${id}, ${topic}, ${extension}, true)`;
    return tenancy.as(actor, async (tx) => {
      await tx`select set_config('realtime.topic', ${topic}, true)`;
      return (await tx`select 1 from realtime.messages where id = ${id}`).length > 0;
    });
  }

  test("run, project and organisation topics are heard by members of their organisation only", async () => {
    const { runId, projectId, orgId } = tenancy.a;
    for (const topic of [`run:${runId}`, `project:${projectId}`, `org:${orgId}`]) {
      expect([topic, await whoCan((actor) => listens(actor, topic))]).toEqual([topic, members]);
    }
    expect(await listens("stranger", `run:${tenancy.b.runId}`)).toBe(true);
  });

  test("other topics, presence, and topics that do not exist are heard by nobody", async () => {
    const { runId, orgId } = tenancy.a;
    for (const topic of [
      "room",
      `run:${randomUUID()}`,
      "run:",
      `run:${runId} `,
      `org:${orgId}x`,
      "project:not-a-uuid",
    ]) {
      expect([topic, await whoCan((actor) => listens(actor, topic))]).toEqual([topic, ["service"]]);
    }
    expect(await whoCan((actor) => listens(actor, `run:${runId}`, "presence"))).toEqual(["service"]);
  });

  test("nobody but the server sends", async () => {
    const topic = `run:${tenancy.a.runId}`;
    const able = await whoCan(async (actor) => {
      const sent = tenancy.as(actor, async (tx) => {
        await tx`select set_config('realtime.topic', ${topic}, true)`;
        await tx`insert into realtime.messages (topic, extension, private) values (${topic}, 'broadcast', true)`;
      });
      return (await outcome(sent)) === "ok";
    });
    expect(able).toEqual(["service"]);
    const direct = await whoCan(
      async (actor) =>
        (await outcome(tenancy.as(actor, (tx) => tx`select realtime.send('{}', 'e', ${topic}, true)`))) ===
        "ok",
    );
    expect(direct).toEqual(["service"]);
  });
});

describe("storage objects", () => {
  const hash = "a".repeat(64);
  const put = (actor: Actor, bucket: string, name: string) =>
    outcome(
      tenancy.as(
        actor,
        (tx) => tx`insert into storage.objects (bucket_id, name) values (${bucket}, ${name})`,
      ),
    );
  const whoPuts = (bucket: string, name: string) =>
    whoCan(async (actor) => (await put(actor, bucket, name)) === "ok");

  test("site blobs are uploaded by writers under their organisation and a hash", async () => {
    const { orgId } = tenancy.a;
    expect(await whoPuts("sites", `${orgId}/${hash}`)).toEqual(["member", "admin", "owner", "service"]);
    for (const name of [
      `${orgId}/index.html`,
      `${orgId}/${hash}/x`,
      `${orgId}/../${hash}`,
      `x/${orgId}/${hash}`,
      hash,
    ]) {
      expect([name, await whoPuts("sites", name)]).toEqual([name, ["service"]]);
    }
    expect(await put("stranger", "sites", `${tenancy.b.orgId}/${hash}`)).toBe("ok");
  });

  test("artifacts are written by the server only", async () => {
    expect(await whoPuts("artifacts", `${tenancy.a.orgId}/${hash}`)).toEqual(["service"]);
  });

  test("objects are read by members, and changed or deleted by the server only", async () => {
    for (const bucket of ["sites", "artifacts"]) {
      const name = `${tenancy.a.orgId}/${hash}`;
      await tenancy.sql`insert into storage.objects (bucket_id, name) values (${bucket}, ${name})`;
      const count = (work: (actor: Actor) => Promise<{ count: number }>) =>
        whoCan(async (actor) => (await work(actor)).count > 0);
      const read = await count((actor) =>
        tenancy.as(
          actor,
          (tx) => tx`select 1 from storage.objects where bucket_id = ${bucket} and name = ${name}`,
        ),
      );
      expect(read).toEqual(members);
      const changed = await count((actor) =>
        tenancy.as(
          actor,
          (tx) => tx`update storage.objects set version = 'x' where bucket_id = ${bucket} and name = ${name}`,
        ),
      );
      expect(changed).toEqual(["service"]);
      const deleted = await count((actor) =>
        tenancy.as(
          actor,
          (tx) => tx`delete from storage.objects where bucket_id = ${bucket} and name = ${name}`,
        ),
      );
      expect(deleted).toEqual(["service"]);
    }
  });
});
