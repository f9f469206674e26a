import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { renderTemplate } from "../shared/templates/renderTemplate.ts";
import { detectStack } from "../shared/templates/stack.ts";
import { templates } from "../shared/templates/templates.ts";
import type { TestUser } from "../supabase/local/testing.ts";
import { startStackProject, type StackProject } from "./testing/stackFixture.ts";

/**
 * Every template as its user would have it: in a project's repository, run by the real worker on the whole stack.
 * One that holds agents is run dry, for there is no model here.
 */
const manifest = JSON.stringify({
  name: "shop",
  version: "1.0.0",
  private: true,
  scripts: { test: "node --test", build: "node build.js", lint: "node --check build.js" },
});
const lock = JSON.stringify({
  name: "shop",
  version: "1.0.0",
  lockfileVersion: 3,
  requires: true,
  packages: { "": { name: "shop", version: "1.0.0" } },
});
const files: Record<string, string> = {
  "package.json": manifest,
  "package-lock.json": lock,
  "build.js":
    'require("node:fs").mkdirSync("dist", { recursive: true }); require("node:fs").writeFileSync("dist/index.html", "<h1>Shop</h1>");\n',
  "shop.test.js": 'require("node:test")("adds", () => {});\n',
  ".gitignore": "dist/\nnode_modules/\n",
};
const stackOfProject = detectStack(Object.keys(files), manifest);

let project: StackProject;
let { stack, sql, projectId, api, start } = {} as StackProject;

beforeAll(async () => {
  const rendered = templates.map((template) => [template.id, renderTemplate(template, stackOfProject)]);
  project = await startStackProject(files, Object.fromEntries(rendered) as Record<string, string>);
  ({ stack, sql, projectId, api, start } = project);
});
afterAll(() => project.close());

/** Approves whatever the run asks, as another admin would, until it has ended. */
async function finish(runId: string): Promise<any> {
  return vi.waitFor(
    async () => {
      const [run] = await sql`select status, failure from runs where id = ${runId}`;
      if (run!["status"] === "waiting") await approve(runId);
      expect(["succeeded", "failed", "canceled"]).toContain(run!["status"]);
      return run;
    },
    { timeout: 60_000, interval: 100 },
  );
}

let second: TestUser | undefined;
async function approve(runId: string): Promise<void> {
  if (second === undefined) {
    second = await stack.createUser("grace@example.com");
    await sql`insert into members (org_id, user_id, role) select org_id, ${second.id}, 'admin' from projects where id = ${projectId}`;
  }
  const approver = second.id;
  const waiting =
    await sql`select id, content_hash from approvals where run_id = ${runId} and status = 'waiting'`;
  for (const approval of waiting) {
    await sql.begin(async (tx) => {
      const claims = JSON.stringify({ sub: approver, role: "authenticated" });
      await tx`select set_config('request.jwt.claims', ${claims}, true)`;
      await tx`select public.decide_approval(${approval["id"]}, 'approved', ${approval["content_hash"]})`;
    });
  }
}

/** What ends red here, and why: these need the world outside. */
const expectedFailures: Record<string, string> = {
  // The registry is not asked: npm refuses to publish a package that is private.
  "publish-package": "command_failed",
};

test.each(templates.map((template) => [template.id, template.agent] as const))(
  "W197 the template %s does what it says",
  { timeout: 90_000 },
  async (id, isAgent) => {
    if (id === "publish-package") {
      const scope = { kind: "project", projectId };
      await api("secrets.set", { scope, name: "NPM_TOKEN", value: "not a real token" });
    }
    const runId = await start(id, { dryRun: isAgent });
    const run = await finish(runId);
    const steps =
      await sql`select step_id, status, failure from step_runs where run_id = ${runId} order by position`;
    const wanted = expectedFailures[id];
    expect({ status: run.status, code: run.failure?.code, steps }).toEqual({
      status: wanted === undefined ? "succeeded" : "failed",
      code: wanted,
      steps: expect.anything(),
    });
  },
);
