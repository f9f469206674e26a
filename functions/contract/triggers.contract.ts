import { createHmac, randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { beforeAll, describe, expect, test } from "vitest";
import { type ApiFixture, type TestUser, type World } from "./world.ts";

const folder = ".coder/workflows";
const alertYaml = `name: Alert
triggers:
  - { type: webhook, name: alert, secret_ref: ALERT_SECRET, if: event.body.level == "high" }
  - { type: cron, cron: "30 9 * * 1-5", timezone: Europe/Berlin }
  - { type: repo_event, event: push, paths: [src/] }
steps: [{ type: command, command: "true" }]
`;
const docsYaml = `name: Docs
triggers: [{ type: repo_event, event: push, branches: [main], paths: [docs/] }]
steps: [{ type: command, command: "true" }]
`;
const secret = `whsec_${Buffer.from("a secret of thirty-two characters").toString("base64")}`;

export function describeTriggers(world: World): void {
  const { as, codeOf, newProject, commit } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let member: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  beforeAll(() => {
    ({ api, owner, member, viewer, stranger } = world.people());
  });

  /** A project whose triggers a worker has read. */
  async function withHook() {
    const files = { [`${folder}/alert.yaml`]: alertYaml, [`${folder}/docs.yaml`]: docsYaml };
    const project = await newProject(files, "Hooks");
    const scope = { kind: "project", projectId: project.id } as const;
    await as(member).secrets.set.mutate({ scope, name: "ALERT_SECRET", value: secret });
    const path = `${folder}/alert.yaml`;
    const listeners = [
      { path, trigger: 0, type: "webhook", name: "alert", secretRef: "ALERT_SECRET" },
      { path, trigger: 1, type: "webhook", name: "unset", secretRef: "NOT_SET" },
    ];
    const schedule = {
      path,
      trigger: 1,
      cron: "30 9 * * 1-5",
      timezone: "Europe/Berlin",
      catchUp: "last",
      nextDue: "2100-01-01T08:30:00Z",
    };
    await api.sql`select private.sync_triggers(${project.id}, ${project.head}, ${api.sql.json(listeners)}, ${api.sql.json([schedule])})`;
    return project;
  }
  const post = (path: string, body: string, headers: Record<string, string>) =>
    fetch(`${api.origin}${path}`, {
      method: "POST",
      body,
      headers: { "content-type": "application/json", ...headers },
    });
  function signed(body: string, options: { id?: string; at?: number; secret?: string } = {}) {
    const { id = `msg_${randomUUID()}`, at = Date.now() } = options;
    const signature = new Webhook(options.secret ?? secret).sign(id, new Date(at), body);
    return {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at / 1000)),
      "webhook-signature": signature,
    };
  }
  const body = JSON.stringify({ type: "alert.raised", level: "high" });

  describe("webhooks", () => {
    test("W87 a signed request is one delivery, at either address; sent again it has the same answer", async () => {
      const project = await withHook();
      const headers = signed(body);
      const first = await post(`/hooks/${project.id}/alert`, body, headers);
      expect(first.status).toBe(200);
      const { deliveryId } = (await first.json()) as { deliveryId: string };
      const { orgSlug } = await as(owner).projects.bySlug.query(await slugsOf(project.id));
      const again = await post(`/functions/v1/api/hooks/${orgSlug}/${project.slug}/alert`, body, headers);
      expect(await again.json()).toEqual({ deliveryId });
      const delivery = await as(viewer).triggers.delivery.query({ deliveryId });
      expect(delivery).toMatchObject({
        source: "webhook",
        event: "alert",
        status: "pending",
        payload: {
          event: "webhook",
          name: "alert",
          id: headers["webhook-id"],
          secret_ref: "ALERT_SECRET",
          type: "alert.raised",
          body: { level: "high" },
        },
      });
      expect(delivery.payload["secret"]).toBeUndefined();
    });

    test("W87 old and future time stamps, changed bodies, wrong and missing secrets, unknown hooks and projects: one answer", async () => {
      const project = await withHook();
      const at = `/hooks/${project.id}/alert`;
      const other = `whsec_${Buffer.from("another secret, of somebody else!").toString("base64")}`;
      const hour = 3_600_000;
      const good = signed(body);
      const answers = await Promise.all([
        post(at, body, signed(body, { at: Date.now() - hour })),
        post(at, body, signed(body, { at: Date.now() + hour })),
        post(at, `${body} `, good),
        post(at, body, { ...good, "webhook-id": "msg_other" }),
        post(at, body, signed(body, { secret: other })),
        post(at, body, {}),
        post(at, body, { ...good, "webhook-signature": "v1,AAAA v2,x" }),
        post(at, body, { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }),
        post(`/hooks/${project.id}/unset`, body, good),
        post(`/hooks/${project.id}/nobody`, body, good),
        post(`/hooks/${randomUUID()}/alert`, body, good),
        post("/hooks/no-such-org/shop/alert", body, good),
        post("/hooks/..%2f/alert", body, good),
      ]);
      const texts = await Promise.all(answers.map((answer) => answer.text()));
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 401));
      expect([...new Set(texts)]).toHaveLength(1);
      expect(
        await api.sql`select 1 from deliveries where project_id = ${project.id} and source = 'webhook'`,
      ).toEqual([]);
      const audited =
        await api.sql`select distinct rule from audit_log where project_id = ${project.id} and action = 'webhook.receive' and decision = 'deny'`;
      expect(audited.map((row) => row["rule"])).toEqual(
        expect.arrayContaining(["webhook.timestamp", "webhook.signature", "webhook.headers"]),
      );
    });

    test("W87 the audit log tells of a siege without being filled by it", async () => {
      const project = await withHook();
      await Promise.all(Array.from({ length: 40 }, () => post(`/hooks/${project.id}/alert`, body, {})));
      const [row] =
        await api.sql`select count(*)::int as count from audit_log where project_id = ${project.id} and action = 'webhook.receive'`;
      expect(row!["count"]).toBe(10);
    });

    test("W87 a forge's own signature counts too, and names the delivery by what it signs", async () => {
      const project = await withHook();
      const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
      const send = (id: string) =>
        post(`/hooks/${project.id}/alert`, body, {
          "x-hub-signature-256": signature,
          "x-github-delivery": id,
          "x-github-event": "issues",
        });
      const answers = [await send("one"), await send("two")];
      expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
      const [one, two] = (await Promise.all(answers.map((answer) => answer.json()))) as {
        deliveryId: string;
      }[];
      // The id in the header is not signed: changing it does not make a new delivery.
      expect(two).toEqual(one);
      const delivery = await as(viewer).triggers.delivery.query({ deliveryId: one!.deliveryId });
      expect(delivery.payload).toMatchObject({ type: "issues", body: { level: "high" } });
    });

    test("W249 what a forge signed counts once for good: another id, event or time does not make it new, nor that retention took it", async () => {
      const project = await withHook();
      const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
      const send = async (headers: Record<string, string>) => {
        const answer = await post(`/hooks/${project.id}/alert`, body, {
          "x-hub-signature-256": signature,
          ...headers,
        });
        return ((await answer.json()) as { deliveryId: string }).deliveryId;
      };
      const first = await send({ "x-github-delivery": randomUUID(), "x-github-event": "push" });
      expect(await send({ "x-github-delivery": randomUUID(), "x-github-event": "release" })).toBe(first);
      // As retention does it.
      const [gone] = await api.sql`delete from deliveries where id = ${first} returning key`;
      await api.sql`insert into private.spent_hooks values (${project.id}, ${gone!["key"]}, ${first})`;
      expect(await send({ "x-github-delivery": randomUUID() })).toBe(first);
      expect(await api.sql`select 1 from deliveries where project_id = ${project.id}`).toHaveLength(0);
      // Another body is another delivery.
      const other = '{"type":"alert.raised","level":"high","again":true}';
      const answer = await post(`/hooks/${project.id}/alert`, other, {
        "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(other).digest("hex")}`,
      });
      expect(((await answer.json()) as { deliveryId: string }).deliveryId).not.toBe(first);
    });

    test("only JSON of a bounded size, only by POST", async () => {
      const project = await withHook();
      const at = `/hooks/${project.id}/alert`;
      const big = JSON.stringify({ text: "x".repeat(1024 * 1024) });
      expect((await post(at, big, signed(big))).status).toBe(413);
      expect((await post(at, "{", signed("{"))).status).toBe(400);
      expect((await post(at, body, { ...signed(body), "content-type": "text/plain" })).status).toBe(400);
      expect((await fetch(`${api.origin}${at}`)).status).toBe(400);
      const nul = '{"a":"\\u0000"}';
      expect((await post(at, nul, signed(nul))).status).toBe(400);
    });

    test("W87 W98 a burst of a thousand deliveries is answered, each once", async () => {
      const project = await withHook();
      const sends = Array.from({ length: 1000 }, (_, index) => ({
        id: `msg_${index}`,
        body: JSON.stringify({ index }),
      }));
      const statuses: number[] = [];
      // As many senders as connections; every tenth delivery is sent twice.
      const queue = [...sends, ...sends.filter((_, index) => index % 10 === 0)];
      await Promise.all(
        Array.from({ length: 40 }, async () => {
          for (let send = queue.shift(); send !== undefined; send = queue.shift()) {
            const answer = await post(
              `/hooks/${project.id}/alert`,
              send.body,
              signed(send.body, { id: send.id }),
            );
            await answer.arrayBuffer();
            statuses.push(answer.status);
          }
        }),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(1100);
      const [row] = await api.sql`
        select count(*)::int as deliveries, (select count(*)::int from dbos.workflow_status w where w.workflow_uuid in (select 'delivery/' || d.id from deliveries d where d.project_id = ${project.id} and d.source = 'webhook')) as enqueued
        from deliveries where project_id = ${project.id} and source = 'webhook'`;
      expect(row).toEqual({ deliveries: 1000, enqueued: 1000 });
      // A deadline is only for what hangs.
    }, 120_000);
  });

  async function slugsOf(projectId: string): Promise<{ org: string; slug: string }> {
    const [row] = await api.sql<{ org: string; slug: string }[]>`
      select o.slug as org, p.slug from projects p join orgs o on o.id = p.org_id where p.id = ${projectId}`;
    return row!;
  }

  describe("triggers", () => {
    test("W99 deliveries are listed page by page and filtered; one can be sent again, once per intent, with an audit entry", async () => {
      const { id: projectId } = await withHook();
      for (let index = 1; index <= 5; index += 1) {
        await api.sql`select private.record_delivery(${projectId}, ${index === 3 ? "cron" : "repo"}, 'push', ${`k${index}`}, ${api.sql.json({ event: "push", index })}, ${index})`;
      }
      await api.sql`update deliveries set status = 'handled', outcome = '[{"kind":"fired","path":"a","name":"A","trigger":0,"runId":"r","runNumber":1}]' where project_id = ${projectId} and key = 'k2'`;
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: { depth: number }[]; nextCursor: string | null } = await as(
          viewer,
        ).triggers.deliveries.query({ projectId, limit: 2, cursor });
        seen.push(...page.items.map((item) => item.depth));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual([5, 4, 3, 2, 1]);
      const depths = async (filter: object) =>
        (await as(viewer).triggers.deliveries.query({ projectId, ...filter })).items.map(
          (item) => item.depth,
        );
      expect(await depths({ source: "cron" })).toEqual([3]);
      expect(await depths({ result: "fired" })).toEqual([2]);
      expect(await depths({ result: "failed" })).toEqual([]);
      expect(await codeOf(as(stranger).triggers.deliveries.query({ projectId }))).toBe("not_found");
      expect(await codeOf(as(viewer).triggers.deliveries.query({ projectId, cursor: "x" }))).toBe(
        "bad_input",
      );

      const [first] = (await as(viewer).triggers.deliveries.query({ projectId, limit: 1 })).items;
      const intent = { id: randomUUID(), deliveryId: first!.id };
      expect(await codeOf(as(viewer).triggers.redeliver.mutate(intent))).toBe("forbidden");
      expect(await codeOf(as(stranger).triggers.redeliver.mutate(intent))).toBe("not_found");
      const sent = await as(member).triggers.redeliver.mutate(intent);
      expect(await as(member).triggers.redeliver.mutate(intent)).toEqual(sent);
      expect(await as(viewer).triggers.delivery.query({ deliveryId: sent.deliveryId })).toMatchObject({
        redeliveryOf: first!.id,
        depth: 5,
        status: "pending",
        payload: { event: "push", index: 5 },
      });
      expect(await codeOf(as(stranger).triggers.delivery.query({ deliveryId: first!.id }))).toBe("not_found");
      const audited =
        await api.sql`select actor from audit_log where project_id = ${projectId} and action = 'delivery.redeliver'`;
      expect(audited).toEqual([{ actor: `user:${member.id}` }]);
    });

    test("W80 explain says what fires and which clause rejects, for any event and for a past delivery", async () => {
      const { id: projectId, head } = await withHook();
      const { commit: pushed } = await commit(projectId, "work", { "src/a.ts": "1\n" });
      const event = {
        event: "push",
        branch: "work",
        commit: pushed,
        actor: { id: "u", name: "ada", bot: false },
        push: { before: head },
      };
      const explanation = await as(viewer).triggers.explain.mutate({ projectId, event });
      expect(explanation).toEqual({
        place: { ref: "work", commit: pushed },
        workflows: [
          { kind: "fires", path: `${folder}/alert.yaml`, name: "Alert", trigger: 2 },
          {
            kind: "rejected",
            path: `${folder}/docs.yaml`,
            name: "Docs",
            clauses: [{ clause: "triggers[0].branches", reason: '"main" does not match "work"' }],
          },
        ],
      });
      const [row] = await api.sql<{ id: string }[]>`
        select private.record_delivery(${projectId}, 'webhook', 'alert', 'x', '{"event":"webhook","name":"alert","body":{"level":"low"}}') as id`;
      const past = await as(viewer).triggers.explain.mutate({ projectId, deliveryId: row!.id });
      expect(past.workflows[0]).toMatchObject({
        kind: "rejected",
        clauses: expect.arrayContaining([
          { clause: "triggers[0].if", reason: '`event.body.level == "high"` is false' },
        ]),
      });
      const asked = (user: TestUser, one: object) =>
        codeOf(as(user).triggers.explain.mutate({ projectId, event: one as never }));
      expect(await asked(viewer, { event: "pushed" })).toBe("bad_input");
      expect(await asked(stranger, event)).toBe("not_found");
      const other = await newProject({}, "Other");
      expect(
        await codeOf(as(viewer).triggers.explain.mutate({ projectId: other.id, deliveryId: row!.id })),
      ).toBe("not_found");
      const empty = await newProject({}, "Nothing");
      expect(
        await as(viewer).triggers.explain.mutate({ projectId: empty.id, event: { event: "manual" } }),
      ).toEqual({
        place: null,
        workflows: [],
      });
    });

    test("W231 explain gives the lines of a file that would start and names a secret that does not exist", async () => {
      const yaml = `name: P\ntriggers: [{ type: repo_event, event: push }]\npolicies: { secrets: { allowed: [NO_SUCH] } }\nsteps: [{ type: command, command: "true" }]\n`;
      const { id: projectId, head } = await newProject({ [`${folder}/p.yaml`]: yaml }, "Secretless");
      const event = { event: "push", branch: "main", commit: head } as never;
      const { workflows } = await as(viewer).triggers.explain.mutate({ projectId, event });
      expect(workflows).toEqual([
        {
          kind: "invalid",
          path: `${folder}/p.yaml`,
          problems: [expect.stringContaining("p.yaml:3:34 unknown_secret the project has no secret NO_SUCH")],
        },
      ]);
    });

    test("W89 schedules say when in words and times; webhooks their address and whether the secret is set", async () => {
      const project = await withHook();
      expect(await as(viewer).triggers.schedules.query({ projectId: project.id })).toEqual([
        {
          workflowPath: `${folder}/alert.yaml`,
          trigger: 1,
          cron: "30 9 * * 1-5",
          timezone: "Europe/Berlin",
          catchUp: "last",
          words: "At 09:30, Monday through Friday",
          next: ["2100-01-01T08:30:00.000Z", "2100-01-04T08:30:00.000Z", "2100-01-05T08:30:00.000Z"],
        },
      ]);
      const { org } = await slugsOf(project.id);
      const hooks = await as(viewer).triggers.webhooks.query({ projectId: project.id });
      expect(hooks).toMatchObject([
        { name: "alert", secretRef: "ALERT_SECRET", secretIsSet: true },
        { name: "unset", secretRef: "NOT_SET", secretIsSet: false },
      ]);
      expect(hooks[0]!.url.endsWith(`/hooks/${org}/${project.slug}/alert`)).toBe(true);
      const headers = signed(body);
      expect((await post(new URL(hooks[0]!.url).pathname, body, headers)).status).toBe(200);
      expect(await codeOf(as(stranger).triggers.schedules.query({ projectId: project.id }))).toBe(
        "not_found",
      );
      expect(await codeOf(as(stranger).triggers.webhooks.query({ projectId: project.id }))).toBe("not_found");
    });
  });
}
