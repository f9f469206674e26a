import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAdaptorServer } from "@hono/node-server";
import fc from "fast-check";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../supabase/local/testing.ts";
import { httpForge } from "../httpForge.ts";
import { createForge, type ForgeServer } from "./forgeServer.ts";
import { gitConfig, gitEnvironment } from "./git.ts";

const run = promisify(execFile);
const serviceKey = "service-key-of-the-test";

let database: TestDatabase;
let sql: postgres.Sql;
let directory: string;
let forge: ForgeServer;
let server: ReturnType<typeof createAdaptorServer>;
let origin: string;
const people = { ada: randomUUID(), bob: randomUUID() };

interface Delivered {
  event: string;
  key: string;
  depth: number;
  payload: {
    branch: string;
    commit?: string;
    actor: { id: string | null; name: string; bot: boolean };
    paths?: string[];
    labels?: string[];
    label?: string;
    push?: {
      before: string | null;
      after: string;
      commits: { sha: string; message: string; author: string }[];
    };
    pull_request?: Record<string, unknown>;
    issue?: Record<string, unknown>;
    comment?: Record<string, unknown>;
    check?: Record<string, unknown>;
  };
}

interface Place {
  projectId: string;
  url: string;
  work: string;
  bare: string;
}

const deliveries = (projectId: string) => sql<Delivered[]>`
  select event, key, depth, payload from public.deliveries where project_id = ${projectId} order by received_at, id`;
const names = async (projectId: string) => (await deliveries(projectId)).map((one) => one.event);
/** What was delivered since the mark. */
async function since(projectId: string, mark: number): Promise<Delivered[]> {
  return (await deliveries(projectId)).slice(mark);
}
const count = async (projectId: string) => (await deliveries(projectId)).length;

async function git(cwd: string, args: string[], who: keyof typeof people = "ada"): Promise<string> {
  const env = gitEnvironment({
    ...gitConfig({
      "http.extraHeader": `Authorization: Basic ${Buffer.from(`x:cgt_${who}_${cwd.split("/").at(-1)}`).toString("base64")}`,
    }),
    GIT_AUTHOR_NAME: who,
    GIT_AUTHOR_EMAIL: `${who}@example.com`,
    GIT_COMMITTER_NAME: who,
    GIT_COMMITTER_EMAIL: `${who}@example.com`,
  });
  return (await run("git", args, { cwd, env })).stdout.trim();
}

/** A project with `main` at one commit, pushed from a work tree. */
async function newPlace(): Promise<Place> {
  const slug = `p${randomUUID().slice(0, 8)}`;
  const [row] = await sql<{ id: string; org_id: string; org: string }[]>`
    insert into public.projects (org_id, slug, name, source, created_by)
    select m.org_id, ${slug}, ${slug}, 'push', ${people.ada} from public.members m where m.user_id = ${people.ada} and m.role = 'owner'
    returning id, org_id, (select o.slug from public.orgs o where o.id = org_id) as org`;
  for (const [name, id] of Object.entries(people))
    await sql`
      insert into public.git_tokens (org_id, project_id, name, scope, token_hash, created_by)
      values (${row!.org_id}, ${row!.id}, ${name}, 'write', ${createHash("sha256").update(`cgt_${name}_${slug}`).digest()}, ${id})`;
  const work = join(directory, slug);
  await run("git", ["init", "-q", "-b", "main", work], { env: gitEnvironment() });
  const place = {
    projectId: row!.id,
    url: `${origin}/git/${row!.org}/${slug}.git`,
    work,
    bare: join(directory, "git", `${row!.id}.git`),
  };
  await commit(place, "README.md", "First");
  await git(work, ["push", "-q", place.url, "main"]);
  return place;
}

async function commit(place: Place, path: string, message: string): Promise<string> {
  await run("sh", ["-c", `mkdir -p "$(dirname "$1")" && echo "$2" >> "$1"`, "sh", path, randomUUID()], {
    cwd: place.work,
  });
  await git(place.work, ["add", "."]);
  await git(place.work, ["commit", "-qm", message]);
  return git(place.work, ["rev-parse", "HEAD"]);
}

