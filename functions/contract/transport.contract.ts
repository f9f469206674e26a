import { randomUUID } from "node:crypto";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { beforeAll, describe, expect, test } from "vitest";
import type { AppRouter } from "../router.ts";
import { type ApiFixture, type TestUser, type World } from "./world.ts";

export function describeTransport(world: World): void {
  const { as, failure, newProject } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, viewer, stranger, orgId } = world.people());
  });

  describe("transport", () => {
    const call = (path: string, init: RequestInit = {}) => fetch(`${api.origin}${path}`, init);
    const bearer = () => ({ authorization: `Bearer ${owner.token}` });

    test("both addresses answer, batches too, and what is not there is not_found", async () => {
      const batched = createTRPCClient<AppRouter>({
        links: [httpBatchLink({ url: `${api.origin}/api/trpc`, headers: bearer() })],
      });
      const { id } = await newProject();
      const [me, projects] = await Promise.all([
        batched.session.me.query(),
        batched.projects.list.query({ orgId }),
      ]);
      expect(me.user.id).toBe(owner.id);
      expect(projects.map((project) => project.id)).toContain(id);
      const mixed = await Promise.allSettled([
        batched.session.me.query(),
        batched.runs.get.query({ projectId: randomUUID(), number: 1 }),
      ]);
      expect(mixed.map((one) => one.status)).toEqual(["fulfilled", "rejected"]);
      const unknown = await call("/functions/v1/api/trpc/session.you", { headers: bearer() });
      expect(unknown.status).toBe(404);
      expect(await unknown.json()).toMatchObject({ error: { data: { code: "not_found" } } });
      expect((await call("/functions/v1/api/other")).status).toBe(404);
    });

    test("only the Studio's origin may call from a browser", async () => {
      const path = "/functions/v1/api/trpc/session.me";
      const same = await call(path, { headers: { ...bearer(), origin: api.origin } });
      expect(same.status).toBe(200);
      expect(same.headers.get("access-control-allow-origin")).toBe(api.origin);
      expect(same.headers.get("cache-control")).toBe("no-store");
      for (const origin of ["https://evil.example", "null", `${api.origin}.evil.example`]) {
        const refused = await call(path, { headers: { ...bearer(), origin } });
        expect([origin, refused.status]).toEqual([origin, 403]);
        expect(refused.headers.get("access-control-allow-origin")).toBeNull();
        expect(await refused.json()).toMatchObject({ error: { code: "forbidden" } });
      }
      const preflight = await call(path, { method: "OPTIONS", headers: { origin: api.origin } });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
      const foreign = await call(path, { method: "OPTIONS", headers: { origin: "https://evil.example" } });
      expect(foreign.status).toBe(403);
    });

    test("bodies over the limit, broken JSON and wrong inputs are told apart", async () => {
      const post = (path: string, body: string) =>
        call(`/functions/v1/api/trpc/${path}`, {
          method: "POST",
          headers: { ...bearer(), "content-type": "application/json" },
          body,
        });
      const large = await post("orgs.create", JSON.stringify({ name: "x".repeat(3 * 1024 * 1024) }));
      expect(large.status).toBe(413);
      expect((await post("orgs.create", "{")).status).toBe(400);
      const wrong = await post("orgs.create", JSON.stringify({ name: "", extra: 1 }));
      expect(await wrong.json()).toMatchObject({ error: { data: { code: "bad_input", httpStatus: 400 } } });
      expect((await call("/functions/v1/api/trpc/orgs.create", { headers: bearer() })).status).toBe(400);
    });

    test("when the database drops its connections, calls fail as unavailable at most, and work again", async () => {
      const { id } = await newProject();
      await api.sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'coder-functions' and datname = current_database()`;
      const outcomes: string[] = [];
      for (let count = 0; count < 12; count++) {
        outcomes.push(
          await as(owner)
            .runs.list.query({ projectId: id })
            .then(
              () => "ok",
              (error) => String(error.data?.code),
            ),
        );
      }
      expect(outcomes.filter((one) => one !== "ok" && one !== "unavailable")).toEqual([]);
      expect(outcomes.at(-1)).toBe("ok");
    });

    test("more calls at once than connections all get their answer", async () => {
      const calls = Array.from({ length: 60 }, () => as(owner).session.me.query());
      const answers = await Promise.all(calls);
      expect(new Set(answers.map((me) => me.user.id))).toEqual(new Set([owner.id]));
    });

    test("no message names a table, a constraint or a place in the code", async () => {
      const refused = [
        await failure(as(viewer).projects.create.mutate({ id: randomUUID(), orgId, name: "x", source: "y" })),
        await failure(as(owner).runs.cancel.mutate({ runId: randomUUID() })),
        await failure(as(stranger).orgs.setMember.mutate({ orgId, email: "a@b.co", role: null })),
      ];
      for (const { message, ...data } of refused) {
        expect(message).not.toMatch(/relation|constraint|policy|table|column|\bat \//i);
        expect(JSON.stringify(data)).not.toMatch(/stack|\.ts/);
      }
    });
  });
}
