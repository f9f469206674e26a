import { describe, expect, it } from "vitest";
import { lintWorkflow } from "../workflow/parseWorkflow.ts";
import { problemText } from "../workflow/problemText.ts";
import { missingFor, renderTemplate, templateFits } from "./renderTemplate.ts";
import { detectStack, tellsStack } from "./stack.ts";
import { templates } from "./templates.ts";

const manifest = (...scripts: string[]): string =>
  JSON.stringify({ scripts: Object.fromEntries(scripts.map((name) => [name, "true"])) });
const stacks = {
  npm: detectStack(["package.json", "package-lock.json"], manifest("test", "build", "lint")),
  "npm without scripts": detectStack(["package.json"], "{}"),
  pnpm: detectStack(["package.json", "pnpm-lock.yaml"], manifest("test")),
  yarn: detectStack(["package.json", "yarn.lock"], manifest("test", "build")),
  bun: detectStack(["package.json", "bun.lock"], manifest("test")),
  python: detectStack(["requirements.txt"]),
  rust: detectStack(["Cargo.toml"]),
  go: detectStack(["go.mod"]),
};

describe.each(Object.entries(stacks))("for %s", (_, stack) => {
  it.each(templates.map((template) => [template.id, template] as const))(
    "W196 %s is a file without a problem, where it fits",
    (id, template) => {
      if (!templateFits(template, stack)) return expect(renderTemplate(template, stack)).not.toContain("{{i");
      const yaml = renderTemplate(template, stack);
      expect(yaml).not.toMatch(/\{\{(?!\s)|# needed\n/);
      expect(
        lintWorkflow(yaml, { path: `.coder/workflows/${id}.yaml` }).map((problem) =>
          problemText(id, problem),
        ),
      ).toEqual([]);
      return undefined;
    },
  );
});

it("W196 ids are file names, and each template once", () => {
  expect(new Set(templates.map(({ id }) => id)).size).toBe(templates.length);
  for (const { id } of templates) expect(id).toMatch(/^[a-z][a-z-]*$/);
});

it("W196 a stack is known by its files; scripts say what there is to run", () => {
  expect(stacks.npm).toMatchObject({ install: "npm ci", test: "npm run test", lint: "npm run lint" });
  expect(stacks["npm without scripts"]).toMatchObject({ install: "npm install", test: null, build: null });
  expect(stacks.rust).toMatchObject({ name: "Rust", test: "cargo test" });
  expect(detectStack(["package.json", "Cargo.toml"], "not json").name).toBe("Node (npm)");
  expect(tellsStack(["go.mod"])).toBe(true);
  expect(tellsStack(["docs/go.mod", "index.html"])).toBe(false);
});

it("W196 a template whose point the project lacks does not fit", () => {
  const byId = (id: string) => templates.find((template) => template.id === id)!;
  expect(templateFits(byId("dependency-bump"), stacks.python)).toBe(false);
  expect(missingFor(byId("dependency-bump"), stacks.python)).toEqual([
    "no command that raises its dependencies",
  ]);
  expect(templateFits(byId("flaky-test-hunter"), stacks["npm without scripts"])).toBe(false);
  expect(templateFits(byId("ci"), stacks.go)).toBe(true);
});