const openChange = (place: Place, head: string, headCommit: string) => sql`
  select public.open_change(${place.projectId}, 'Title', 'Body', 'main', ${head}, ${headCommit})`;

async function addRun(
  projectId: string,
  run: { commit: string; depth?: number; dryRun?: boolean },
): Promise<string> {
  const id = randomUUID();
  await sql`
    insert into public.runs (id, org_id, project_id, number, kind, workflow_path, name, ref, commit, trigger, snapshot, depth, dry_run, status)
    select ${id}, org_id, id, (select count(*) + 1 from public.runs where project_id = p.id), 'workflow', 'ci.yaml', 'CI', 'main', ${run.commit}, 'manual', '{}', ${run.depth ?? 0}, ${run.dryRun ?? false}, 'running'
    from public.projects p where id = ${projectId}`;
  await sql`
    insert into public.step_runs (run_id, step_id, org_id, position, type, name)
    select ${id}, 's1', org_id, 1, 'command', 'Run tests' from public.projects where id = ${projectId}`;
  return id;
}
const append = (runId: string, event: object) => sql`
  select private.append_run_events(${runId}, ${sql.json([{ key: randomUUID(), event: { outputs: {}, ...event } }] as never)})`;

beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.databaseUrl, { max: 4, onnotice: () => {} });
  directory = await mkdtemp(join(tmpdir(), "coder-events-"));
  forge = createForge({
    sql,
    gitDirectory: join(directory, "git"),
    serviceKey,
    verifyToken: async () => ({ sub: "" }),
  });
  server = createAdaptorServer({ fetch: (request) => forge.fetch(request) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  for (const [name, id] of Object.entries(people))
    await sql`insert into auth.users (id, email) values (${id}, ${`${name}@example.com`})`;
  await sql`
    insert into public.members (org_id, user_id, role)
    select org_id, ${people.bob}, 'member' from public.members where user_id = ${people.ada} and role = 'owner'`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await sql.end();
  await database.close();
  await rm(directory, { recursive: true });
});

