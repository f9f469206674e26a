import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAdaptorServer } from "@hono/node-server";
import * as isomorphicGit from "isomorphic-git";
import isomorphicHttp from "isomorphic-git/http/node";
import { createFsFromVolume, Volume } from "memfs";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../supabase/local/testing.ts";
import { httpForge } from "../httpForge.ts";
import { createForge } from "./forgeServer.ts";
import { gitConfig, gitEnvironment } from "./git.ts";

const run = promisify(execFile);
const serviceKey = "service-key-of-the-test";
const tokens = { owner: "cgt_owner_write", reader: "cgt_owner_read" };
// The forge is given a verifier; which signature it checks is the stack's business.
const users: Record<string, string> = {};

let database: TestDatabase;
let sql: postgres.Sql;
let directory: string;
let server: ReturnType<typeof createAdaptorServer>;
let origin: string;
let projectId: string;
let otherProjectId: string;
const forge = () => httpForge({ url: origin, projectId, token: serviceKey });

async function addUser(name: string): Promise<string> {
  const id = randomUUID();
  await sql`insert into auth.users (id, email) values (${id}, ${`${name}@example.com`})`;
  users[`jwt-${name}`] = id;
  return id;
}

async function addProject(owner: string, slug: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.projects (org_id, slug, name, source, created_by)
    select org_id, ${slug}, ${slug}, 'test', user_id from public.members where user_id = ${owner} and role = 'owner' returning id`;
  return row!.id;
}

async function gitClient(
  args: string[],
  token: string | null,
  cwd = directory,
): Promise<{ code: number; output: string }> {
  const authorization = `Authorization: Basic ${Buffer.from(`x:${token}`).toString("base64")}`;
  const env = gitEnvironment({
    ...gitConfig(token === null ? {} : { "http.extraHeader": authorization }),
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.com",
  });
  try {
    const { stdout, stderr } = await run("git", args, { cwd, env });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.databaseUrl, { max: 4, onnotice: () => {} });
  directory = await mkdtemp(join(tmpdir(), "coder-forge-"));
  await mkdir(join(directory, "git"));
  const served = createForge({
    sql,
    gitDirectory: join(directory, "git"),
    serviceKey,
    verifyToken: async (token) => {
      const sub = users[token];
      if (sub === undefined) throw new Error("bad token");
      return { sub };
    },
  });
  server = createAdaptorServer({ fetch: (request) => served.fetch(request) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const owner = await addUser("owner");
  const stranger = await addUser("stranger");
  const viewer = await addUser("viewer");
  projectId = await addProject(owner, "shop");
  otherProjectId = await addProject(stranger, "other");
  await sql`insert into public.members (org_id, user_id, role) select org_id, ${viewer}, 'viewer' from public.projects where id = ${projectId}`;
  for (const [scope, token] of [
    ["write", tokens.owner],
    ["read", tokens.reader],
  ] as const)
    await sql`
      insert into public.git_tokens (org_id, project_id, name, scope, token_hash, created_by)
      select org_id, id, ${scope}, ${scope}, ${createHash("sha256").update(token).digest()}, ${owner} from public.projects where id = ${projectId}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await sql.end();
  await database.close();
  await rm(directory, { recursive: true });
});

