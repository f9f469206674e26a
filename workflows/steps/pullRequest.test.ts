import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { httpForge } from "../forges/httpForge.ts";
import { startStackProject, type StackProject } from "../testing/stackFixture.ts";

let project: StackProject;
let { stack, sql, projectId, start, until } = {} as StackProject;

const change = (policies: string, command: string) =>
  `name: Change\n${policies}steps:\n  - { step_id: work, type: command, command: "${command}" }\n  - { step_id: pr, type: pull_request, title: Tidy up, body: Because. }\n`;
const merging = (policies: string, command: string, more = "") =>
  `name: Merge\n${policies}steps:\n  - { type: command, command: "${command}" }\n  - { step_id: pr, type: pull_request, title: Bring it, merge: true${more} }\n`;
const workflows = {
  change: change(
    "",
    "echo two > a.txt; mkdir -p docs; echo new > docs/new.md; rm gone.txt; mkdir -p out; echo x > out/ignored",
  ),
  nothing: change("", "true"),
  blocked: change(
    "policies: { repo: { blocked_paths: [docs/] } }\n",
    "mkdir -p docs; echo x > docs/x.md; echo fine > a.txt",
  ),
  link: change("", "ln -s /etc/passwd evil"),
  inside: change("", "ln -s a.txt alias"),
  cased: change("policies: { repo: { blocked_paths: [docs/] } }\n", "mkdir -p DOCS; echo x > DOCS/x.md"),
  moved: change("policies: { repo: { blocked_paths: [gone.txt] } }\n", "mv gone.txt here.txt"),
  submodule: change(
    "",
    "git init -q sub && git -C sub -c user.name=x -c user.email=x@x commit -q --allow-empty -m x && git add sub",
  ),
  many: change("policies: { limits: { max_changed_files: 1 } }\n", "echo x > one; echo x > two"),
  merged: merging("", "echo merged > b.txt"),
  checked: merging(
    "policies: { checks: { required: [Unit tests] } }\n",
    "echo checked > c.txt",
    ", on_failure: { type: retry, max_attempts: 8, backoff_sec: 1 }",
  ),
  mergeGated: merging(
    "policies: { gates: { require_human_approval_for: [pull_request.merge], self_approval: true } }\n",
    "echo gated > d.txt",
  ),
  closed: merging(
    "policies: { gates: { require_human_approval_for: [pull_request.merge], self_approval: true } }\n",
    "echo closed > f.txt",
  ),
  pushGated: merging(
    "policies: { repo: { blocked_paths: [secret/] }, gates: { require_human_approval_for: [push.protected], self_approval: true } }\n",
    "echo pushed > e.txt",
  ),
  gated: change(
    'policies: { gates: { require_human_approval_for: ["path.write:db/"], self_approval: true } }\n',
    "mkdir -p db; echo 1 > db/1.sql",
  ),
};

async function run(
  name: keyof typeof workflows,
): Promise<{ id: string; steps: Record<string, any>; denied: string[] }> {
  const id = await start(name);
  await until(id, "succeeded", "failed", "waiting");
  const steps =
    await sql`select step_id, status, outputs, failure from public.step_runs where run_id = ${id}`;
  const denials = await sql<{ rule: string }[]>`
    select event ->> 'rule' as rule from public.run_events where run_id = ${id} and event ->> 'type' = 'policy.denied'`;
  return {
    id,
    steps: Object.fromEntries(steps.map((step) => [step["step_id"], step])),
    denied: denials.map(({ rule }) => rule),
  };
}

beforeAll(async () => {
  project = await startStackProject(
    { "a.txt": "one\n", "gone.txt": "bye\n", ".gitignore": "out/\n" },
    workflows,
  );
  ({ stack, sql, projectId, start, until } = project);
});
afterAll(() => project.close());

