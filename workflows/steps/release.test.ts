import { afterAll, beforeAll, expect, test } from "vitest";
import type { Forge } from "../forges/forge.ts";
import { httpForge } from "../forges/httpForge.ts";
import { startStackProject, type StackProject } from "../testing/stackFixture.ts";

let project: StackProject;
let { stack, sql, user, projectId, api, start, until } = {} as StackProject;
let forge: Forge;

const workflows = {
  release: `name: Release
steps:
  - { step_id: rel, type: release, bump: auto }
outputs: { version: "\${{ steps.rel.outputs.version }}" }
`,
  gated: `name: Gated
policies: { gates: { require_human_approval_for: [release.tag], self_approval: true } }
steps: [{ step_id: rel, type: release, bump: minor }]
`,
  unchecked: `name: Unchecked
policies: { checks: { required: [Proof] } }
steps: [{ step_id: rel, type: release }]
`,
  tell: `name: Tell
steps: [{ step_id: say, type: notify, channels: [inbox, email], message: "Shipped \${{ run.commit }}" }]
`,
};

async function stepOf(runId: string): Promise<any> {
  const [step] = await sql`select status, outputs, failure from public.step_runs where run_id = ${runId}`;
  return step;
}

async function commit(message: string, files: Record<string, string>): Promise<string> {
  const list = Object.entries(files).map(([file, content]) => ({ path: file, content }));
  return forge.commit({ branch: "main", message, files: list });
}

beforeAll(async () => {
  project = await startStackProject(
    { "package.json": '{\n  "name": "shop",\n  "version": "1.0.0"\n}\n' },
    workflows,
  );
  ({ stack, sql, user, projectId, api, start, until } = project);
  forge = httpForge({ url: stack.url, projectId, token: stack.serviceRoleKey });
});
afterAll(() => project.close());

test("W193 the first release tags the declared version, with changelog, notes and a change", async () => {
  const run = await start("release");
  await until(run, "succeeded");
  const { outputs } = await stepOf(run);
  expect(outputs).toMatchObject({ released: true, version: "1.0.0", tag: "v1.0.0" });
  expect(await forge.tags()).toEqual([{ name: "v1.0.0", commit: outputs.commit }]);
  const [released] = await forge.log(outputs.commit, { limit: 1 });
  const [{ commit: head } = { commit: "" }] = await sql<
    { commit: string }[]
  >`select commit from runs where id = ${run}`;
  expect(released?.parents).toEqual([head]);
  const changelog = new TextDecoder().decode(await forge.blob("v1.0.0", "CHANGELOG.md"));
  expect(changelog).toMatch(/^# Changelog\n\n## 1\.0\.0 \(\d{4}-\d\d-\d\d\)/);
  const [change] = await sql`select title, head_branch, status from changes where project_id = ${projectId}`;
  expect(change).toMatchObject({ title: "Release v1.0.0", status: "open" });
  const [artifact] =
    await sql`select kind, data from artifacts where run_id = ${run} and kind = 'release_notes'`;
  expect(artifact!["data"]).toMatchObject({ version: "1.0.0", previous: null });
});

test("W193 the next release counts from there, also while the change is open; nothing new releases nothing", async () => {
  const again = await start("release");
  await until(again, "succeeded");
  expect(await stepOf(again)).toMatchObject({ outputs: { released: false } });
  await commit("feat(cart): totals", { "cart.ts": "export const total = 1;\n" });
  await commit("fix: rounding", { "cart.ts": "export const total = 2;\n" });
  const dry = await start("release", { dryRun: true });
  await until(dry, "succeeded");
  expect(await stepOf(dry)).toMatchObject({ outputs: { dryRun: true, version: "1.1.0" } });
  const next = await start("release");
  await until(next, "succeeded");
  const manifest = new TextDecoder().decode(await forge.blob("v1.1.0", "package.json"));
  expect(JSON.parse(manifest)).toEqual({ name: "shop", version: "1.1.0" });
  const changelog = new TextDecoder().decode(await forge.blob("v1.1.0", "CHANGELOG.md"));
  expect(changelog).toContain("### New\n\n- **cart:** totals");
  expect(changelog).toContain("### Fixed\n\n- rounding");
});

test("W194 a gate asks with exactly what would be released; the approval lets it go", async () => {
  await commit("docs: more", { "README.md": "# Shop\n" });
  const run = await start("gated");
  await until(run, "waiting");
  const [approval] = await sql`select id, action, content_hash, subject from approvals where run_id = ${run}`;
  expect(approval).toMatchObject({ action: "release.tag", subject: { tag: "v1.2.0", previous: "1.1.0" } });
  expect((await forge.tags()).map((tag) => tag.name)).not.toContain("v1.2.0");
  await api("approvals.decide", {
    approvalId: approval!["id"],
    decision: "approved",
    contentHash: approval!["content_hash"],
  });
  await until(run, "succeeded");
  expect((await forge.tags()).map((tag) => tag.name)).toContain("v1.2.0");
});

test("W194 a commit whose checks have not passed is not released", async () => {
  await commit("fix: unproven", { "cart.ts": "export const total = 3;\n" });
  const run = await start("unchecked");
  await until(run, "failed");
  expect(await stepOf(run)).toMatchObject({ failure: { code: "policy_denied" } });
  const denied =
    await sql`select event from run_events where run_id = ${run} and event ->> 'type' = 'policy.denied'`;
  expect(denied[0]!["event"]).toMatchObject({ rule: "checks.required" });
});

test("W195 a notice is in the inbox of every member, and in the mail of those who answer for it", async () => {
  const grace = await stack.createUser("grace@example.com");
  const [org] = await sql<{ org_id: string }[]>`select org_id from projects where id = ${projectId}`;
  await sql`insert into members (org_id, user_id, role) values (${org!.org_id}, ${grace.id}, 'viewer')`;
  const run = await start("tell");
  await until(run, "succeeded");
  expect(await stepOf(run)).toMatchObject({ outputs: { emails: 1 } });
  const rows =
    await sql`select user_id, message from notifications where run_id = ${run} order by created_at`;
  expect(new Set(rows.map((row) => row["user_id"]))).toEqual(new Set([user.id, grace.id]));
  const mails = (await (await fetch(`${stack.url}/mail.json`)).json()) as {
    to: string;
    subject: string;
    text: string;
  }[];
  const mail = mails.find((one) => one.subject.includes("Shipped"));
  expect(mail).toMatchObject({ to: "ada@example.com", text: expect.stringContaining(`/runs/`) });
  expect(mails.map((one) => one.to)).not.toContain("grace@example.com");
});

test("W195 only the worker puts mail into the mail page", async () => {
  const response = await fetch(`${stack.url}/local/mail`, {
    method: "POST",
    headers: { authorization: `Bearer ${user.session.access_token}`, "content-type": "application/json" },
    body: JSON.stringify({ to: "a@example.com", subject: "x", text: "y" }),
  });
  expect(response.status).toBe(403);
});