describe("push", () => {
  test("W100 each moved branch is one push, with what it brought and who pushed", async () => {
    const place = await newPlace();
    const first = await git(place.work, ["rev-parse", "HEAD"]);
    expect(await deliveries(place.projectId)).toMatchObject([
      {
        event: "push",
        depth: 0,
        payload: {
          event: "push",
          branch: "main",
          commit: first,
          actor: { id: people.ada, name: "ada", bot: false },
          paths: ["README.md"],
          push: { before: null, after: first, commits: [{ sha: first, message: "First", author: "ada" }] },
        },
      },
    ]);
    await git(place.work, ["checkout", "-qb", "feature"]);
    const second = await commit(place, "src/a.ts", "Second");
    const third = await commit(place, "src/b.ts", "Third");
    await git(place.work, ["tag", "v1"]);
    await git(place.work, ["push", "-q", place.url, "feature", "v1"], "bob");
    const [pushed, ...more] = await since(place.projectId, 1);
    expect(more).toEqual([]);
    // Over what the new branch shares with the default branch.
    expect(pushed!.payload).toMatchObject({
      branch: "feature",
      actor: { id: people.bob },
      paths: ["src/a.ts", "src/b.ts"],
      push: { before: null, after: third },
    });
    expect(pushed!.payload.push!.commits.map((one) => one.sha)).toEqual([third, second]);
  });

  test("W101 what moves no branch is no push: a refused push, a tag, a deleted branch, the first files of a project", async () => {
    const place = await newPlace();
    await commit(place, "a", "Second");
    await expect(git(place.work, ["push", "-q", place.url, "main"])).rejects.toThrow(/protected/);
    await git(place.work, ["push", "-q", place.url, "main:gone"]);
    const mark = await count(place.projectId);
    await git(place.work, ["push", "-q", place.url, ":gone"]);
    await git(place.work, ["tag", "v1"]);
    await git(place.work, ["push", "-q", place.url, "v1"]);
    expect(await count(place.projectId)).toBe(mark);
    expect(await sql`select name from public.refs where project_id = ${place.projectId}`).toEqual([
      { name: "main" },
    ]);

    const [empty] = await sql<{ id: string }[]>`
      insert into public.projects (org_id, slug, name, source)
      select org_id, 'filled', 'filled', 'blank' from public.projects where id = ${place.projectId} returning id`;
    const filled = await forge.fetch(
      new Request(`${origin}/forge/v1/${empty!.id}`, {
        method: "POST",
        headers: { authorization: `Bearer ${serviceKey}` },
        body: JSON.stringify({ files: [{ path: "a", content: "" }], message: "First" }),
      }),
    );
    expect(filled.status).toBe(200);
    expect(await deliveries(empty!.id)).toEqual([]);
    await httpForge({ url: origin, projectId: empty!.id, token: serviceKey }).commit({
      branch: "main",
      message: "Next",
      files: [{ path: "b", content: "" }],
    });
    expect(await deliveries(empty!.id)).toMatchObject([
      { event: "push", payload: { paths: ["b"], actor: { bot: true } } },
    ]);
  });

  test("W102 a push of 50 branches is 50 pushes in the order of the push, recorded at once", async () => {
    const place = await newPlace();
    const branches = Array.from({ length: 50 }, (_, index) => `b${String(index).padStart(2, "0")}`);
    await commit(place, "a", "Second");
    await git(place.work, ["push", "-q", place.url, ...branches.map((branch) => `main:${branch}`)]);
    const pushed = await since(place.projectId, 1);
    expect(pushed.map((one) => one.payload.branch)).toEqual(branches);
    const [times] = await sql<{ transactions: number }[]>`
      select count(distinct xmin::text)::int as transactions from public.deliveries where project_id = ${place.projectId} and payload ->> 'branch' like 'b%'`;
    expect(times!.transactions).toBe(1);
  });

  test("W103 two pushes at once are two, each under the name of who pushed it", async () => {
    const place = await newPlace();
    await commit(place, "a", "Second");
    await Promise.all([
      git(place.work, ["push", "-q", place.url, "main:one"], "ada"),
      git(place.work, ["push", "-q", place.url, "main:two"], "bob"),
    ]);
    const pushed = await since(place.projectId, 1);
    expect(pushed.map((one) => `${one.payload.branch} ${one.payload.actor.name}`).sort()).toEqual([
      "one ada",
      "two bob",
    ]);
  });

  test("W104 paths that are too many are left out, and a long list of commits is cut", async () => {
    const place = await newPlace();
    await git(place.work, ["checkout", "-qb", "big"]);
    await run("sh", ["-c", "for i in $(seq 1 1001); do : > f$i; done"], { cwd: place.work });
    await commit(place, "a", "Big");
    await git(place.work, [
      "config",
      "alias.more",
      "!for i in $(seq 0 50); do git commit -q --allow-empty -m $i; done",
    ]);
    await git(place.work, ["more"]);
    await git(place.work, ["push", "-q", place.url, "big"]);
    const [pushed] = await since(place.projectId, 1);
    expect(pushed!.payload).not.toHaveProperty("paths");
    expect(pushed!.payload.push!.commits.map((one) => one.message)).toEqual(
      Array.from({ length: 50 }, (_, index) => `${50 - index}`),
    );
  });
});