test("W239 what the commands changed becomes a commit on a branch of its own and one open change", async () => {
  const { id, steps } = await run("change");
  expect(steps["pr"]).toMatchObject({ status: "succeeded", outputs: { opened: true, number: 1 } });
  const forge = httpForge({ url: stack.url, projectId, token: stack.serviceRoleKey });
  const diff = await forge.diff("main", steps["pr"].outputs.branch as string);
  expect(diff.files.map(({ path, status }) => [path, status])).toEqual([
    ["a.txt", "modified"],
    ["docs/new.md", "added"],
    ["gone.txt", "deleted"],
  ]);
  const [opened] =
    await sql`select title, body, status, run_id from public.changes where project_id = ${projectId} and number = 1`;
  expect(opened).toEqual({ title: "Tidy up", body: "Because.", status: "open", run_id: id });
  const links = await sql`select data from public.artifacts where run_id = ${id} and kind = 'pr_link'`;
  expect(links).toHaveLength(1);
});

test("W239 nothing changed opens nothing", async () => {
  const { steps } = await run("nothing");
  expect(steps["pr"]).toMatchObject({ status: "succeeded", outputs: { opened: false } });
});

test("W136 a path that the policy blocks stops the whole patch, as an event that names the rule", async () => {
  const { steps, denied } = await run("blocked");
  expect(steps["pr"]).toMatchObject({ status: "failed", failure: { code: "policy_denied" } });
  expect(denied).toEqual([expect.stringContaining("repo.blocked_paths")]);
  expect(await sql`select 1 from public.changes where project_id = ${projectId} and number > 1`).toHaveLength(
    0,
  );
});

test.each<[keyof typeof workflows, string]>([
  ["link", "repo.symlink"],
  ["inside", "repo.symlink"],
  ["cased", "repo.blocked_paths[0]"],
  ["moved", "repo.blocked_paths[0]"],
  ["submodule", "repo.submodule"],
  ["many", "limits.max_changed_files"],
])("W136 a patch that tries it by way of %s is refused by %s", async (name, rule) => {
  const { steps, denied } = await run(name);
  expect(steps["pr"]).toMatchObject({ status: "failed", failure: { code: "policy_denied" } });
  expect(denied).toEqual([rule]);
});

test("W136 a gate at a path asks when the patch touches it, for exactly these files", async () => {
  const { id } = await run("gated");
  const [asked] = await sql`select action, rule, subject from public.approvals where run_id = ${id}`;
  expect(asked).toMatchObject({
    action: "pull_request.open",
    rule: "gates.require_human_approval_for[0]",
    subject: { files: ["db/1.sql"] },
  });
});

const forge = () => httpForge({ url: stack.url, projectId, token: stack.serviceRoleKey });
const textAt = async (ref: string, path: string) => new TextDecoder().decode(await forge().blob(ref, path));
const changeOf = async (runId: string) => {
  const [row] =
    await sql`select number, status, head_branch, head_commit, merged_commit from public.changes where run_id = ${runId}`;
  return row!;
};
const decide = async (runId: string) => {
  const [waiting] = await sql`
    select id, content_hash, action, subject from public.approvals where run_id = ${runId} and status = 'waiting'`;
  await project.api("approvals.decide", {
    approvalId: waiting!["id"],
    decision: "approved",
    contentHash: waiting!["content_hash"],
  });
  return waiting!;
};

test("W245 a change is merged by its run, as pull_request.merge and push.protected, each decided with the patch", async () => {
  const { id, steps } = await run("merged");
  expect(steps["pr"]).toMatchObject({ status: "succeeded", outputs: { opened: true, merged: true } });
  expect(await changeOf(id)).toMatchObject({
    status: "merged",
    merged_commit: steps["pr"].outputs.mergedCommit,
  });
  expect(await textAt("main", "b.txt")).toBe("merged\n");
  const allowed = await sql`
    select event -> 'action' as action, event #> '{input,patch,entries}' as entries from public.run_events
    where run_id = ${id} and event ->> 'type' = 'policy.allowed' order by seq`;
  expect(allowed.map(({ action }) => action)).toEqual([
    "pull_request.open",
    "pull_request.merge",
    "push.protected",
  ]);
  expect(allowed[1]!["entries"]).toEqual([{ path: "b.txt", mode: "100644" }]);
  const audited = await sql`select action from public.audit_log where run_id = ${id} order by seq`;
  expect(audited.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["pull_request.merge", "push.protected"]),
  );
});

