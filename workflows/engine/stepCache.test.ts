import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
});
afterAll(() => fixture.close());

const ended = ["succeeded", "failed", "canceled"];
const cached = (command: string): string =>
  `name: T\nsteps:\n  - { type: command, cache: { key: lock.txt, paths: out }, command: '${command}' }\n  - { type: command, command: cat out/x }\n`;
const make = cached("echo made; mkdir -p out; cp lock.txt out/x");

async function run(
  project: TestProject,
  yaml: string,
  at?: { ref: string; commit: string },
): Promise<string> {
  const runId = await fixture.start(project, yaml, at ? { at } : {});
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
  return runId;
}

/** Commits files to a branch, which is made from main anew. */
function commit(project: TestProject, branch: string, ...files: { path: string; content: string }[]) {
  const work = mkdtempSync(join(fixture.directory, "clone-"));
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", work, "-c", "user.name=T", "-c", "user.email=t@example.com", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  git("clone", "-q", project.directory, ".");
  git("checkout", "-q", "-B", branch, branch === "main" ? "main" : "origin/main");
  for (const file of files) writeFileSync(join(work, file.path), file.content);
  git("add", "-A");
  git("commit", "-q", "-m", "Change");
  git("push", "-q", "--force", "origin", branch);
  const head = git("rev-parse", "HEAD");
  rmSync(work, { recursive: true });
  return { ref: branch, commit: head };
}

test("W71 what a command made is put back when its key is the same, and says so", async () => {
  const project = await fixture.project({ "lock.txt": "one" });
  const first = await run(project, make);
  expect(await fixture.log(first, "s1")).toMatch(
    /^made\nSaved out \(\d\.\d MB\) to the cache in \d\.\d s\.\n$/,
  );
  const second = await run(project, make);
  expect(await fixture.log(second, "s1")).toMatch(
    /^Restored out \(\d\.\d MB\) from the cache in \d\.\d s; the command was not run\.\n$/,
  );
  expect(await fixture.log(second, "s2")).toBe("one");
  expect((await fixture.steps(second)).s1!.outputs).toEqual({ exitCode: 0, cached: true });
  // Another lock file, another command: another result.
  const third = await run(project, make, commit(project, "main", { path: "lock.txt", content: "two" }));
  expect(await fixture.log(third, "s1")).toContain("made");
  expect(await fixture.log(third, "s2")).toBe("two");
  expect(
    await fixture.log(await run(project, cached("echo other; mkdir -p out; touch out/x")), "s1"),
  ).toContain("other");
});

test("W72 a branch has what was merged, and reaches nobody with what it saves itself", async () => {
  // The key is of the command as well; what a branch can do is to make the same command do another thing.
  const yaml = cached("echo made; sh make.sh");
  const start = await fixture.project({ "lock.txt": "one", "make.sh": "mkdir -p out; echo good > out/x" });
  const branch = commit(start, "evil", { path: "make.sh", content: "mkdir -p out; echo evil > out/x" });
  const other = commit(start, "other", { path: "b.txt", content: "b" });
  expect(await fixture.log(await run(start, yaml, branch), "s2")).toBe("evil\n");
  // It reads its own again.
  expect(await fixture.log(await run(start, yaml, branch), "s1")).toContain("Restored");
  expect(await fixture.log(await run(start, yaml, other), "s2")).toBe("good\n");
  const merged = await run(start, yaml);
  expect(await fixture.log(merged, "s1")).toContain("made");
  expect(await fixture.log(merged, "s2")).toBe("good\n");
  // A branch that has nothing of its own takes what was merged.
  const third = commit(start, "third", { path: "c.txt", content: "c" });
  expect(await fixture.log(await run(start, yaml, third), "s1")).toContain("Restored");
  // The name of a ref makes nobody trusted: a tag may be called like the default branch.
  const lock = { path: "lock.txt", content: "two" };
  const evil = { path: "make.sh", content: "mkdir -p out; echo evil > out/x" };
  const named = { ref: "main", commit: commit(start, "evil", lock, evil).commit };
  expect(await fixture.log(await run(start, yaml, named), "s2")).toBe("evil\n");
  expect(await fixture.log(await run(start, yaml, commit(start, "main", lock)), "s2")).toBe("good\n");
});

