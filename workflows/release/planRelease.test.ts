import fc from "fast-check";
import { gt, valid } from "semver";
import { describe, expect, it, test } from "vitest";
import { latestVersion, planRelease, withChangelogEntry, withVersion } from "./planRelease.ts";

const commit = (message: string) => ({ sha: "0123456789abcdef", message });
const auto = { bump: "auto", previous: "1.4.2", declared: null } as const;

describe("the version", () => {
  it.each([
    [["fix: a"], "1.4.3"],
    [["docs: a", "feat: b"], "1.5.0"],
    [["Some words"], "1.4.3"],
    [["feat!: a"], "2.0.0"],
    [["fix: a\n\nBREAKING CHANGE: all is new"], "2.0.0"],
  ])("W192 commits %j lead to %s", (messages, version) => {
    expect(planRelease(messages.map(commit), auto)?.version).toBe(version);
  });

  it("W192 before 1.0.0 a breaking change is minor", () => {
    expect(planRelease([commit("feat!: a")], { ...auto, previous: "0.3.1" })?.version).toBe("0.4.0");
  });

  it("W192 the file's bump wins over the commits", () => {
    expect(planRelease([commit("fix: a")], { ...auto, bump: "major" })?.version).toBe("2.0.0");
  });

  it("W192 the first release has the version that the project declares, or 0.1.0", () => {
    const first = { ...auto, previous: null };
    expect(planRelease([commit("x")], { ...first, declared: "3.1.0" })).toMatchObject({
      version: "3.1.0",
      tag: "v3.1.0",
      bump: "first",
    });
    expect(planRelease([commit("x")], first)?.version).toBe("0.1.0");
  });

  it("W192 nothing since the last version is nothing to release", () => {
    expect(planRelease([], auto)).toBeUndefined();
  });

  it("W192 any commits give a higher version and notes with every commit", () => {
    const message = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.constantFrom("feat: a", "fix(b): c", "chore!: d"),
    );
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 20 }), (messages) => {
        const plan = planRelease(messages.map(commit), auto)!;
        expect(valid(plan.version)).not.toBeNull();
        expect(gt(plan.version, "1.4.2")).toBe(true);
        expect(plan.notes.split("\n").filter((line) => line.startsWith("- "))).toHaveLength(messages.length);
      }),
    );
  });

  it("W192 the latest version is the highest, not the last", () => {
    expect(latestVersion(["v1.10.0", "v1.9.0", "2.0.0-beta.1", "nightly", "v1.2"])).toBe("1.10.0");
    expect(latestVersion(["nightly"])).toBeNull();
  });
});

test("W192 notes are grouped, and a subject cannot bring markup", () => {
  const plan = planRelease(
    ["feat(cart): add totals", "fix: round [x](javascript:alert(1))", "feat!: drop Node 18"].map(commit),
    auto,
  );
  expect(plan?.notes).toBe(
    "### Breaking changes\n\n- drop Node 18 (01234567)\n\n### New\n\n- **cart:** add totals (01234567)\n\n### Fixed\n\n- round x(javascript:alert(1)) (01234567)\n",
  );
});

test("W192 a changelog gets the release on top, under its title", () => {
  const plan = { version: "1.1.0", notes: "- b\n" };
  expect(withChangelogEntry("", plan, "2026-01-02")).toBe("# Changelog\n\n## 1.1.0 (2026-01-02)\n\n- b\n");
  expect(withChangelogEntry("# Changelog\n\n## 1.0.0\n\n- a\n", plan, "2026-01-02")).toBe(
    "# Changelog\n\n## 1.1.0 (2026-01-02)\n\n- b\n\n## 1.0.0\n\n- a\n",
  );
});

test("W192 the version is set in a manifest and its lock file, and nothing else changes", () => {
  const manifest =
    '{\n  "name": "shop",\n  "private": true,\n  "version": "1.0.0",\n  "dependencies": { "a": "1.0.0" }\n}\n';
  expect(withVersion(manifest, "1.1.0")).toBe(manifest.replace('"version": "1.0.0"', '"version": "1.1.0"'));
  const lock =
    '{\n  "name": "shop",\n  "version": "1.0.0",\n  "lockfileVersion": 3,\n  "packages": {\n    "": {\n      "name": "shop",\n      "version": "1.0.0"\n    },\n    "node_modules/a": {\n      "version": "1.0.0"\n    }\n  }\n}\n';
  expect(withVersion(lock, "2.0.0").match(/2\.0\.0/g)).toHaveLength(2);
  expect(withVersion('{ "dependencies": { "version": "1.0.0" } }', "2.0.0")).not.toContain("2.0.0");
});