test("W245 checks that are required must have passed on the very head; until then the step may be tried again", async () => {
  const id = await start("checked");
  const denied = () => sql`
    select event ->> 'message' as message from public.run_events
    where run_id = ${id} and event ->> 'rule' = 'checks.required'`;
  await vi.waitFor(async () => expect(await denied()).toHaveLength(1), { timeout: 60_000, interval: 50 });
  const { number, head_commit: head, status } = await changeOf(id);
  expect(status).toBe("open");
  const [base] = await sql`select commit from public.runs where id = ${id}`;
  const report = (commit: unknown) =>
    sql`select private.report_check(${projectId}, ${commit as string}, 'Unit tests', 'passed', null, 'jenkins')`;
  // The run's own commit is another one.
  await report(base!["commit"]);
  await report(head);
  await until(id, "succeeded");
  expect(await changeOf(id)).toMatchObject({ number, status: "merged" });
  expect(await sql`select 1 from public.changes where run_id = ${id}`).toHaveLength(1);
});

test("W245 what somebody pushes to the branch voids the approval, and is asked about with what was shown before", async () => {
  const { id } = await run("mergeGated");
  const { head_branch: branch, head_commit: before, number } = await changeOf(id);
  await forge().commit({ branch, message: "More", files: [{ path: "more.txt", content: "more\n" }] });
  expect(await decide(id)).toMatchObject({
    action: "pull_request.merge",
    subject: { change: number, commit: before, into: "main", files: ["d.txt"] },
  });
  await vi.waitFor(
    async () =>
      expect(
        await sql`select 1 from public.approvals where run_id = ${id} and status = 'waiting'`,
      ).toHaveLength(1),
    { timeout: 25_000, interval: 50 },
  );
  expect((await changeOf(id))["status"]).toBe("open");
  const second = await decide(id);
  expect(second["subject"]).toMatchObject({ files: ["d.txt", "more.txt"] });
  const [asked] = await sql`
    select event -> 'subjectBefore' as before from public.run_events
    where run_id = ${id} and event ->> 'type' = 'step.waiting' order by seq desc limit 1`;
  expect(asked!["before"]).toMatchObject({ commit: before, files: ["d.txt"] });
  await until(id, "succeeded");
  expect(await textAt("main", "more.txt")).toBe("more\n");
});

test("W245 a gate at push.protected asks before a run moves the default branch; a path of others is held against its policy", async () => {
  const { id } = await run("pushGated");
  const { head_branch: branch } = await changeOf(id);
  await forge().commit({ branch, message: "Sneak", files: [{ path: "secret/key", content: "x" }] });
  expect((await decide(id))["action"]).toBe("push.protected");
  await until(id, "failed");
  const denials = await sql`
    select event ->> 'rule' as rule from public.run_events where run_id = ${id} and event ->> 'type' = 'policy.denied'`;
  expect(denials.map(({ rule }) => rule)).toEqual(["repo.blocked_paths[0]"]);
  expect((await changeOf(id))["status"]).toBe("open");
});

test("W245 a change that somebody has closed is not merged", async () => {
  const { id } = await run("closed");
  const { number } = await changeOf(id);
  await project.api("changes.close", { projectId, number });
  await decide(id);
  await until(id, "failed");
  const [step] = await sql`select failure from public.step_runs where run_id = ${id} and step_id = 'pr'`;
  expect(step!["failure"]).toMatchObject({ code: "merge_failed", message: `Change ${number} is closed` });
});