describe("git over HTTP", () => {
  const url = () => `${origin}/git/owner/shop.git`;

  test("a project comes in by push, and a clone has it", async () => {
    const work = join(directory, "work");
    await gitClient(["init", "-q", "-b", "main", work], null);
    await writeFile(join(work, "index.html"), "<h1>Shop</h1>");
    await gitClient(["add", "."], null, work);
    await gitClient(["commit", "-qm", "First"], null, work);
    expect(await gitClient(["push", "-q", url(), "main"], tokens.owner, work)).toMatchObject({ code: 0 });
    expect(await gitClient(["clone", "-q", url(), "clone"], tokens.reader)).toMatchObject({ code: 0 });
    const { output } = await gitClient(["show", "HEAD:index.html"], null, join(directory, "clone"));
    expect(output).toBe("<h1>Shop</h1>");
    expect((await forge().refs()).head).toMatch(/^[0-9a-f]{40}$/);
  });

  test("the default branch is protected, other branches take a push, and the setting lifts it", async () => {
    const work = join(directory, "work");
    await gitClient(["commit", "-q", "--allow-empty", "-m", "Second"], null, work);
    const refused = await gitClient(["push", url(), "main"], tokens.owner, work);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toContain("main is protected");
    expect(await gitClient(["push", "-q", url(), "main:feature"], tokens.owner, work)).toMatchObject({
      code: 0,
    });
    expect((await gitClient(["push", url(), ":main"], tokens.owner, work)).code).not.toBe(0);
    await sql`update public.projects set protect_default_branch = false where id = ${projectId}`;
    expect(await gitClient(["push", "-q", url(), "main"], tokens.owner, work)).toMatchObject({ code: 0 });
    await sql`update public.projects set protect_default_branch = true where id = ${projectId}`;
  });

  test("W37 a push is told what the linter finds in the workflow files that it changes, and stands", async () => {
    const work = join(directory, "work");
    const files = join(work, ".coder/workflows");
    await mkdir(files, { recursive: true });
    await writeFile(
      join(files, "ci.yaml"),
      "name: CI\ntriggers: [{ type: manual }]\nsteps:\n  - { type: command, comand: x }\n",
    );
    await writeFile(join(files, "right.yaml"), "name: x\nsteps: [{ type: command, command: x }]\n");
    await gitClient(["add", "."], null, work);
    await gitClient(["commit", "-qm", "Workflows"], null, work);
    const pushed = await gitClient(["push", url(), "HEAD:workflows"], tokens.owner, work);
    expect(pushed.code).toBe(0);
    expect(pushed.output).toMatch(
      /remote: \.coder\/workflows\/ci\.yaml:4:22 unknown_key unknown key "comand" .*did you mean "command"/,
    );
    expect(pushed.output).toMatch(/remote: \.coder\/workflows\/right\.yaml:1:7 no_trigger/);
    // What another push does not change is not told again.
    await gitClient(["commit", "-q", "--allow-empty", "-m", "Nothing"], null, work);
    const again = await gitClient(["push", url(), "HEAD:workflows"], tokens.owner, work);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).not.toContain("unknown_key");
    await gitClient(["reset", "-q", "--hard", "HEAD~2"], null, work);
  });

  test("no token, a wrong one, a read-only one, a viewer's and another project's are refused in their own words", async () => {
    const work = join(directory, "work");
    const attempts: [string[], string | null, RegExp][] = [
      [["ls-remote", url()], null, /Authentication failed|could not read/],
      [["ls-remote", url()], "cgt_wrong", /Authentication failed/],
      [["push", url(), "main:x"], tokens.reader, /403/],
      [["push", url(), "main:x"], "jwt-viewer", /403/],
      [["ls-remote", url()], "jwt-stranger", /not found/],
      [["ls-remote", `${origin}/git/stranger/other.git`], tokens.owner, /not found/],
    ];
    for (const [args, token, reason] of attempts) {
      const { code, output } = await gitClient(args, token, work);
      expect({ args, token, code }).not.toMatchObject({ code: 0 });
      expect(output).toMatch(reason);
    }
    expect(await gitClient(["ls-remote", url()], "jwt-viewer", work)).toMatchObject({ code: 0 });
    await sql`update public.git_tokens set revoked_at = now() where token_hash = ${createHash("sha256").update(tokens.reader).digest()}`;
    expect((await gitClient(["ls-remote", url()], tokens.reader)).code).not.toBe(0);
    await sql`update public.git_tokens set revoked_at = null`;
  });

  test("only the three endpoints of the protocol exist", async () => {
    const headers = { authorization: `Bearer ${serviceKey}` };
    for (const path of [
      "/config",
      "/HEAD",
      "/objects/info/packs",
      "/../../secrets.json",
      "/%2e%2e/shop.git/config",
      "/info/refs",
    ]) {
      const response = await fetch(`${url()}${path}`, { headers });
      expect([400, 404]).toContain(response.status);
      expect(await response.text()).not.toContain("[core]");
    }
  });

  test("isomorphic-git clones and pushes", async () => {
    const fs = createFsFromVolume(new Volume()) as unknown as isomorphicGit.PromiseFsClient;
    const repo = {
      fs,
      http: isomorphicHttp,
      dir: "/p",
      onAuth: () => ({ username: "x", password: tokens.owner }),
    };
    await isomorphicGit.clone({ ...repo, url: url(), singleBranch: true });
    await fs.promises["writeFile"]("/p/new.txt", "from the browser");
    await isomorphicGit.add({ ...repo, filepath: "new.txt" });
    await isomorphicGit.branch({ ...repo, ref: "browser", checkout: true });
    await isomorphicGit.commit({
      ...repo,
      message: "New",
      author: { name: "Ada", email: "ada@example.com" },
    });
    const pushed = await isomorphicGit.push({ ...repo, ref: "browser", remote: "origin" });
    expect(pushed.ok).toBe(true);
    expect(Buffer.from(await forge().blob("browser", "new.txt")).toString()).toBe("from the browser");
  });
});

