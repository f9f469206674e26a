import { expect, it } from "vitest";
import { CoderError } from "../../shared/errors.ts";
import type { Api } from "../api.ts";
import type { Project } from "../project.ts";
import { freeName, readProjectStart } from "./projectStart.ts";

const project = { id: "p", defaultBranch: "main" } as Project;

/** The two queries that are made, of a repository with these files. */
function apiWith(files: Record<string, string>): Api {
  return {
    files: {
      tree: { query: async () => ({ entries: Object.keys(files).map((path) => ({ path })) }) },
      read: { query: async ({ path }: { path: string }) => ({ content: btoa(files[path] ?? "") }) },
    },
  } as unknown as Api;
}

it("a new workflow stands on the stack and beside the workflows of the default branch", async () => {
  const api = apiWith({
    "package.json": '{"scripts":{"test":"vitest"}}',
    "yarn.lock": "",
    ".coder/workflows/ci.yaml": "",
  });
  const start = await readProjectStart(api, project);
  expect(start).toMatchObject({ told: true, taken: ["ci.yaml"] });
  expect(start.stack).toMatchObject({ name: "Node (yarn)", test: "corepack yarn run test", build: null });
});

it("a repository without commits has no files; any other failure is one", async () => {
  const failing = (code: "not_found" | "unavailable"): Api =>
    ({ files: { tree: { query: () => Promise.reject(new CoderError(code, "no")) } } }) as unknown as Api;
  expect(await readProjectStart(failing("not_found"), project)).toMatchObject({ told: false, taken: [] });
  await expect(readProjectStart(failing("unavailable"), project)).rejects.toMatchObject({
    code: "unavailable",
  });
});

it("a taken name is counted up, whatever it ends in", () => {
  expect(freeName("ci", [])).toBe("ci.yaml");
  expect(freeName("ci", ["ci.yml", "ci-2.yaml"])).toBe("ci-3.yaml");
});