describe("nothing is lost, nothing doubled", () => {
  /** A move that nobody recorded, as a process leaves it that was killed after git and before the database. */
  async function unseen(place: Place, branch: string): Promise<string> {
    const head = await commit(place, "unseen", `Unseen ${branch}`);
    await git(place.work, ["push", "-q", place.bare, `HEAD:refs/heads/${branch}`]);
    return head;
  }

  test("W105 a move whose process was killed before the record is a push before the next write, once", async () => {
    const place = await newPlace();
    const head = await unseen(place, "lost");
    const other = await commit(place, "b", "Other");
    await git(place.work, ["push", "-q", place.url, "main:seen"], "bob");
    const pushed = await since(place.projectId, 1);
    expect(pushed.map((one) => [one.payload.branch, one.payload.commit, one.payload.actor])).toEqual([
      // Who pushed is lost with the process; the commit's author is named, without an account.
      ["lost", head, { id: null, name: "ada", bot: false }],
      ["seen", other, { id: people.bob, name: "bob", bot: false }],
    ]);
    await forge.sweep("all");
    expect(await count(place.projectId)).toBe(3);
  });

  test("W105 a sweep finds it too; a killed run's push stays a bot's, one deep", async () => {
    const place = await newPlace();
    await git(place.work, [
      "-c",
      "user.name=Coder",
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "By a run",
      "--author=Coder <coder@localhost>",
    ]);
    await git(place.work, ["push", "-q", place.bare, "HEAD:refs/heads/run"]);
    await forge.sweep("all");
    await forge.sweep("all");
    expect(await since(place.projectId, 1)).toMatchObject([
      { depth: 1, payload: { branch: "run", actor: { id: null, name: "Coder", bot: true } } },
    ]);
  });

  test("W105 a push that the database could not take is accepted, and recorded when it can", async () => {
    const place = await newPlace();
    await commit(place, "a", "Second");
    await sql`alter table public.deliveries add constraint closed check (event <> 'push') not valid`;
    try {
      await git(place.work, ["push", "-q", place.url, "main:late"]);
      expect(await count(place.projectId)).toBe(1);
    } finally {
      await sql`alter table public.deliveries drop constraint closed`;
    }
    await forge.sweep("behind");
    expect(await since(place.projectId, 1)).toMatchObject([{ payload: { branch: "late" } }]);
  });

  test("W105 a project from before is taken as it is, without events", async () => {
    const place = await newPlace();
    await sql`update public.projects set ref_moves = null where id = ${place.projectId}`;
    await sql`delete from public.refs where project_id = ${place.projectId}`;
    await forge.sweep("all");
    expect(await count(place.projectId)).toBe(1);
    expect(await sql`select name from public.refs where project_id = ${place.projectId}`).toEqual([
      { name: "main" },
    ]);
  });

  test("W106 whatever moves, seen or not: the pushes of a branch are a chain that ends where the branch is", async () => {
    const place = await newPlace();
    const service = httpForge({ url: origin, projectId: place.projectId, token: serviceKey });
    const step = fc.record({
      branch: fc.constantFrom("x", "y"),
      kind: fc.constantFrom("commit", "unseen", "delete", "sweep"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 7 }), async (steps) => {
        for (const { branch, kind } of steps) {
          if (kind === "commit")
            await service.commit({ branch, message: "m", files: [{ path: branch, content: randomUUID() }] });
          else if (kind === "delete") await service.deleteBranch(branch);
          else if (kind === "sweep") await forge.sweep("all");
          else {
            await git(place.work, ["commit", "-q", "--allow-empty", "-m", randomUUID()]);
            await git(place.work, ["push", "-qf", place.bare, `HEAD:refs/heads/${branch}`]);
          }
        }
        await forge.sweep("all");
        const { refs } = await service.refs();
        for (const branch of ["x", "y"]) {
          const moves = (await deliveries(place.projectId))
            .filter((one) => one.payload.branch === branch)
            .map((one) => one.payload.push!);
          for (const [index, move] of moves.entries())
            // A push that begins with nothing follows a deletion.
            if (index > 0 && move.before !== null) expect(move.before).toBe(moves[index - 1]!.after);
          const now = refs.find((ref) => ref.name === branch)?.commit;
          if (now !== undefined) expect(moves.at(-1)?.after).toBe(now);
        }
        const stored =
          await sql`select name, commit from public.refs where project_id = ${place.projectId} order by name`;
        expect([...stored]).toEqual(refs.map(({ name, commit }) => ({ name, commit })));
      }),
      { numRuns: 4 },
    );
  });
});

