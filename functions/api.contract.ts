import { createHash, randomUUID } from "node:crypto";
import { createTRPCClient, httpBatchLink, httpLink, TRPCClientError } from "@trpc/client";
import { zipSync } from "fflate";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorCode } from "../shared/errors.ts";
import type { AppRouter } from "./router.ts";
import type { ErrorData } from "./trpc.ts";

export interface TestUser {
  id: string;
  email: string;
  token: string;
  /** The personal organisation. */
  orgId: string;
  orgSlug: string;
}

/** The API under one runtime, on a real Postgres, with the real forge and storage. */
export interface ApiFixture {
  origin: string;
  /** As the owner of the schema. */
  sql: Sql;
  databaseUrl: string;
  jwtSecret: string;
  serviceKey: string;
  anonKey: string;
  sign(claims: { [claim: string]: unknown }, secret?: string): Promise<string>;
  addUser(name: string): Promise<TestUser>;
  whileForgeIsDown<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const utf8 = (text: string): string => Buffer.from(text).toString("base64");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const ciYaml = `name: CI
inputs:
  channel: { type: choice, options: [beta, stable], default: beta }
triggers:
  - { type: manual }
  - { type: cron, cron: "0 9 * * 1-5", timezone: Europe/Berlin }
steps:
  - { step_id: install, type: command, command: npm ci }
  - { step_id: test, type: command, name: Run tests, command: npm test }
`;

/** The same rules for every runtime that serves the API. */
export function describeApi(name: string, start: () => Promise<ApiFixture>): void {
  describe(`API on ${name}`, () => {
    let api: ApiFixture;
    let owner: TestUser;
    let member: TestUser;
    let viewer: TestUser;
    let stranger: TestUser;
    let orgId: string;

    beforeAll(async () => {
      api = await start();
      owner = await api.addUser("owner");
      member = await api.addUser("member");
      viewer = await api.addUser("viewer");
      stranger = await api.addUser("stranger");
      orgId = (await as(owner).orgs.create.mutate({ name: "Acme" })).id;
      await as(owner).orgs.setMember.mutate({ orgId, email: member.email, role: "member" });
      await as(owner).orgs.setMember.mutate({ orgId, email: viewer.email, role: "viewer" });
    }, 60_000);
    afterAll(() => api.close());

    const clientOf = (token: string | undefined) =>
      createTRPCClient<AppRouter>({
        links: [
          httpLink({
            url: `${api.origin}/functions/v1/api/trpc`,
            headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          }),
        ],
      });
    const as = (user: TestUser) => clientOf(user.token);

    /** The closed code that a call fails with. */
    async function failure(call: Promise<unknown>): Promise<ErrorData & { message: string }> {
      try {
        await call;
      } catch (error) {
        if (error instanceof TRPCClientError && error.data !== undefined && error.data !== null) {
          return { ...(error.data as ErrorData), message: error.message };
        }
        throw error;
      }
      throw new Error("The call succeeded");
    }
    const codeOf = async (call: Promise<unknown>): Promise<ErrorCode> => (await failure(call)).code;

    async function newProject(files: Record<string, string> = { "README.md": "# Hello\n" }, name = "Shop") {
      const id = randomUUID();
      const list = Object.entries(files).map(([path, content]) => ({ path, content: utf8(content) }));
      const made = await as(owner).projects.create.mutate({ id, orgId, name, source: "blank", files: list });
      const { head } = await as(owner).files.refs.query({ projectId: id });
      return { id, slug: made.slug, head: head! };
    }
    async function commit(projectId: string, branch: string, files: Record<string, string | null>) {
      const { refs, head } = await as(owner).files.refs.query({ projectId });
      const current = refs.find((one) => one.name === branch)?.commit ?? null;
      const list = Object.entries(files).map(([path, content]) => ({ path, content }));
      const message = `Change ${Object.keys(files).join(", ")}`;
      const made = await as(owner).files.commit.mutate({
        projectId,
        branch,
        expectedHead: current,
        message,
        files: list,
      });
      return { commit: made.commit, mainHead: head };
    }

    describe("who asks", () => {
      test("without a token, with a forged, an expired, or nobody's token: unauthenticated", async () => {
        const future = Math.floor(Date.now() / 1000) + 600;
        const claims = { sub: owner.id, role: "authenticated", exp: future };
        const unsigned = [{ alg: "none", typ: "JWT" }, claims]
          .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
          .join(".");
        const tokens = [
          undefined,
          "nonsense",
          `${unsigned}.`,
          await api.sign(claims, "another secret that is long enough"),
          await api.sign({ ...claims, exp: future - 1200 }),
          await api.sign({ ...claims, sub: "not-a-uuid" }),
          api.serviceKey,
          api.anonKey,
        ];
        for (const token of tokens) {
          expect(await failure(clientOf(token).session.me.query())).toMatchObject({
            code: "unauthenticated",
            httpStatus: 401,
          });
        }
      });

      test("the token of a deleted account is nobody's", async () => {
        const gone = await api.addUser("gone");
        await api.sql`delete from auth.users where id = ${gone.id}`;
        expect(await codeOf(as(gone).session.me.query())).toBe("unauthenticated");
      });

      test("session.me lists the personal organisation first, then the others with the role", async () => {
        const me = await as(member).session.me.query();
        expect(me.user).toMatchObject({ id: member.id, email: member.email });
        expect(me.orgs.map((org) => [org.id, org.personal, org.role])).toEqual([
          [member.orgId, true, "owner"],
          [orgId, false, "member"],
        ]);
      });
    });

    describe("organisations", () => {
      test("members are listed to members, and to nobody else", async () => {
        const members = await as(viewer).orgs.members.query({ orgId });
        expect(members.map((one) => [one.email, one.role])).toEqual([
          [owner.email, "owner"],
          [member.email, "member"],
          [viewer.email, "viewer"],
        ]);
        expect(await codeOf(as(stranger).orgs.members.query({ orgId }))).toBe("not_found");
      });

      test("only owners and admins change members, and the last owner stays", async () => {
        const change = { orgId, email: stranger.email, role: "viewer" } as const;
        expect(await codeOf(as(member).orgs.setMember.mutate(change))).toBe("forbidden");
        expect(await codeOf(as(stranger).orgs.setMember.mutate(change))).toBe("not_found");
        const leave = await failure(
          as(owner).orgs.setMember.mutate({ orgId, email: owner.email, role: null }),
        );
        expect(leave).toMatchObject({
          code: "conflict",
          message: "An organisation needs at least one owner",
        });
        const unknown = { orgId, email: "nobody@example.com", role: "member" } as const;
        expect(await codeOf(as(owner).orgs.setMember.mutate(unknown))).toBe("not_found");
      });

      test("rename is for admins", async () => {
        expect(await codeOf(as(member).orgs.rename.mutate({ orgId, name: "Evil" }))).toBe("forbidden");
        await as(owner).orgs.rename.mutate({ orgId, name: "Acme & Co" });
        const me = await as(owner).session.me.query();
        expect(me.orgs.find((org) => org.id === orgId)?.name).toBe("Acme & Co");
      });
    });

    describe("projects", () => {
      test("create makes the row and the repository; the same intent twice is one project", async () => {
        const intent = {
          id: randomUUID(),
          orgId,
          name: "Ünser Shop!",
          source: "vanilla-ts",
          files: [{ path: "src/main.ts", content: utf8("export {};\n") }],
        };
        const [first, second] = await Promise.all([
          as(member).projects.create.mutate(intent),
          as(member).projects.create.mutate(intent),
        ]);
        expect(second).toEqual(first);
        expect(first.slug).toMatch(/^u-?nser-shop/);
        const listed = await as(viewer).projects.list.query({ orgId });
        expect(listed.filter((one) => one.id === intent.id)).toHaveLength(1);
        const { commits } = await as(viewer).files.log.query({ projectId: intent.id, ref: "main" });
        expect(commits).toHaveLength(1);
        expect(commits[0]).toMatchObject({ email: member.email, parents: [] });
      });

      test("two projects of one name get two addresses", async () => {
        const one = await newProject({}, "Twin");
        const two = await newProject({}, "Twin");
        expect([one.slug, two.slug]).toEqual(["twin", "twin-2"]);
      });

      test("bySlug answers the project with the caller's role, to members only", async () => {
        const { id, slug } = await newProject();
        const { orgSlug, ...project } = await as(viewer).projects.bySlug.query({ org: "acme", slug });
        expect(project).toMatchObject({
          id,
          slug,
          role: "viewer",
          lastRun: null,
          previewUrl: null,
          defaultBranch: "main",
        });
        expect(new Date(project.updatedAt).toISOString().slice(0, 10)).toBe(project.updatedAt.slice(0, 10));
        expect(await codeOf(as(stranger).projects.bySlug.query({ org: orgSlug, slug }))).toBe("not_found");
        expect((await as(stranger).projects.list.query()).map((one) => one.id)).toEqual([]);
      });

      test("viewers and strangers create nothing", async () => {
        const intent = () => ({ id: randomUUID(), orgId, name: "No", source: "blank" });
        expect(await codeOf(as(viewer).projects.create.mutate(intent()))).toBe("forbidden");
        expect(await codeOf(as(stranger).projects.create.mutate(intent()))).toBe("not_found");
      });

      test("an id that another organisation uses is a conflict and tells nothing", async () => {
        const { id } = await newProject();
        const taken = { id, orgId: stranger.orgId, name: "Mine", source: "blank" };
        expect(await codeOf(as(stranger).projects.create.mutate(taken))).toBe("conflict");
      });

      test("when the repository cannot be made there is no project, and the same intent works later", async () => {
        const intent = { id: randomUUID(), orgId, name: "Unlucky", source: "blank" };
        const failed = await api.whileForgeIsDown(() => failure(as(member).projects.create.mutate(intent)));
        expect(failed.code).toBe("unavailable");
        expect(await api.sql`select 1 from projects where id = ${intent.id}`).toHaveLength(0);
        expect(await as(member).projects.create.mutate(intent)).toMatchObject({ slug: "unlucky" });
      });

      test("importZip brings the files, and a bad zip leaves nothing", async () => {
        const zip = zipSync({
          "app/index.html": Buffer.from("<h1>Hi</h1>"),
          "app/a/b.txt": Buffer.from("b"),
        });
        const id = randomUUID();
        const intent = { id, orgId, name: "Zipped", zip: Buffer.from(zip).toString("base64") };
        await as(owner).projects.importZip.mutate(intent);
        await as(owner).projects.importZip.mutate(intent);
        const { entries } = await as(owner).files.tree.query({ projectId: id, ref: "main" });
        expect(entries.map((entry) => entry.path)).toEqual(["a/b.txt", "index.html"]);
        const bad = { id: randomUUID(), orgId, name: "Bad zip", zip: utf8("this is no zip") };
        expect(await codeOf(as(owner).projects.importZip.mutate(bad))).toBe("bad_input");
        expect(await api.sql`select 1 from projects where id = ${bad.id}`).toHaveLength(0);
      });

      test("importGit names the project after the repository, and what cannot be cloned leaves nothing", async () => {
        const id = randomUUID();
        const made = await as(owner).projects.importGit.mutate({
          id,
          orgId,
          url: `${api.origin}/public/origin.git`,
        });
        expect(made.slug).toMatch(/^origin(?:-\d+)?$/);
        const { entries } = await as(owner).files.tree.query({ projectId: id, ref: "main" });
        expect(entries.map((entry) => entry.path)).toEqual(["index.html"]);
        const missing = { id: randomUUID(), orgId, url: `${api.origin}/public/nothing-there.git` };
        await failure(as(owner).projects.importGit.mutate(missing));
        expect(await api.sql`select 1 from projects where id = ${missing.id}`).toHaveLength(0);
      });

      test("rename keeps the address; delete is for admins, asks for the slug, and takes the repository", async () => {
        const { id, slug } = await newProject();
        await as(member).projects.rename.mutate({ id, name: "Other name" });
        expect(await as(owner).projects.bySlug.query({ org: "acme", slug })).toMatchObject({
          name: "Other name",
        });
        expect(await codeOf(as(viewer).projects.rename.mutate({ id, name: "X" }))).toBe("forbidden");
        expect(await codeOf(as(member).projects.delete.mutate({ id, confirmSlug: slug }))).toBe("forbidden");
        expect(await codeOf(as(owner).projects.delete.mutate({ id, confirmSlug: "x" }))).toBe("bad_input");
        const down = await api.whileForgeIsDown(() =>
          failure(as(owner).projects.delete.mutate({ id, confirmSlug: slug })),
        );
        expect(down.code).toBe("unavailable");
        expect(await as(owner).files.tree.query({ projectId: id, ref: "main" })).toMatchObject({
          entries: [{}],
        });
        await as(owner).projects.delete.mutate({ id, confirmSlug: slug });
        expect(await codeOf(as(owner).files.refs.query({ projectId: id }))).toBe("not_found");
      });
    });

    describe("files", () => {
      test("commit moves the branch only from the head that was edited", async () => {
        const { id, head } = await newProject({ "a.txt": "one\n", "b.bin": "\u0000\u0001" });
        const edit = {
          projectId: id,
          branch: "main",
          expectedHead: head,
          message: "Second",
          files: [
            { path: "a.txt", content: "two\n" },
            { path: "b.bin", content: null },
            {
              path: "c/d.bin",
              content: Buffer.from([0, 255, 254]).toString("base64"),
              encoding: "base64" as const,
            },
          ],
        };
        const { commit: second } = await as(member).files.commit.mutate(edit);
        expect(await failure(as(member).files.commit.mutate(edit))).toMatchObject({
          code: "conflict",
          details: { head: second },
        });
        expect(await codeOf(as(viewer).files.commit.mutate({ ...edit, expectedHead: second }))).toBe(
          "forbidden",
        );
        const all = await as(viewer).files.all.query({ projectId: id, ref: "main" });
        expect(all.commit).toBe(second);
        expect(Object.fromEntries(all.files.map((file) => [file.path, file.content]))).toEqual({
          "a.txt": utf8("two\n"),
          "c/d.bin": Buffer.from([0, 255, 254]).toString("base64"),
        });
        expect(await as(viewer).files.read.query({ projectId: id, ref: head, path: "a.txt" })).toEqual({
          content: utf8("one\n"),
        });
        expect(await codeOf(as(viewer).files.read.query({ projectId: id, ref: head, path: "nope" }))).toBe(
          "not_found",
        );
        const { commits } = await as(viewer).files.log.query({ projectId: id, ref: "main", limit: 1 });
        expect(commits.map((one) => one.message)).toEqual(["Second"]);
        const before = await as(viewer).files.log.query({ projectId: id, ref: "main", before: second });
        expect(before.commits.map((one) => one.sha)).toEqual([head]);
      });

      test("paths and refs that leave the repository are refused before it is asked", async () => {
        const { id, head } = await newProject();
        for (const path of ["../x", "/etc/passwd", "a//b", ".git/config", "a/.GIT/x", "a\\b", "a/./b"]) {
          const files = [{ path, content: "x" }];
          const call = as(owner).files.commit.mutate({
            projectId: id,
            branch: "main",
            expectedHead: head,
            message: "m",
            files,
          });
          expect([path, await codeOf(call)]).toEqual([path, "bad_input"]);
        }
        for (const ref of ["--upload-pack=x", "a..b", "main@{1}", "a b", "x~1", "/main", "main/", "a.lock"]) {
          const code = await codeOf(as(owner).files.tree.query({ projectId: id, ref }));
          expect([ref, code]).toEqual([ref, "bad_input"]);
        }
      });
    });

    describe("git tokens", () => {
      test("a token is shown once, stored as a hash, works for its project, and is dead once revoked", async () => {
        const { id } = await newProject();
        const made = await as(member).gitTokens.create.mutate({
          projectId: id,
          name: "Laptop",
          scope: "read",
        });
        expect(made.token).toMatch(/^cgt_[\w-]{43}$/);
        const read = () =>
          fetch(`${api.origin}/forge/v1/${id}/refs`, { headers: { authorization: `Bearer ${made.token}` } });
        expect((await read()).status).toBe(200);
        const [row] =
          await api.sql`select encode(token_hash, 'hex') as hash from git_tokens where id = ${made.id}`;
        expect(row).toEqual({ hash: sha256(made.token) });
        const listed = await as(viewer).gitTokens.list.query({ projectId: id });
        expect(listed).toMatchObject([{ id: made.id, name: "Laptop", scope: "read", revokedAt: null }]);
        expect(JSON.stringify(listed)).not.toContain(made.token);
        expect(await codeOf(as(viewer).gitTokens.revoke.mutate({ tokenId: made.id }))).toBe("forbidden");
        expect(await codeOf(as(stranger).gitTokens.revoke.mutate({ tokenId: made.id }))).toBe("not_found");
        await as(owner).gitTokens.revoke.mutate({ tokenId: made.id });
        const [revoked] = await as(viewer).gitTokens.list.query({ projectId: id });
        await as(owner).gitTokens.revoke.mutate({ tokenId: made.id });
        expect(await as(viewer).gitTokens.list.query({ projectId: id })).toMatchObject([
          { revokedAt: revoked!.revokedAt },
        ]);
        expect((await read()).status).toBe(401);
        expect(
          await codeOf(as(viewer).gitTokens.create.mutate({ projectId: id, name: "x", scope: "read" })),
        ).toBe("forbidden");
      });
    });

    describe("changes", () => {
      test("open, look, merge: the reviewed head only, once, with the diff kept", async () => {
        const { id } = await newProject({ "a.txt": "one\n" });
        const { commit: first } = await commit(id, "feature", { "a.txt": "two\n" });
        const { number } = await as(member).changes.open.mutate({
          projectId: id,
          title: "Two",
          body: "why",
          head: "feature",
        });
        const open = await as(viewer).changes.get.query({ projectId: id, number });
        expect(open).toMatchObject({
          number: 1,
          status: "open",
          baseBranch: "main",
          headBranch: "feature",
          headCommit: first,
        });
        expect(open.diff.files).toEqual([
          { path: "a.txt", status: "modified", additions: 1, deletions: 1, binary: false },
        ]);
        const { commit: moved } = await commit(id, "feature", { "b.txt": "new\n" });
        const late = await failure(
          as(member).changes.merge.mutate({ projectId: id, number, expectedHead: first }),
        );
        expect(late).toMatchObject({ code: "conflict", details: { head: moved } });
        const merge = { projectId: id, number, expectedHead: moved };
        expect(await codeOf(as(viewer).changes.merge.mutate(merge))).toBe("forbidden");
        expect(await codeOf(as(stranger).changes.merge.mutate(merge))).toBe("not_found");
        const [one, two] = await Promise.all([
          as(member).changes.merge.mutate(merge),
          as(member).changes.merge.mutate(merge),
        ]);
        expect(two).toEqual(one);
        const { commits } = await as(viewer).files.log.query({ projectId: id, ref: "main" });
        expect(commits.filter((entry) => entry.parents.length === 2)).toHaveLength(1);
        const merged = await as(viewer).changes.get.query({ projectId: id, number });
        expect(merged).toMatchObject({ status: "merged", mergedCommit: one.commit, headCommit: moved });
        expect(merged.diff.files.map((file) => file.path)).toEqual(["a.txt", "b.txt"]);
        expect(await codeOf(as(member).changes.close.mutate({ projectId: id, number }))).toBe("conflict");
      });

      test("a merge conflict names the paths and changes nothing", async () => {
        const { id } = await newProject({ "a.txt": "one\n" });
        const { commit: head } = await commit(id, "mine", { "a.txt": "mine\n" });
        await commit(id, "main", { "a.txt": "theirs\n" });
        const { number } = await as(owner).changes.open.mutate({
          projectId: id,
          title: "Mine",
          body: "",
          head: "mine",
        });
        const refused = await failure(
          as(owner).changes.merge.mutate({ projectId: id, number, expectedHead: head }),
        );
        expect(refused).toMatchObject({ code: "conflict", details: { conflicts: ["a.txt"] } });
        expect(await as(owner).changes.list.query({ projectId: id, status: "open" })).toHaveLength(1);
      });

      test("one open change per branch; closed ones keep their diff; unknown branches are not found", async () => {
        const { id } = await newProject({ "a.txt": "one\n" });
        await commit(id, "work", { "w.txt": "w\n" });
        const open = (title: string) =>
          as(owner).changes.open.mutate({ projectId: id, title, body: "", head: "work" });
        expect(await open("First")).toEqual({ number: 1 });
        expect(await open("Better title")).toEqual({ number: 1 });
        await as(owner).changes.close.mutate({ projectId: id, number: 1 });
        await as(owner).changes.close.mutate({ projectId: id, number: 1 });
        const closed = await as(owner).changes.get.query({ projectId: id, number: 1 });
        expect(closed).toMatchObject({
          title: "Better title",
          status: "closed",
          diff: { files: [{ path: "w.txt" }] },
        });
        expect(await open("Again")).toEqual({ number: 2 });
        const bad = { projectId: id, title: "x", body: "", head: "nowhere" };
        expect(await codeOf(as(owner).changes.open.mutate(bad))).toBe("not_found");
        expect(await codeOf(as(owner).changes.open.mutate({ ...bad, head: "main" }))).toBe("bad_input");
        expect(await codeOf(as(stranger).changes.list.query({ projectId: id }))).toBe("not_found");
        expect(await codeOf(as(viewer).changes.close.mutate({ projectId: id, number: 2 }))).toBe("forbidden");
      });
    });

    describe("workflows and runs", () => {
      const path = ".coder/workflows/ci.yaml";

      test("workflows are listed with triggers, inputs and problems; an empty repository has none", async () => {
        const { id } = await newProject({
          [path]: ciYaml,
          ".coder/workflows/bad.yaml": "name: Bad\nsteps: []\nstepz: 1\n",
          "x.yaml": "a: 1",
        });
        const [bad, ci] = await as(viewer).workflows.list.query({ projectId: id });
        expect(ci).toMatchObject({
          path,
          name: "CI",
          triggers: [{ type: "manual" }, { type: "cron", label: "0 9 * * 1-5 (Europe/Berlin)" }],
          inputs: [{ name: "channel", type: "choice", options: ["beta", "stable"], default: "beta" }],
          lastRun: null,
        });
        expect(bad!.problems.find((problem) => problem.code === "unknown_key")).toMatchObject({
          line: 3,
          column: 1,
        });
        expect(await as(viewer).workflows.read.query({ projectId: id, path })).toMatchObject({
          yaml: ciYaml,
        });
        expect((await as(viewer).workflows.lint.mutate({ yaml: "name: x", path })).problems).not.toEqual([]);
        const empty = await newProject({}, "Empty");
        expect(await as(viewer).workflows.list.query({ projectId: empty.id })).toEqual([]);
      });

      test("a double click is one run, enqueued once, with the file as it was", async () => {
        const { id: projectId, head } = await newProject({ [path]: ciYaml });
        const intent = { id: randomUUID(), projectId, workflowPath: path, inputs: { channel: "stable" } };
        const both = await Promise.all([
          as(member).runs.start.mutate(intent),
          as(member).runs.start.mutate(intent),
        ]);
        await commit(projectId, "main", { [path]: null });
        const late = await as(member).runs.start.mutate(intent);
        expect([...both, late]).toEqual([{ number: 1 }, { number: 1 }, { number: 1 }]);
        const run = await as(viewer).runs.get.query({ projectId, number: 1 });
        expect(run).toMatchObject({
          id: intent.id,
          status: "queued",
          commit: head,
          ref: "main",
          trigger: "manual",
          inputs: { channel: "stable" },
          topic: `run:${intent.id}`,
          lastSeq: 1,
          steps: [
            { id: "install", type: "command", status: "pending", position: 1 },
            { id: "test", name: "Run tests", status: "pending", position: 2 },
          ],
        });
        const [row] = await api.sql`select snapshot from runs where id = ${intent.id}`;
        expect(row!["snapshot"]).toMatchObject({ yaml: ciYaml });
        const queued =
          await api.sql`select name, queue_name from dbos.workflow_status where workflow_uuid = ${intent.id}`;
        expect(queued).toEqual([{ name: "run", queue_name: "runs" }]);
        const events = await as(viewer).runs.eventsAfter.query({ runId: intent.id, afterSeq: 0 });
        expect(events).toMatchObject([
          {
            runId: intent.id,
            seq: 1,
            event: {
              type: "run.queued",
              steps: [
                { id: "install", needs: [] },
                { id: "test", needs: ["install"] },
              ],
            },
          },
        ]);
        expect(await as(viewer).runs.eventsAfter.query({ runId: intent.id, afterSeq: 1 })).toEqual([]);
        expect(await codeOf(as(stranger).runs.eventsAfter.query({ runId: intent.id, afterSeq: 0 }))).toBe(
          "not_found",
        );
        expect(
          (await as(owner).projects.list.query({ orgId })).find((one) => one.id === projectId)?.lastRun,
        ).toMatchObject({ number: 1, status: "queued" });
      });

      test("a file with errors is refused with their places, a missing one is not found, wrong inputs are named", async () => {
        const { id: projectId } = await newProject({
          [path]: ciYaml,
          "bad.yaml": "name: Bad\nsteps:\n  - { type: command, comand: x }\n",
        });
        const run = (workflowPath: string, inputs = {}) =>
          as(owner).runs.start.mutate({ id: randomUUID(), projectId, workflowPath, inputs });
        const refused = await failure(run("bad.yaml"));
        expect(refused).toMatchObject({
          code: "bad_input",
          details: { problems: expect.arrayContaining([expect.objectContaining({ line: 3 })]) },
        });
        expect(refused.message).toMatch(/^bad\.yaml:3:\d+ /);
        expect(await codeOf(run("none.yaml"))).toBe("not_found");
        expect(await failure(run(path, { channel: "nightly", extra: 1 }))).toMatchObject({
          code: "bad_input",
          details: {
            inputs: [{ name: "extra" }, { name: "channel", message: "must be one of beta, stable" }],
          },
        });
        expect(
          await codeOf(as(viewer).runs.start.mutate({ id: randomUUID(), projectId, workflowPath: path })),
        ).toBe("forbidden");
        expect(await as(owner).runs.list.query({ projectId })).toEqual({ items: [], nextCursor: null });
      });

      test("runs are paged from the newest, filtered, canceled and run again", async () => {
        const { id: projectId } = await newProject({ [path]: ciYaml });
        const ids: string[] = [];
        for (let count = 0; count < 5; count++) {
          const id = randomUUID();
          ids.push(id);
          await as(owner).runs.start.mutate({ id, projectId, workflowPath: path, dryRun: count === 0 });
        }
        const seen: number[] = [];
        let cursor: string | null = null;
        do {
          const page: { items: { number: number }[]; nextCursor: string | null } = await as(
            viewer,
          ).runs.list.query({ projectId, limit: 2, cursor });
          seen.push(...page.items.map((run) => run.number));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(seen).toEqual([5, 4, 3, 2, 1]);
        expect(await codeOf(as(viewer).runs.cancel.mutate({ runId: ids[0]! }))).toBe("forbidden");
        expect(await codeOf(as(stranger).runs.cancel.mutate({ runId: ids[0]! }))).toBe("not_found");
        await as(owner).runs.cancel.mutate({ runId: ids[0]! });
        await as(owner).runs.cancel.mutate({ runId: ids[0]! });
        const canceled = await as(viewer).runs.eventsAfter.query({ runId: ids[0]!, afterSeq: 0 });
        expect(canceled.map((stored) => stored.event.type)).toEqual(["run.queued", "cancel.requested"]);
        const rerun = { id: randomUUID(), runId: ids[0]! };
        expect(await as(owner).runs.rerun.mutate(rerun)).toEqual({ number: 6 });
        expect(await as(owner).runs.rerun.mutate(rerun)).toEqual({ number: 6 });
        const again = await as(viewer).runs.get.query({ projectId, number: 6 });
        expect(again).toMatchObject({
          trigger: "rerun",
          rerunOf: ids[0],
          dryRun: true,
          steps: [{ id: "install" }, { id: "test" }],
        });
        const failed = await as(viewer).runs.list.query({ projectId, status: "failed" });
        expect(failed.items).toEqual([]);
        expect(
          (await as(viewer).runs.list.query({ projectId, workflowPath: path, status: "queued" })).items,
        ).toHaveLength(6);
      });
    });

    /** What the worker would write. */
    const append = (runId: string, key: string, event: object) =>
      api.sql`select private.append_run_events(${runId}, ${api.sql.json([{ key, event }] as never)})`;

    async function startedRun() {
      const path = ".coder/workflows/ci.yaml";
      const { id: projectId, head } = await newProject({ [path]: ciYaml });
      const id = randomUUID();
      await as(owner).runs.start.mutate({ id, projectId, workflowPath: path });
      await append(id, "started", { type: "run.started", workerId: "w" });
      return { id, projectId, head };
    }

    describe("approvals", () => {
      async function waiting(approvers: string[], selfApproval: boolean) {
        const run = await startedRun();
        const approvalId = randomUUID();
        await api.sql`insert into approvals (id, org_id, project_id, run_id, step_id, reason, content_hash, approvers, self_approval)
          values (${approvalId}, ${orgId}, ${run.projectId}, ${run.id}, 'test', 'Deploy?', 'hash-1', ${approvers}, ${selfApproval})`;
        return { ...run, approvalId };
      }

      test("the inbox shows what waits in my organisations, and failed runs", async () => {
        const { approvalId, id, projectId } = await waiting([], true);
        const inbox = await as(viewer).approvals.inbox.query();
        expect(inbox.waiting.find((one) => one.id === approvalId)).toMatchObject({
          reason: "Deploy?",
          runId: id,
          projectId,
          orgSlug: "acme",
        });
        expect((await as(stranger).approvals.inbox.query()).waiting).toEqual([]);
        const failure_ = { code: "command_failed", message: "exit 1" };
        await append(id, "end", { type: "run.finished", status: "failed", failure: failure_, outputs: {} });
        const after = await as(viewer).approvals.inbox.query();
        expect(after.waiting.find((one) => one.id === approvalId)).toBeUndefined();
        expect(after.failedRuns.find((one) => one.id === id)).toMatchObject({ failure: failure_, projectId });
      });

      test("a decision names the hash that was shown, comes from an approver, and counts once", async () => {
        const { approvalId, id } = await waiting(["role:admin"], false);
        const decide = (user: TestUser, contentHash: string) =>
          as(user).approvals.decide.mutate({ approvalId, decision: "approved", contentHash });
        expect(await codeOf(decide(stranger, "hash-1"))).toBe("not_found");
        expect(await codeOf(decide(viewer, "hash-1"))).toBe("forbidden");
        expect(await codeOf(decide(member, "hash-1"))).toBe("forbidden");
        // The owner may approve for admins, but started this run.
        expect(await codeOf(decide(owner, "hash-1"))).toBe("forbidden");
        const admin = await api.addUser("admin");
        await as(owner).orgs.setMember.mutate({ orgId, email: admin.email, role: "admin" });
        expect(await codeOf(decide(admin, "hash-2"))).toBe("conflict");
        await decide(admin, "hash-1");
        await decide(admin, "hash-1");
        const events = await as(viewer).runs.eventsAfter.query({ runId: id, afterSeq: 0 });
        expect(events.filter((stored) => stored.event.type === "approval.decided")).toHaveLength(1);
        const rejected = as(admin).approvals.decide.mutate({
          approvalId,
          decision: "rejected",
          contentHash: "hash-1",
        });
        expect(await codeOf(rejected)).toBe("conflict");
      });
    });

    describe("operationalize", () => {
      async function proposal(runId: string, baseCommit: string, paths: string[]) {
        const trial = { outcome: "green", summary: "green in 3 s", durationMs: 3000, failedStep: null };
        const files = paths.map((path) => ({
          path,
          content: ciYaml,
          purpose: "Checks.",
          permissions: ["Reads."],
          trial,
        }));
        const data = { baseCommit, findings: ["Vite"], files, leftOut: [] };
        const artifact = {
          id: randomUUID(),
          kind: "proposal",
          name: "Proposal",
          stepId: "propose",
          sha256: "",
          size: 0,
          data,
          madeFrom: [],
        };
        await append(runId, `artifact:${artifact.id}`, { type: "artifact.created", artifact });
        await append(runId, "end", { type: "run.finished", status: "succeeded", failure: null, outputs: {} });
      }

      test("start plans the fixed steps at the default branch's head; an empty repository has nothing to read", async () => {
        const { id: projectId, head } = await newProject();
        const intent = { id: randomUUID(), projectId };
        expect(await as(member).operationalize.start.mutate(intent)).toEqual({ number: 1 });
        expect(await as(member).operationalize.start.mutate(intent)).toEqual({ number: 1 });
        const run = await as(viewer).runs.get.query({ projectId, number: 1 });
        expect(run).toMatchObject({ kind: "operationalize", workflowPath: "operationalize", commit: head });
        expect(run.steps.map((step) => [step.id, step.type])).toEqual(
          ["read", "ci", "dependency-updates", "release", "propose"].map((id) => [id, "operationalize"]),
        );
        const empty = await newProject({}, "Bare");
        expect(
          await codeOf(as(member).operationalize.start.mutate({ id: randomUUID(), projectId: empty.id })),
        ).toBe("conflict");
      });

      test("openChange makes one change of the proposal, once; nothing proposed is no change", async () => {
        const { id: projectId, head } = await newProject();
        const start = async () => {
          const id = randomUUID();
          await as(owner).operationalize.start.mutate({ id, projectId });
          return id;
        };
        const runId = await start();
        expect(await codeOf(as(owner).operationalize.openChange.mutate({ runId }))).toBe("conflict");
        await proposal(runId, head, [".coder/workflows/ci.yaml"]);
        expect(await codeOf(as(viewer).operationalize.openChange.mutate({ runId }))).toBe("forbidden");
        expect(await codeOf(as(stranger).operationalize.openChange.mutate({ runId }))).toBe("not_found");
        expect(await as(owner).operationalize.openChange.mutate({ runId })).toEqual({ changeNumber: 1 });
        expect(await as(owner).operationalize.openChange.mutate({ runId })).toEqual({ changeNumber: 1 });
        const change = await as(viewer).changes.get.query({ projectId, number: 1 });
        expect(change.body).toContain("Tried: green in 3 s");
        expect(change).toMatchObject({
          headBranch: "coder/operationalize",
          runId,
          diff: { files: [{ path: ".coder/workflows/ci.yaml", status: "added" }] },
        });

        // A newer proposal replaces what an older one left on the branch.
        const second = await start();
        await proposal(second, head, [".coder/workflows/release.yaml"]);
        expect(await as(owner).operationalize.openChange.mutate({ runId: second })).toEqual({
          changeNumber: 1,
        });
        const replaced = await as(viewer).changes.get.query({ projectId, number: 1 });
        expect(replaced.diff.files.map((file) => file.path)).toEqual([".coder/workflows/release.yaml"]);
        await as(owner).changes.merge.mutate({ projectId, number: 1, expectedHead: replaced.headCommit });
        expect(await as(owner).operationalize.openChange.mutate({ runId: second })).toEqual({
          changeNumber: 1,
        });

        const third = await start();
        await proposal(third, head, []);
        expect(await as(owner).operationalize.openChange.mutate({ runId: third })).toEqual({ nothing: true });
        expect(await as(viewer).changes.list.query({ projectId })).toHaveLength(1);
      });
    });

    describe("sites and artifacts", () => {
      const upload = (user: TestUser, object: string, content: string) =>
        fetch(`${api.origin}/storage/v1/object/${object}`, {
          method: "POST",
          headers: {
            authorization: `Bearer ${user.token}`,
            apikey: api.anonKey,
            "content-type": "text/html",
          },
          body: content,
        });
      const manifest = (content: string, size = content.length) => ({
        "index.html": { sha256: sha256(content), size, type: "text/html" },
      });

      test("publish refuses blobs that are missing or not what they are called, then shares, rolls back, revokes", async () => {
        const { id: projectId } = await newProject();
        const publish = (
          content: Record<string, { sha256: string; size: number; type: string }>,
          deploymentId = randomUUID(),
        ) => as(member).sites.publish.mutate({ deploymentId, projectId, kind: "share", manifest: content });
        const [one, two] = [`<h1>one ${projectId}</h1>`, `<h1>two ${projectId}</h1>`];
        expect(await failure(publish(manifest(one)))).toMatchObject({
          code: "bad_input",
          details: { files: ["index.html: was not uploaded"] },
        });
        const lie = sha256(`lie ${projectId}`);
        expect((await upload(member, `sites/${orgId}/${lie}`, "something else")).status).toBe(200);
        expect(await codeOf(publish({ "a.js": { sha256: lie, size: 14, type: "text/javascript" } }))).toBe(
          "bad_input",
        );
        expect((await upload(member, `sites/${orgId}/${sha256(one)}`, one)).status).toBe(200);
        expect((await upload(member, `sites/${orgId}/${sha256(two)}`, two)).status).toBe(200);
        expect(await codeOf(publish(manifest(one, 3)))).toBe("bad_input");
        expect(await codeOf(publish({}))).toBe("bad_input");
        expect(await api.sql`select 1 from sites where project_id = ${projectId}`).toHaveLength(0);

        const first = randomUUID();
        const { url } = await publish(manifest(one), first);
        expect(url).toMatch(/^http:\/\/shop[\w-]*-[0-9a-f]{20}\.localhost$/);
        expect(await publish(manifest(one), first)).toEqual({ url });
        expect(await publish(manifest(two))).toEqual({ url });
        const [site] = await as(viewer).sites.list.query({ projectId });
        expect(site).toMatchObject({ url, kind: "share", revokedAt: null });
        expect(site!.deployments.map((one_) => one_.id)).toEqual([site!.currentDeploymentId, first]);
        const { previewUrl } = (await as(viewer).projects.list.query({ orgId })).find(
          (project) => project.id === projectId,
        )!;
        expect(previewUrl).toBe(url);

        expect(
          await codeOf(as(viewer).sites.rollback.mutate({ siteId: site!.id, deploymentId: first })),
        ).toBe("forbidden");
        expect(
          await codeOf(as(member).sites.rollback.mutate({ siteId: site!.id, deploymentId: randomUUID() })),
        ).toBe("not_found");
        await as(member).sites.rollback.mutate({ siteId: site!.id, deploymentId: first });
        expect(await as(viewer).sites.list.query({ projectId })).toMatchObject([
          { currentDeploymentId: first },
        ]);
        expect(await codeOf(as(viewer).sites.revoke.mutate({ siteId: site!.id }))).toBe("forbidden");
        expect(await codeOf(as(stranger).sites.revoke.mutate({ siteId: site!.id }))).toBe("not_found");
        await as(member).sites.revoke.mutate({ siteId: site!.id });
        expect((await as(viewer).sites.list.query({ projectId }))[0]!.revokedAt).not.toBeNull();
        const again = await publish(manifest(two));
        expect(again.url).not.toBe(url);
      });

      test("an artifact's URL downloads its bytes without a token, for members only", async () => {
        const { id: runId } = await startedRun();
        const artifact = {
          id: randomUUID(),
          kind: "log_bundle",
          name: "log.txt",
          stepId: null,
          sha256: sha256("log"),
          size: 3,
          data: {},
          madeFrom: [],
        };
        const stored = await upload(
          { ...owner, token: api.serviceKey },
          `artifacts/${orgId}/${runId}/${artifact.id}`,
          "log",
        );
        expect(stored.status).toBe(200);
        await append(runId, "artifact", { type: "artifact.created", artifact });
        const { url } = await as(viewer).runs.artifactUrl.query({ artifactId: artifact.id });
        const download = await fetch(url);
        expect(await download.text()).toBe("log");
        expect(await codeOf(as(stranger).runs.artifactUrl.query({ artifactId: artifact.id }))).toBe(
          "not_found",
        );
      });
    });

    describe("transport", () => {
      const call = (path: string, init: RequestInit = {}) => fetch(`${api.origin}${path}`, init);
      const bearer = () => ({ authorization: `Bearer ${owner.token}` });

      test("both addresses answer, batches too, and what is not there is not_found", async () => {
        const batched = createTRPCClient<AppRouter>({
          links: [httpBatchLink({ url: `${api.origin}/api/trpc`, headers: bearer() })],
        });
        const [me, projects] = await Promise.all([
          batched.session.me.query(),
          batched.projects.list.query({ orgId }),
        ]);
        expect(me.user.id).toBe(owner.id);
        expect(projects.length).toBeGreaterThan(0);
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

      test("no message names a table, a constraint or a place in the code", async () => {
        const refused = [
          await failure(
            as(viewer).projects.create.mutate({ id: randomUUID(), orgId, name: "x", source: "y" }),
          ),
          await failure(as(owner).runs.cancel.mutate({ runId: randomUUID() })),
          await failure(as(stranger).orgs.setMember.mutate({ orgId, email: "a@b.co", role: null })),
        ];
        for (const { message, ...data } of refused) {
          expect(message).not.toMatch(/relation|constraint|policy|table|column|\bat \//i);
          expect(JSON.stringify(data)).not.toMatch(/stack|\.ts/);
        }
      });
    });
  });
}
