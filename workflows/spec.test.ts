import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const folders = ["shared", "workflows", "functions", "supabase", "web", "e2e"];

function testFiles(): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(?:test|spec|contract)\.tsx?$/.test(path) && !/node_modules|starters/.test(path))
      .map((path) => join(folder, path)),
  );
}

/** Numbers at the start of a text literal: `"W13 a cycle …"`, `"W40 W41 …"`. */
function numbersIn(source: string): string[] {
  return [...source.matchAll(/["'`]((?:W\d+\b[ ,]*)+)/g)].flatMap((match) => match[1]?.match(/W\d+/g) ?? []);
}

const rules = [...readFileSync(join(root, "workflows/SPEC.md"), "utf8").matchAll(/^- \*\*(W\d+)\*\*/gm)].map(
  (match) => match[1] ?? "",
);
const named = new Map<string, string[]>();
for (const path of testFiles()) {
  for (const rule of numbersIn(readFileSync(join(root, path), "utf8"))) {
    named.set(rule, [...(named.get(rule) ?? []), path]);
  }
}

it("W1 every rule of SPEC.md has a number of its own and a test that names it", () => {
  expect(rules.length).toBeGreaterThan(40);
  expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  expect(rules.filter((rule) => !named.has(rule))).toEqual([]);
});

it("W1 every rule that a test names is in SPEC.md", () => {
  const unknown = [...named].filter(([rule]) => !rules.includes(rule));
  expect(unknown.map(([rule, paths]) => `${rule} in ${[...new Set(paths)].join(", ")}`)).toEqual([]);
});