describe("changes", () => {
  test("W107 a moved head is one update, a force push back and forth one each time, and a merge is one merge", async () => {
    const place = await newPlace();
    await git(place.work, ["checkout", "-qb", "work"]);
    const one = await commit(place, "a", "One");
    await git(place.work, ["push", "-q", place.url, "work"]);
    await openChange(place, "work", one);
    const two = await commit(place, "a", "Two");
    for (const head of [two, one, two]) await git(place.work, ["push", "-qf", place.url, `${head}:work`]);
    expect(await names(place.projectId)).toEqual([
      "push",
      "push",
      "pull_request.opened",
      ...Array.from({ length: 3 }, () => ["push", "pull_request.updated"]).flat(),
    ]);
    const mark = await count(place.projectId);
    const merged = await httpForge({ url: origin, projectId: place.projectId, token: serviceKey }).merge({
      into: "main",
      head: "work",
      expectedHead: two,
      message: "Merge",
    });
    expect(await since(place.projectId, mark)).toMatchObject([
      { event: "push", payload: { branch: "main", commit: merged, paths: ["a"] } },
      {
        event: "pull_request.merged",
        payload: {
          branch: "main",
          commit: two,
          pull_request: { merged: true, mergedCommit: merged, head: "work", base: "main" },
        },
      },
    ]);
  });

  test("W107 a change that comes into its base by a push is merged as well", async () => {
    const place = await newPlace();
    await sql`update public.projects set protect_default_branch = false where id = ${place.projectId}`;
    await git(place.work, ["checkout", "-qb", "work"]);
    const head = await commit(place, "a", "One");
    await git(place.work, ["push", "-q", place.url, "work"]);
    await openChange(place, "work", head);
    await git(place.work, ["push", "-q", place.url, "work:main"], "bob");
    expect(await since(place.projectId, 3)).toMatchObject([
      { event: "push", payload: { branch: "main" } },
      {
        event: "pull_request.merged",
        payload: { actor: { id: people.bob }, pull_request: { mergedCommit: head } },
      },
    ]);
  });

  test("W108 labels, comments and closing are events with the whole change", async () => {
    const place = await newPlace();
    const head = await git(place.work, ["rev-parse", "HEAD"]);
    await sql`
      select public.open_change(${place.projectId}, 'Title', 'Body', 'main', 'work', ${head}, null, '{"draft":true,"labels":["bug"]}')`;
    await sql`select public.set_labels(${place.projectId}, 1, '{bug,urgent}')`;
    await sql`select public.set_labels(${place.projectId}, 1, '{bug,urgent}')`;
    await sql`select public.set_labels(${place.projectId}, 1, '{bug}')`;
    await sql`select public.set_labels(${place.projectId}, 1, '{bug,urgent}')`;
    const comment = randomUUID();
    await sql`select public.add_comment(${comment}, ${place.projectId}, 1, 'Why?')`;
    await sql`select public.add_comment(${comment}, ${place.projectId}, 1, 'Why?')`;
    await sql`select public.close_change(${place.projectId}, 1)`;
    await sql`select public.close_change(${place.projectId}, 1)`;
    const delivered = await since(place.projectId, 1);
    expect(delivered.map((one) => [one.event, one.payload.label])).toEqual([
      ["pull_request.opened", undefined],
      ["pull_request.labeled", "bug"],
      ["pull_request.labeled", "urgent"],
      ["pull_request.labeled", "urgent"],
      ["pull_request.commented", undefined],
      ["pull_request.closed", undefined],
    ]);
    expect(delivered[4]!.payload).toMatchObject({
      labels: ["bug", "urgent"],
      comment: { id: comment, body: "Why?", author: "Coder" },
      pull_request: { number: 1, draft: true, labels: ["bug", "urgent"], headCommit: head, merged: false },
    });
  });
});