test("W73 runs at the same time do not disturb each other, and nothing half stays", async () => {
  const project = await fixture.project({ "lock.txt": "one" });
  const slow = cached("echo made; mkdir -p out; head -c 3000000 /dev/urandom > out/big; cp lock.txt out/x");
  const runIds = await Promise.all([1, 2, 3].map(() => fixture.start(project, slow)));
  for (const runId of runIds) await fixture.until(runId, ["succeeded"]);
  const last = await run(project, slow);
  expect(await fixture.log(last, "s1")).toContain("Restored");
  expect(await fixture.log(last, "s2")).toBe("one");
  const directory = join(fixture.directory, "work/stepCache", project.id);
  expect(readdirSync(join(directory, "merged"))).toHaveLength(1);
});

test("W73 a worker that dies while it saves leaves nothing that could be restored", async () => {
  const own = await startEngineFixture();
  try {
    const made = await own.project({ "lock.txt": "one" });
    const doomed = await own.startWorker({ env: { CODER_CRASH_AT: "mid-cache-save" } });
    const runId = await own.start(
      made,
      make.replace("type: command, cache", "type: command, on_interrupt: retry, cache"),
    );
    await doomed.exited;
    const merged = join(own.directory, "work/stepCache", made.id, "merged");
    expect(readdirSync(merged).filter((name) => name.endsWith(".tar"))).toEqual([]);
    await own.startWorker();
    await own.until(runId, ended);
    expect(await own.run(runId)).toMatchObject({ status: "succeeded" });
    expect(readdirSync(merged).filter((name) => name.endsWith(".tar"))).toHaveLength(1);
  } finally {
    await own.close();
  }
});

test("W71 a plain install is cached by itself; with scripts of its own, or when it writes elsewhere, it is not", async () => {
  const lock = {
    name: "p",
    version: "1.0.0",
    lockfileVersion: 3,
    requires: true,
    packages: {
      "": { name: "p", version: "1.0.0", dependencies: { lib: "file:lib" } },
      lib: { version: "1.0.0" },
      "node_modules/lib": { resolved: "lib", link: true },
    },
  };
  const files = {
    "package.json": JSON.stringify({ name: "p", version: "1.0.0", dependencies: { lib: "file:lib" } }),
    "package-lock.json": JSON.stringify(lock),
    "lib/package.json": JSON.stringify({ name: "lib", version: "1.0.0" }),
  };
  const project = await fixture.project(files);
  const install = (command: string): string =>
    `name: T\nsteps:\n  - { type: command, command: ${command} }\n  - { type: command, command: test -e node_modules/lib/package.json }\n`;
  expect(await fixture.log(await run(project, install("npm ci")), "s1")).toContain("Saved node_modules");
  expect(await fixture.log(await run(project, install("npm ci")), "s1")).toContain("Restored node_modules");
  expect(await fixture.log(await run(project, install("npm ci && true")), "s1")).not.toContain("cache");
  expect(await fixture.log(await run(project, install("npm ci, cache: false")), "s1")).not.toContain("cache");
  const scripted = await fixture.project({
    ...files,
    "lib/package.json": JSON.stringify({ name: "lib", version: "1.0.0", scripts: { prepare: "true" } }),
  });
  expect(await fixture.log(await run(scripted, install("npm ci")), "s1")).not.toContain("cache");
  const unwritten = await fixture.project({
    ...files,
    "package-lock.json": JSON.stringify({
      ...lock,
      packages: undefined,
      lockfileVersion: 1,
      dependencies: {},
    }),
  });
  expect(await fixture.log(await run(unwritten, install("npm install")), "s1")).toContain(
    "Not cached: the command also wrote ./package-lock.json.",
  );
});