describe("the JSON API", () => {
  test("an open change follows its branch", async () => {
    const first = await forge().commit({
      branch: "follow",
      message: "1",
      files: [{ path: "f", content: "1" }],
    });
    await sql`select public.open_change(${projectId}, 'T', '', 'main', 'follow', ${first})`;
    const second = await forge().commit({
      branch: "follow",
      message: "2",
      files: [{ path: "f", content: "2" }],
    });
    const [change] = await sql<
      { head_commit: string }[]
    >`select head_commit from public.changes where project_id = ${projectId} and head_branch = 'follow'`;
    expect(change!.head_commit).toBe(second);
  });

  test("one intent sent several times at once makes one repository with one commit", async () => {
    const [owner] = await sql<
      { id: string }[]
    >`select id from public.profiles where email = 'owner@example.com'`;
    const id = await addProject(owner!.id, "at-once");
    const create = () =>
      fetch(`${origin}/forge/v1/${id}/`, {
        method: "POST",
        headers: { authorization: `Bearer ${serviceKey}` },
        body: JSON.stringify({ files: [{ path: "a", content: "YQ==" }] }),
      });
    const answers = await Promise.all(Array.from({ length: 6 }, create));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 200]);
    const commits = new Set(
      await Promise.all(answers.map(async (answer) => ((await answer.json()) as { commit: string }).commit)),
    );
    expect(commits.size).toBe(1);
  });

  test("errors keep their code and details over HTTP", async () => {
    await expect(forge().tree("nope")).rejects.toMatchObject({ code: "not_found" });
    await expect(
      forge().commit({
        branch: "main",
        expectedHead: null,
        message: "m",
        files: [{ path: "a", content: "" }],
      }),
    ).rejects.toMatchObject({ code: "conflict" });
    await expect(
      forge().commit({ branch: "main", message: "m", files: [{ path: "../a", content: "" }] }),
    ).rejects.toMatchObject({ code: "bad_input" });
  });

  test("a stranger learns nothing, a viewer cannot write, a body must be what it says", async () => {
    const call = (id: string, action: string, token: string, init: RequestInit = {}) =>
      fetch(`${origin}/forge/v1/${id}/${action}`, { ...init, headers: { authorization: `Bearer ${token}` } });
    expect((await call(projectId, "refs", "jwt-stranger")).status).toBe(404);
    expect((await call(randomUUID(), "refs", "jwt-stranger")).status).toBe(404);
    expect((await call(otherProjectId, "refs", "jwt-stranger")).status).toBe(200);
    expect((await call(projectId, "refs", "jwt-nobody")).status).toBe(401);
    expect((await call(projectId, "refs", "jwt-viewer")).status).toBe(200);
    expect((await call(projectId, "commit", "jwt-viewer", { method: "POST", body: "{}" })).status).toBe(403);
    expect((await call(projectId, "commit", "jwt-owner", { method: "POST", body: "{}" })).status).toBe(400);
    expect((await call(projectId, "commit", "jwt-owner", { method: "POST", body: "no" })).status).toBe(400);
    expect((await call(projectId, "", "jwt-owner", { method: "DELETE" })).status).toBe(403);
    expect((await call(projectId, "changes", "jwt-owner", { method: "POST", body: "{}" })).status).toBe(403);
    expect((await call(projectId, "refs", "jwt-owner")).status).toBe(200);
  });

  test("import from an address refuses internal hosts, other protocols and passwords in the address", async () => {
    const importFrom = async (address: string) => {
      const response = await fetch(`${origin}/forge/v1/${otherProjectId}/import`, {
        method: "POST",
        headers: { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" },
        body: JSON.stringify({ url: address }),
      });
      return [response.status, ((await response.json()) as { error: { message: string } }).error.message];
    };
    for (const address of [
      "http://127.0.0.1:1/x.git",
      "http://localhost/x.git",
      "http://[::1]/x",
      "http://169.254.169.254/latest",
      "http://10.0.0.8/x",
    ])
      expect(await importFrom(address)).toEqual([403, expect.stringContaining("internal address")]);
    for (const address of [
      "file:///etc",
      "ssh://git@host/x",
      "ext::sh -c id",
      "--upload-pack=x",
      "https://a:b@example.com/x",
    ])
      expect((await importFrom(address))[0]).toBe(400);
  });

  test("import from an address takes branches and the default branch's name", async () => {
    const source = join(directory, "source");
    await gitClient(["init", "-q", "-b", "trunk", source], null);
    await gitClient(["commit", "-q", "--allow-empty", "-m", "Root"], null, source);
    const served = createForge({
      sql,
      gitDirectory: join(directory, "git"),
      serviceKey,
      verifyToken: async () => ({ sub: "" }),
      allowInternalImport: true,
    });
    const [owner] = await sql<
      { id: string }[]
    >`select id from public.profiles where email = 'owner@example.com'`;
    const id = await addProject(owner!.id, "imported");
    // Its own server, without authentication, as a public host has: git's CGI with nothing before it.
    const { smartHttp } = await import("./smartHttp.ts");
    const open = createAdaptorServer({
      fetch: (request) =>
        smartHttp({
          request,
          directory: join(source, ".git"),
          endpoint: new URL(request.url).pathname.replace("/x.git/", ""),
          hooksDirectory: directory,
          protectedRef: null,
        }),
    });
    await new Promise<void>((resolve) => open.listen(0, "127.0.0.1", resolve));
    const address = open.address();
    const response = await served.fetch(
      new Request(`http://forge/forge/v1/${id}/import`, {
        method: "POST",
        headers: { authorization: `Bearer ${serviceKey}` },
        body: JSON.stringify({
          url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/x.git`,
        }),
      }),
    );
    expect(await response.json()).toMatchObject({
      defaultBranch: "trunk",
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    const [project] = await sql<
      { default_branch: string }[]
    >`select default_branch from public.projects where id = ${id}`;
    expect(project!.default_branch).toBe("trunk");
    await new Promise((resolve) => open.close(resolve));
  });
});
