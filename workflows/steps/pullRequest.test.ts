import { afterAll, beforeAll, expect, test } from "vitest";
import { httpForge } from "../forges/httpForge.ts";
import { startStackProject, type StackProject } from "../testing/stackFixture.ts";

let project: StackProject;
let { stack, sql, projectId, start, until } = {} as StackProject;

const change = (policies: string, command: string) =>
  `name: Change\n${policies}steps:\n  - { step_id: work, type: command, command: "${command}" }\n  - { step_id: pr, type: pull_request, title: Tidy up, body: Because. }\n`;
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

test("what the commands changed becomes a commit on a branch of its own and one open change", async () => {
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

test("nothing changed opens nothing", async () => {
  const { steps } = await run("nothing");
  expect(steps["pr"]).toMatchObject({ status: "succeeded", outputs: { opened: false } });
});

test("a path that the policy blocks stops the whole patch, as an event that names the rule", async () => {
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