describe("issues", () => {
  test("W109 opening, labelling and commenting; numbers are shared with changes; an intent sent twice is one", async () => {
    const place = await newPlace();
    const id = randomUUID();
    const open = () =>
      sql`select public.open_issue(${id}, ${place.projectId}, 'Broken', 'It is', '{bug}') as number`;
    expect((await open())[0]!["number"]).toBe(1);
    expect((await open())[0]!["number"]).toBe(1);
    await openChange(place, "work", await git(place.work, ["rev-parse", "HEAD"]));
    await sql`select public.add_comment(${randomUUID()}, ${place.projectId}, 1, 'Me too')`;
    await sql`select public.set_issue_state(${place.projectId}, 1, 'closed')`;
    const delivered = await since(place.projectId, 1);
    expect(delivered.map((one) => one.event)).toEqual([
      "issue.opened",
      "issue.labeled",
      "pull_request.opened",
      "issue.commented",
    ]);
    expect(delivered[1]!.payload).toMatchObject({
      branch: "main",
      label: "bug",
      labels: ["bug"],
      issue: { number: 1, title: "Broken", body: "It is", state: "open", author: "Coder" },
    });
    expect(delivered[2]!.payload.pull_request).toMatchObject({ number: 2 });
  });
});

describe("runs", () => {
  test("W110 what a run does is a bot's, one deeper than the run", async () => {
    const place = await newPlace();
    const head = await git(place.work, ["rev-parse", "HEAD"]);
    const runId = await addRun(place.projectId, { commit: head, depth: 2 });
    const asRun = httpForge({ url: origin, projectId: place.projectId, token: serviceKey, runId });
    const made = await asRun.commit({ branch: "coder/x", message: "m", files: [{ path: "a", content: "" }] });
    await asRun.openChange({ title: "T", body: "", base: "main", head: "coder/x", headCommit: made, runId });
    const delivered = await since(place.projectId, 1);
    expect(delivered.map((one) => [one.event, one.depth, one.payload.actor])).toEqual([
      ["push", 3, { id: runId, name: "Coder", bot: true }],
      ["pull_request.opened", 3, { id: runId, name: "Coder", bot: true }],
    ]);
  });

  test("W110 nobody but the service names a run", async () => {
    const place = await newPlace();
    const runId = await addRun(place.projectId, {
      commit: await git(place.work, ["rev-parse", "HEAD"]),
      depth: 5,
    });
    const token = `cgt_bob_${place.work.split("/").at(-1)}`;
    await httpForge({ url: origin, projectId: place.projectId, token, runId }).commit({
      branch: "x",
      message: "m",
      files: [{ path: "a", content: "" }],
    });
    expect(await since(place.projectId, 1)).toMatchObject([
      { depth: 0, payload: { actor: { id: people.bob, bot: false } } },
    ]);
  });
});

