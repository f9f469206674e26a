import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainEvent, readWorkflow } from "../../shared/trigger/explainEvent.ts";
import { readTriggerEvent } from "../../shared/trigger/triggerEvent.ts";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { problemText } from "../../shared/workflow/problemText.ts";
import { inferredPaths, inferWorkflows, type Inference } from "./inferWorkflows.ts";
import { describeFacts, readProjectFacts, type ProjectFacts } from "./projectFacts.ts";

const templates = join(import.meta.dirname, "../../node_modules/create-vite");

async function infer(files: Record<string, string>): Promise<Inference> {
  return inferWorkflows(
    await readProjectFacts({ paths: Object.keys(files), read: async (path) => files[path] ?? null }),
  );
}
const names = (inference: Inference) =>
  inference.workflows.map((workflow) => workflow.path.split("/").at(-1));
function stepsOf(inference: Inference, path: string): string[] {
  const found = inference.workflows.find((workflow) => workflow.path === path);
  const parsed = parseWorkflow(found?.content ?? "", { path });
  if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problemText(path, problem)).join("\n"));
  return parsed.workflow.steps.map((step) => (step.type === "command" ? step.command : step.type));
}
const manifest = (content: object) => ({ "package.json": JSON.stringify(content) });

describe("inferWorkflows", () => {
  test.each([
    ["vanilla-ts", ["npm install --no-package-lock --no-audit --no-fund", "npm run build", "deploy"]],
    [
      "react-ts",
      ["npm install --no-package-lock --no-audit --no-fund", "npm run lint", "npm run build", "deploy"],
    ],
    ["solid-ts", ["npm install --no-package-lock --no-audit --no-fund", "npm run build", "deploy"]],
    ["vue-ts", ["npm install --no-package-lock --no-audit --no-fund", "npm run build", "deploy"]],
    [
      "svelte-ts",
      ["npm install --no-package-lock --no-audit --no-fund", "npm run check", "npm run build", "deploy"],
    ],
  ])("create-vite's %s gets what it really has", async (name, expected) => {
    const directory = join(templates, `template-${name}`);
    const paths = (await readdir(directory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
    const files = Object.fromEntries(
      await Promise.all(paths.map(async (path) => [path, await readFile(join(directory, path), "utf8")])),
    );
    const inference = await infer(files);
    expect(names(inference)).toEqual(["ci.yaml", "dependency-updates.yaml", "release.yaml"]);
    expect(stepsOf(inference, inferredPaths.ci)).toEqual(expected);
    const withWorkflows = {
      ...files,
      ...Object.fromEntries(inference.workflows.map((workflow) => [workflow.path, workflow.content])),
    };
    expect((await infer(withWorkflows)).workflows).toEqual([]);
  });

  test("checks run on changes, also a bot's, and on pushes to the default branch", async () => {
    const files = manifest({ scripts: { test: "vitest run" }, devDependencies: { vitest: "1" } });
    const facts = await readProjectFacts({
      paths: Object.keys(files),
      read: async (path) => files[path as "package.json"] ?? null,
      defaultBranch: "trunk",
    });
    const ci = inferWorkflows(facts).workflows.find(({ path }) => path === inferredPaths.ci);
    const file = readWorkflow(inferredPaths.ci, new TextEncoder().encode(ci?.content));
    const bot = { id: "1", name: "Coder", bot: true };
    const place = { project: { provider: "coder", owner: "o", repo: "r", ref: "trunk" }, depth: 0 };
    const asked = (payload: object) =>
      explainEvent([file], readTriggerEvent({ actor: bot, ...payload }), place)[0]?.kind;
    expect(asked({ event: "push", branch: "trunk" })).toBe("fires");
    expect(asked({ event: "push", branch: "work" })).toBe("rejected");
    expect(asked({ event: "pull_request.opened", branch: "trunk" })).toBe("fires");
    expect(asked({ event: "pull_request.updated", branch: "trunk" })).toBe("fires");
  });

  test("npm init's placeholder is not a test, and a lock file means a clean install", async () => {
    const inference = await infer({
      ...manifest({
        scripts: { test: 'echo "Error: no test specified" && exit 1' },
        dependencies: { hono: "4" },
      }),
      "package-lock.json": "{}",
    });
    expect(stepsOf(inference, inferredPaths.ci)).toEqual(["npm ci --no-audit --no-fund"]);
    expect(inference.leftOut).toEqual([
      { path: inferredPaths.release, reason: expect.stringContaining("No static site") },
    ]);
  });

  test.each([
    ["pnpm-lock.yaml", "npx --yes pnpm install --frozen-lockfile", "npx --yes pnpm run test"],
    ["yarn.lock", "npx --yes yarn install --frozen-lockfile", "npx --yes yarn run test"],
    ["bun.lock", "npx --yes bun install --frozen-lockfile", "npx --yes bun run test"],
  ])("%s chooses its package manager", async (lock, install, run) => {
    const inference = await infer({
      ...manifest({ scripts: { test: "vitest" }, devDependencies: { vitest: "5" } }),
      [lock]: "",
    });
    expect(stepsOf(inference, inferredPaths.ci)).toEqual([install, run]);
  });

  test("a page without a manifest is deployed as it is; an empty project gets nothing", async () => {
    expect(stepsOf(await infer({ "index.html": "<h1>" }), inferredPaths.ci)).toEqual(["deploy"]);
    expect((await infer({ "notes.txt": "" })).workflows).toEqual([]);
  });

  test("a manifest that is no JSON is said to be so and does not stop the rest", async () => {
    const facts = await readProjectFacts({
      paths: ["package.json", "index.html"],
      read: async () => "{ nope",
    });
    expect(describeFacts(facts)).toContain("package.json is not valid JSON");
  });

  test("production needs a person's yes, and updates may touch the manifest only", async () => {
    const inference = await infer({
      ...manifest({ scripts: { build: "vite build" }, devDependencies: { vite: "8" } }),
      "index.html": "",
    });
    expect(stepsOf(inference, inferredPaths.release).slice(-2)).toEqual(["approve", "deploy"]);
    const updates = parseWorkflow(inference.workflows[1]!.content, { path: inferredPaths.updates });
    expect(updates).toMatchObject({
      ok: true,
      workflow: { policies: { repo: { allowed_paths: ["package.json"] } } },
    });
  });

  test("whatever the facts, what is proposed lints, is the same twice, and is not proposed again", () => {
    const script = fc.option(fc.stringMatching(/^[a-z:]{1,10}$/), { nil: null });
    const facts: fc.Arbitrary<ProjectFacts> = fc.record({
      defaultBranch: fc.constant("main"),
      packageManager: fc.constantFrom("npm", "pnpm", "yarn", "bun", null),
      lockFile: fc.constantFrom("package-lock.json", "pnpm-lock.yaml", null),
      stack: fc.constant([]),
      scripts: fc.record({ lint: script, types: script, test: script, build: script }),
      siteDirectory: fc.constantFrom("dist", ".", null),
      hasDependencies: fc.boolean(),
      testFiles: fc.nat(5),
      existingCi: fc.constant([]),
      existingWorkflows: fc.constant([]),
    });
    fc.assert(
      fc.property(facts, (given) => {
        const inference = inferWorkflows(given);
        expect(inferWorkflows(given)).toEqual(inference);
        for (const { path } of inference.workflows) stepsOf(inference, path);
        const existingWorkflows = inference.workflows.map((workflow) => workflow.path);
        expect(inferWorkflows({ ...given, existingWorkflows }).workflows).toEqual([]);
      }),
    );
  });
});
