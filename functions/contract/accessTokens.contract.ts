import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256, type ApiFixture, type TestUser, type World } from "./world.ts";

const run = promisify(execFile);

export function describeAccessTokens(world: World): void {
  const { clientOf, as, failure, codeOf, newProject, startedRun } = world;
  let api: ApiFixture;
  let owner: TestUser;
  let viewer: TestUser;
  let stranger: TestUser;
  let orgId: string;
  beforeAll(() => {
    ({ api, owner, viewer, stranger, orgId } = world.people());
  });

  const make = (
    user: TestUser,
    options: { scope?: "read" | "write"; orgId?: string | null; expiresInDays?: number | null } = {},
  ) =>
    as(user).accessTokens.create.mutate({
      name: "Laptop",
      scope: options.scope ?? "write",
      orgId: options.orgId ?? null,
      ...(options.expiresInDays === undefined ? {} : { expiresInDays: options.expiresInDays }),
    });

  describe("access tokens", () => {
    test("a token acts as its user; it is shown once, and its hash alone is kept", async () => {
      const { id, token, expiresAt } = await make(owner);
      expect(token).toMatch(/^cpt_[\w-]{43}$/);
      expect(Date.parse(expiresAt!) - Date.now()).toBeGreaterThan(89 * 86_400_000);
      const me = await clientOf(token).session.me.query();
      expect(me).toEqual(await as(owner).session.me.query());
      const [row] =
        await api.sql`select encode(token_hash, 'hex') as hash from access_tokens where id = ${id}`;
      expect(row!["hash"]).toBe(sha256(token));
      const listed = (await as(owner).accessTokens.list.query()).find((one) => one.id === id);
      expect(listed).toMatchObject({
        name: "Laptop",
        scope: "write",
        orgId: null,
        prefix: token.slice(0, 8),
      });
      expect(JSON.stringify(listed)).not.toContain(token);
      expect(await clientOf(token).accessTokens.current.query()).toMatchObject({ id });
      expect(await as(owner).accessTokens.current.query()).toBeNull();
    });

    test("unknown, cut, revoked and expired tokens are refused with the reason", async () => {
      const { id, token } = await make(owner);
      const say = async (value: string) => {
        const { code, message } = await failure(clientOf(value).session.me.query());
        return [code, message];
      };
      expect(await say(`cpt_${"a".repeat(43)}`)).toEqual(["unauthenticated", "This access token is unknown"]);
      expect(await say(token.slice(0, 20))).toEqual([
        "unauthenticated",
        "This access token is not whole: copy all of it",
      ]);
      await api.sql`update access_tokens set expires_at = now() - interval '1 second' where id = ${id}`;
      expect((await say(token))[1]).toBe("This access token has expired; make a new one");
      await api.sql`update access_tokens set expires_at = null where id = ${id}`;
      await clientOf(token).session.me.query();
      await as(owner).accessTokens.revoke.mutate({ tokenId: id });
      expect((await say(token))[1]).toBe("This access token has been revoked");
      expect((await as(owner).accessTokens.list.query()).map((one) => one.id)).not.toContain(id);
    });

    test("scope read reads, and is refused every call that changes something", async () => {
      const { id: runId, projectId } = await startedRun();
      const { token } = await make(owner, { scope: "read" });
      const client = clientOf(token);
      expect((await client.runs.get.query({ projectId, number: 1 })).id).toBe(runId);
      expect(await codeOf(client.runs.cancel.mutate({ runId }))).toBe("forbidden");
      expect(await codeOf(client.projects.rename.mutate({ id: projectId, name: "Mine" }))).toBe("forbidden");
      const lint = await client.workflows.lint.mutate({ yaml: "name: x", path: "a.yaml" });
      expect(lint.problems.length).toBeGreaterThan(0);
    });

    test("scope write starts and cancels runs, also through the forge", async () => {
      const path = ".coder/workflows/ci.yaml";
      const { id: projectId } = await newProject({
        [path]: "name: CI\nsteps:\n  - { type: command, command: 'true' }\n",
      });
      const { token } = await make(owner);
      const id = randomUUID();
      const started = await clientOf(token).runs.start.mutate({ id, projectId, workflowPath: path });
      expect(started).toEqual({ number: 1 });
      expect(await clientOf(token).runs.cancel.mutate({ runId: id })).toEqual({ ok: true });
    });

    test("a token for one organisation finds no other", async () => {
      const { id: projectId } = await newProject();
      const { token: here } = await make(owner, { orgId });
      const { token: elsewhere } = await make(owner, { orgId: owner.orgId });
      expect(
        (await clientOf(here).projects.bySlug.query({ org: await slugOf(), slug: await slug(projectId) })).id,
      ).toBe(projectId);
      expect(await codeOf(clientOf(elsewhere).files.tree.query({ projectId, ref: "main" }))).toBe(
        "not_found",
      );
      expect(await codeOf(clientOf(elsewhere).runs.list.query({ projectId }))).toBe("not_found");
      expect((await clientOf(elsewhere).session.me.query()).orgs.map((org) => org.id)).toEqual([owner.orgId]);
      expect(await codeOf(make(stranger, { orgId }))).toBe("not_found");
    });

    test("what gives access away is refused to tokens", async () => {
      const { id: projectId } = await newProject();
      const { id, token } = await make(owner);
      const client = clientOf(token);
      const calls = [
        () => client.accessTokens.create.mutate({ name: "Another", orgId: null, scope: "read" }),
        () => client.accessTokens.revoke.mutate({ tokenId: id }),
        () => client.gitTokens.create.mutate({ projectId, name: "git", scope: "read" }),
        () => client.orgs.create.mutate({ name: "New" }),
        () => client.orgs.setMember.mutate({ orgId, email: viewer.email, role: "admin" }),
      ];
      for (const call of calls) expect(await codeOf(call())).toBe("forbidden");
    });

    test("a program signs out by ending its own token, of either scope", async () => {
      for (const scope of ["read", "write"] as const) {
        const { token } = await make(owner, { scope });
        await clientOf(token).accessTokens.revokeCurrent.mutate();
        expect(await codeOf(clientOf(token).session.me.query())).toBe("unauthenticated");
      }
      expect(await codeOf(as(owner).accessTokens.revokeCurrent.mutate())).toBe("bad_input");
    });

    test("nobody ends somebody else's token", async () => {
      const { id } = await make(owner);
      expect(await codeOf(as(stranger).accessTokens.revoke.mutate({ tokenId: id }))).toBe("not_found");
    });

    test("that it was used is written once a minute", async () => {
      const { id, token } = await make(owner);
      const used = async () => {
        await clientOf(token).session.me.query();
        const [row] = await api.sql`select last_used_at::text as at from access_tokens where id = ${id}`;
        return row!["at"] as string;
      };
      const first = await used();
      expect(await used()).toBe(first);
      await api.sql`update access_tokens set last_used_at = now() - interval '61 seconds' where id = ${id}`;
      expect(await used()).not.toBe(first);
    });

    test("the forge takes it as the password of git and as Bearer, within its scope and organisation", async () => {
      const { id: projectId } = await newProject();
      const path = `${await slugOf()}/${await slug(projectId)}.git`;
      const remote = async (token: string, service: string) => {
        const url = new URL(`${api.origin}/git/${path}`);
        url.username = "git";
        url.password = token;
        if (service === "upload") return (await run("git", ["ls-remote", url.href])).stdout;
        const basic = Buffer.from(`git:${token}`).toString("base64");
        const answer = await fetch(`${api.origin}/git/${path}/info/refs?service=git-receive-pack`, {
          headers: { authorization: `Basic ${basic}` },
        });
        await answer.body?.cancel();
        return answer.status;
      };
      const { token: reading } = await make(owner, { scope: "read" });
      expect(await remote(reading, "upload")).toContain("refs/heads/main");
      expect(await remote(reading, "receive")).toBe(403);
      const { token: writing } = await make(owner);
      expect(await remote(writing, "receive")).toBe(200);
      const { token: elsewhere } = await make(owner, { orgId: owner.orgId });
      expect(await remote(elsewhere, "receive")).toBe(404);
      const { token: looking } = await make(viewer);
      expect(await remote(looking, "receive")).toBe(403);
      expect(await remote(`cpt_${"b".repeat(43)}`, "receive")).toBe(401);
    });
  });

  async function slugOf(): Promise<string> {
    const [row] = await api.sql`select slug from orgs where id = ${orgId}`;
    return row!["slug"] as string;
  }
  async function slug(projectId: string): Promise<string> {
    const [row] = await api.sql`select slug from projects where id = ${projectId}`;
    return row!["slug"] as string;
  }
}