describe("checks", () => {
  const checks = (projectId: string) =>
    sql`select name, status, source from public.checks where project_id = ${projectId} order by name`;

  test("W111 the command steps of a run are checks of its commit; each end is an event; a dry run makes none", async () => {
    const place = await newPlace();
    const head = await git(place.work, ["rev-parse", "HEAD"]);
    const first = await addRun(place.projectId, { commit: head });
    await append(first, { type: "step.started", stepId: "s1", attempt: 1 });
    expect([...(await checks(place.projectId))]).toEqual([
      { name: "Run tests", status: "running", source: "coder" },
    ]);
    await append(first, { type: "step.finished", stepId: "s1", status: "failed" });
    const again = await addRun(place.projectId, { commit: head, depth: 1 });
    await append(again, { type: "step.started", stepId: "s1", attempt: 1 });
    await append(again, { type: "step.finished", stepId: "s1", status: "succeeded" });
    // Skipped elsewhere: no verdict, so the one that is there stays.
    const skipping = await addRun(place.projectId, { commit: head });
    await append(skipping, { type: "step.finished", stepId: "s1", status: "skipped" });
    const dry = await addRun(place.projectId, { commit: head, dryRun: true });
    await append(dry, { type: "step.finished", stepId: "s1", status: "failed" });
    expect([...(await checks(place.projectId))]).toEqual([
      { name: "Run tests", status: "passed", source: "coder" },
    ]);
    expect(await since(place.projectId, 1)).toMatchObject([
      {
        event: "check.finished",
        depth: 1,
        payload: {
          branch: "main",
          commit: head,
          check: { name: "Run tests", status: "failed" },
          actor: { id: first, bot: true },
        },
      },
      { event: "check.finished", depth: 2, payload: { check: { status: "passed" }, actor: { id: again } } },
    ]);
    const stopped = await addRun(place.projectId, { commit: head });
    await append(stopped, { type: "step.started", stepId: "s1", attempt: 1 });
    await append(stopped, { type: "run.finished", status: "canceled" });
    expect([...(await checks(place.projectId))]).toMatchObject([{ status: "skipped" }]);
  });

  test.each<[string, string, string]>([
    ["a later failure takes an earlier success back", "a+ a=succeeded b+ b=failed", "failed"],
    ["and a later success a failure", "a+ a=failed b+ b=succeeded", "passed"],
    ["a check that runs again has not passed", "a+ a=succeeded b+", "running"],
    ["nor has one that was stopped", "a+ a=succeeded b+ b!", "skipped"],
    ["who started before has no say about who runs", "a+ b+ a=succeeded", "running"],
    ["nor about who has failed", "a+ b+ b=failed a=succeeded", "failed"],
    ["the one that started last decides", "a+ b+ a=succeeded b=succeeded", "passed"],
    ["a failure beside it counts, whichever ends last", "a+ b+ a=failed b=succeeded", "failed"],
    ["and after it", "a+ b+ b=succeeded a=failed", "failed"],
    ["until it is tried again", "a+ b+ b=succeeded a=failed b+ b=succeeded", "passed"],
    ["what is taken over from an earlier run is no news", "a+ a=succeeded b+ b=failed c=reused", "failed"],
    ["what a program reported is taken over by who starts", "x=passed a+", "running"],
  ])("W230 %s (%s)", async (_, story, status) => {
    const place = await newPlace();
    const head = await git(place.work, ["rev-parse", "HEAD"]);
    await sql`select public.set_required_checks(${place.projectId}, '{Run tests}')`;
    const runs = new Map<string, string>();
    for (const [, name = "", what = ""] of story.matchAll(/(\w)(\S+)/g)) {
      if (name === "x") {
        await sql`select private.report_check(${place.projectId}, ${head}, 'Run tests', 'passed', null, 'jenkins')`;
        continue;
      }
      const runId = runs.get(name) ?? (await addRun(place.projectId, { commit: head }));
      runs.set(name, runId);
      const finished = { type: "step.finished", stepId: "s1", status: what.slice(1) };
      const reusedFrom = { runId: randomUUID(), number: 1 };
      await append(
        runId,
        what === "+"
          ? { type: "step.started", stepId: "s1", attempt: 1 }
          : what === "!"
            ? { type: "run.finished", status: "canceled" }
            : what === "=reused"
              ? { ...finished, status: "succeeded", reusedFrom }
              : finished,
      );
    }
    expect(await checks(place.projectId)).toMatchObject([{ status }]);
    const [missing] = await sql`select private.missing_checks(${place.projectId}, ${head}) as names`;
    expect(missing!["names"]).toEqual(status === "passed" ? [] : ["Run tests"]);
  });

  test("W248 the end of a check is a delivery only where a file of the default branch waits for it, or might", async () => {
    const place = await newPlace();
    const head = await git(place.work, ["rev-parse", "HEAD"]);
    const report = (name: string) =>
      sql`select private.report_check(${place.projectId}, ${head}, ${name}, 'passed', null, 'jenkins')`;
    const finished = async () =>
      (await deliveries(place.projectId)).flatMap(({ payload }) => payload.check?.["name"] ?? []);
    const sync = (commit: string, listeners: object[]) =>
      sql`select private.sync_triggers(${place.projectId}, ${commit}, ${sql.json(listeners as never)}, '[]')`;
    const listener = {
      path: "a.yaml",
      trigger: 0,
      type: "repo_event",
      name: "check.finished",
      secretRef: null,
    };
    await report("not read yet");
    await sync(head, [{ ...listener, name: "push" }]);
    await report("nobody waits");
    await sync(head, [listener]);
    await report("waited for");
    await sync("1".repeat(40), []);
    await report("read before the branch moved");
    expect(await finished()).toEqual(["not read yet", "waited for", "read before the branch moved"]);
    // What they say of the commit is known all the same.
    expect(await checks(place.projectId)).toHaveLength(4);
  });

  test("W112 a program reports checks by git token; Coder's own are not its to report; a required one is needed on the exact commit", async () => {
    const place = await newPlace();
    await git(place.work, ["checkout", "-qb", "work"]);
    const head = await commit(place, "a", "One");
    await git(place.work, ["push", "-q", place.url, "work"]);
    await openChange(place, "work", head);
    await sql`select public.set_required_checks(${place.projectId}, '{Build,Run tests}')`;
    const token = `cgt_bob_${place.work.split("/").at(-1)}`;
    const report = async (check: object) => {
      const response = await fetch(`${origin}/forge/v1/${place.projectId}/checks`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: JSON.stringify({ commit: head, status: "passed", source: "jenkins", ...check }),
      });
      return [response.status, ((await response.json()) as { error?: { message: string } }).error?.message];
    };
    const merge = () =>
      httpForge({ url: origin, projectId: place.projectId, token }).merge({
        into: "main",
        head: "work",
        expectedHead: head,
        message: "Merge",
      });
    await expect(merge()).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining(`Build, Run tests have not passed on ${head.slice(0, 10)}`),
      details: { missingChecks: ["Build", "Run tests"], commit: head },
    });
    expect((await report({ name: "Build", url: "https://ci.example.com/1" }))[0]).toBe(200);
    expect((await report({ name: "Build" }))[0]).toBe(200);
    expect((await report({ name: "x", url: "javascript:alert(1)" }))[0]).toBe(400);
    expect((await report({ name: "x", commit: "1".repeat(40) }))[0]).toBe(404);
    expect((await report({ name: "x", source: "coder" }))[0]).toBe(400);
    // On the commit before it proves nothing.
    const base = await git(place.work, ["rev-parse", "main"]);
    await append(await addRun(place.projectId, { commit: base }), {
      type: "step.finished",
      stepId: "s1",
      status: "succeeded",
    });
    await expect(merge()).rejects.toMatchObject({ details: { missingChecks: ["Run tests"] } });
    await append(await addRun(place.projectId, { commit: head }), {
      type: "step.finished",
      stepId: "s1",
      status: "failed",
    });
    expect(await report({ name: "Run tests" })).toEqual([409, expect.stringContaining("Coder's own runs")]);
    await append(await addRun(place.projectId, { commit: head }), {
      type: "step.finished",
      stepId: "s1",
      status: "succeeded",
    });
    expect(await merge()).toMatch(/^[0-9a-f]{40}$/);
    const ended = (await deliveries(place.projectId)).filter((one) => one.event === "check.finished");
    expect(
      ended.map((one) => [one.payload.check!["name"], one.payload.check!["status"], one.payload.actor.bot]),
    ).toEqual([
      ["Build", "passed", false],
      ["Run tests", "passed", true],
      ["Run tests", "failed", true],
      ["Run tests", "passed", true],
    ]);
  });
});
