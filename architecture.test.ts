import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, extname, join, normalize } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, test } from "vitest";

/** The house's rules about who may import whom (docs/ARCHITECTURE.md). The linter says the same while you type; this cannot be switched off. */

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const root = import.meta.dirname;
const sources = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter(
    (path) => /\.tsx?$/.test(path) && !path.startsWith("web/home/starters/") && existsSync(join(root, path)),
  );
const imports = sources.flatMap(importsOf);

function importsOf(path: string): Import[] {
  const parsed = parseSync(path, readFileSync(join(root, path), "utf8"));
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    if (specifier.startsWith("."))
      found.push({
        from: path,
        to: normalize(join(dirname(path), specifier.replace(/\?.*$/, ""))),
        typeOnly,
      });
  };
  for (const one of parsed.module.staticImports)
    add(one.moduleRequest.value, one.entries.length > 0 && one.entries.every((entry) => entry.isType));
  for (const one of parsed.module.staticExports)
    for (const entry of one.entries) if (entry.moduleRequest) add(entry.moduleRequest.value, entry.isType);
  return found;
}

const isTest = (path: string) =>
  /\.(?:test|contract|bench)\.tsx?$/.test(path) || path.includes("/testing") || path.includes("/fixtures/");
const roomOf = (path: string) => path.split("/")[0] ?? "";
const allowed: Record<string, string[]> = {
  shared: ["shared"],
  functions: ["functions", "shared", "supabase/database.gen.ts"],
  workflows: ["workflows", "shared", "supabase/database.gen.ts"],
  web: ["web", "shared"],
  e2e: ["e2e", "shared"],
};

describe("imports", () => {
  test.each(Object.entries(allowed))("%s imports only what it may", (room, targets) => {
    const broken = imports.filter(({ from, to, typeOnly }) => {
      if (roomOf(from) !== room || isTest(from)) return false;
      const isClient = room === "web" || from.startsWith("workflows/cli/");
      if (isClient && to === "functions/router.ts" && typeOnly) return false;
      return !targets.some((target) => to === target || to.startsWith(`${target}/`));
    });
    expect(broken).toEqual([]);
  });

  test("start.ts and coder.ts of supabase/local compose, and nothing imports them", () => {
    const entries = ["supabase/local/start.ts", "supabase/local/coder.ts"];
    expect(imports.filter(({ to }) => entries.includes(to))).toEqual([]);
  });

  test("what is imported exists, by its full name", () => {
    const broken = imports.filter(
      ({ to }) => extname(to) === "" || !existsSync(join(root, to)) || !statSync(join(root, to)).isFile(),
    );
    expect(broken).toEqual([]);
  });

  test("no cycles among values", () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, typeOnly } of imports)
      if (!typeOnly) edges.set(from, [...(edges.get(from) ?? []), to]);
    const state = new Map<string, "open" | "done">();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]): void => {
      if (state.get(path) === "done") return;
      if (state.get(path) === "open") {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
        return;
      }
      state.set(path, "open");
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      state.set(path, "done");
    };
    for (const path of edges.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test("the sources were found", () => {
    expect(sources.length).toBeGreaterThan(30);
    expect(imports.length).toBeGreaterThan(30);
  });
});
