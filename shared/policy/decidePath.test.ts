import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policiesSchema } from "../workflow/schema.ts";
import type { Policies } from "../workflow/schema.ts";
import { decidePath, matchesPath, normalizePath } from "./decidePath.ts";

const repo = (fields: Record<string, unknown>): Policies["repo"] =>
  policiesSchema.parse({ repo: fields }).repo;
const anything = repo({});

describe("paths that are refused whatever the rules", () => {
  it.each([
    "",
    "/etc/passwd",
    "../up",
    "a/../../b",
    "a/..",
    "./a",
    "a/./b",
    "a//b",
    "a/",
    "a\\b",
    "..\\x",
    "C:/x",
    "a\0b",
    "a\nb",
    ".git/config",
    "sub/.git/hooks/pre-commit",
    ".GIT/config",
    ".Git",
    "git~1/config",
    ".g\u200Cit/config",
    ".git\u200B/config",
    "．git/config",
    ".git./config",
    ".git /config",
    ".git::$INDEX_ALLOCATION/config",
    "a./b",
    "x:stream",
    "\uD800",
    "a".repeat(5000),
  ])("W51 %j", (path) => {
    expect(decidePath(path, anything)).toMatchObject({ kind: "deny", rule: "repo.path" });
  });

  it.each([
    ".github/workflows/ci.yml",
    ".gitignore",
    "git/x",
    "a b/c d.ts",
    "ünï/ﬁle.ts",
    "...x",
    "a..b",
    "src/[id].ts",
    "-x",
  ])("W51 %j is an ordinary path", (path) => {
    expect(decidePath(path, anything)).toEqual({ kind: "allow", rule: "default" });
  });

  it("W51 no path that is accepted can leave the repository, whatever its characters", () => {
    const segment = fc.oneof(
      fc.constantFrom("..", ".", "", ".git", "a", "a..", "\\", "/"),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments) => {
        const path = segments.join("/");
        const normal = normalizePath(path);
        if (!normal.ok) return;
        const url = new URL(encodeURI(normal.path), "file:///repo/");
        expect(url.pathname.startsWith("/repo/")).toBe(true);
        expect(normal.path.split("/")).not.toContain("..");
        expect(normal.path.toLowerCase().split("/")).not.toContain(".git");
      }),
      { numRuns: 1000 },
    );
  });
});

describe("rules", () => {
  it("W52 only allowed paths may be written, and the rule is named", () => {
    const rules = repo({ allowed_paths: ["src/", "docs/**/*.md", "package.json"] });
    expect(decidePath("src/deep/a.ts", rules)).toEqual({ kind: "allow", rule: "repo.allowed_paths[0]" });
    expect(decidePath("docs/a/b.md", rules)).toEqual({ kind: "allow", rule: "repo.allowed_paths[1]" });
    expect(decidePath("docs/b.md", rules).kind).toBe("allow");
    expect(decidePath("package.json", rules).kind).toBe("allow");
    for (const path of ["srcx/a", "a/src/b", "docs/a.txt", "package.json5", "README.md"]) {
      expect(decidePath(path, rules)).toMatchObject({ kind: "deny", rule: "repo.allowed_paths" });
    }
  });

  it("W52 an empty list of allowed paths allows nothing", () => {
    expect(decidePath("a", repo({ allowed_paths: [] })).kind).toBe("deny");
  });

  it("W52 blocked paths win over allowed ones", () => {
    const rules = repo({ allowed_paths: ["**"], blocked_paths: [".github/secrets/", "**/*.pem"] });
    expect(decidePath(".github/secrets/a", rules)).toEqual({
      kind: "deny",
      rule: "repo.blocked_paths[0]",
      message: ".github/secrets/a is blocked by repo.blocked_paths[0] (.github/secrets/).",
    });
    expect(decidePath("certs/x/key.pem", rules)).toMatchObject({ rule: "repo.blocked_paths[1]" });
    expect(decidePath("key.pem", rules)).toMatchObject({ rule: "repo.blocked_paths[1]" });
    expect(decidePath(".github/workflows/ci.yml", rules).kind).toBe("allow");
  });

  it("W52 a block cannot be slipped by case or by another spelling of a letter; a permission is exact", () => {
    const rules = repo({ blocked_paths: ["Café/", ".github/"] });
    for (const path of ["café/x", "CAFÉ/x", "cafe\u0301/x", ".GitHub/x", ".github"])
      expect(decidePath(path, rules).kind).toBe("deny");
    expect(decidePath("SRC/a.ts", repo({ allowed_paths: ["src/"] })).kind).toBe("deny");
  });

  it.each<[string, string, boolean]>([
    ["src", "src", true],
    ["src/a/b", "src", true],
    ["src/a/b", "./src/", true],
    ["src/a/b", "src/*", true],
    ["src/a", "src/*", true],
    ["a.md", "*.md", true],
    ["docs/a.md", "*.md", false],
    ["docs/a.md", "**/*.md", true],
    [".env", "*", true],
    ["a/.env", "**/.env", true],
    ["a/b/c", "a/*/c", true],
    ["a/x/y/c", "a/*/c", false],
    ["a.ts", "a.{ts,js}", true],
    ["!src/a", "!src/", true],
    ["other/a", "!src/", false],
    ["a", "+(a|b)", false],
    ["a/b", ".", true],
  ])("W52 %s under %s: %s", (path, pattern, covered) => {
    expect(matchesPath(path, pattern, { ignoreCase: false })).toBe(covered);
  });

  it("W52 a pattern from a stranger cannot hold the matcher up", () => {
    const start = performance.now();
    for (const pattern of [
      "*".repeat(500) + "b",
      "**/".repeat(200) + "b",
      "+(+(+(a)))".repeat(20),
      "{a,b}".repeat(20),
      "[".repeat(500),
    ]) {
      matchesPath("a/".repeat(200) + "a", pattern, { ignoreCase: true });
    }
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
