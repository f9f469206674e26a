import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { auditHeadText, auditLineText } from "../../shared/audit/auditLine.ts";
import { firstHash, hashOfEntry } from "../../shared/audit/verifyAuditChain.ts";
import { makeHome } from "./testing.ts";

/** The commands that need no server and no engine, as processes of the installed command. */

const home = makeHome();
const { coder } = home;
afterAll(() => home.close());

const good = `name: CI
triggers: [{ type: manual }]
steps:
  - { step_id: test, type: command, command: npm test }
`;
const bad = good.replace("type: manual", "type: manuel");
const ciPath = ".coder/workflows/ci.yaml";

describe("coder", () => {
  test("help and version end with 0, what cannot be meant with 2", async () => {
    const help = await coder(["--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["init", "lint", "run", "list", "logs", "approve", "cancel", "rerun", "login"])
      expect(help.stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    const version = await coder(["version"]);
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(JSON.parse((await coder(["version", "--json"])).stdout)).toEqual({
      coder: version.stdout.trim(),
      node: expect.stringMatching(/^\d+\./),
    });
    const wrong = await coder(["lnit"]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain("Did you mean one of init, lint?");
    expect((await coder(["lint", "--nope"])).code).toBe(2);
    expect((await coder(["run"])).code).toBe(2);
  });

  test("starts from an older Node with the packaged one", async () => {
    const node = "/usr/bin/node";
    const found = existsSync(node) ? node : process.execPath;
    expect(await coder(["version"], { node: found })).toMatchObject({ code: 0 });
  });

  test("without a server: says which one does not answer, and ends with 4", async () => {
    const env = { CODER_URL: "http://127.0.0.1:9", CODER_TOKEN: `cpt_${"a".repeat(43)}` };
    expect(await coder(["list"], { env })).toEqual({
      code: 4,
      stdout: "",
      stderr: "The server does not answer; is it running?\n",
    });
    const signedOut = await coder(["whoami"]);
    expect(signedOut.code).toBe(3);
    expect(signedOut.stderr).toContain("run coder login");
  });

  test("a reader that goes away early ends it without a word", async () => {
    const child = home.start({ args: ["--help"] });
    child.stdout!.destroy();
    let stderr = "";
    child.stderr!.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    await once(child, "close");
    expect(stderr).toBe("");
  });
});

describe("coder lint", () => {
  test("looks at the files of the directory; errors end with 1, with place and nearest name", async () => {
    const cwd = home.project({ [ciPath]: bad, ".coder/workflows/ok.yaml": good });
    const { code, stdout, stderr } = await coder(["lint"], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^error \.coder\/workflows\/ci\.yaml:2:\d+ .*manuel/);
    expect(stderr).toBe("2 files, 1 error, 0 warnings\n");
    expect((await coder(["lint", ".coder/workflows/ok.yaml"], { cwd })).code).toBe(0);
    const json = await coder(["lint", "--json"], { cwd });
    expect(JSON.parse(json.stdout)).toMatchObject({
      files: [{ path: ciPath, problems: [{ severity: "error", line: 2 }] }, { problems: [] }],
      errors: 1,
      warnings: 0,
    });
  });

  test("a file that is not there ends with 3; names and text cannot move the terminal", async () => {
    const cwd = home.project({
      [ciPath]: good.replace("CI", '"\\e]0;title\\a\\e[2J"').replace("test,", '"\\e[2J",'),
    });
    expect(await coder(["lint", "none.yaml"], { cwd })).toMatchObject({
      code: 3,
      stderr: "There is no file none.yaml\n",
    });
    const hostile = await coder(["lint"], { cwd, env: { FORCE_COLOR: "1" } });
    // Its own colours only.
    const own = ["\u001b[31m", "\u001b[33m", "\u001b[39m"];
    const rest = own.reduce((text, style) => text.replaceAll(style, ""), hostile.stdout);
    expect(rest).not.toContain("\u001b");
  });

  test("colours only where they are wanted", async () => {
    const cwd = home.project({ [ciPath]: bad });
    const colour = (env: Record<string, string>) => coder(["lint"], { cwd, env });
    expect((await colour({ FORCE_COLOR: "1" })).stdout).toContain("\u001b[31merror");
    expect((await colour({ NO_COLOR: "1" })).stdout).not.toContain("\u001b");
  });
});

describe("coder init --local", () => {
  test("proposes what fits the directory, and writes it when asked", async () => {
    const packageJson = { name: "shop", scripts: { test: "node --test", build: "node build.js" } };
    const cwd = home.project({ "package.json": JSON.stringify(packageJson), "shop.test.js": "" });
    const shown = await coder(["init", "--local", "--json"], { cwd });
    expect(shown.code).toBe(0);
    const { files } = JSON.parse(shown.stdout) as { files: { path: string; content: string }[] };
    expect(files.map((file) => file.path)).toContain(ciPath);
    expect(existsSync(join(cwd, ciPath))).toBe(false);
    expect((await coder(["init", "--local", "--write"], { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, ciPath), "utf8")).toBe(files[0]!.content);
    expect((await coder(["lint"], { cwd })).code).toBe(0);
    const again = await coder(["init", "--local", "--json"], { cwd });
    expect(
      (JSON.parse(again.stdout) as { files: { path: string }[] }).files.map((one) => one.path),
    ).not.toContain(ciPath);
  });
});

describe("coder init --template", () => {
  test("writes a template for the directory's stack, over nothing that is there", async () => {
    const packageJson = { name: "shop", scripts: { test: "node --test" } };
    const cwd = home.project({ "package.json": JSON.stringify(packageJson), "pnpm-lock.yaml": "" });
    const written = await coder(["init", "--template", "ci"], { cwd });
    expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining("coder run ci --local") });
    const text = readFileSync(join(cwd, ciPath), "utf8");
    expect(text).toContain("corepack pnpm run test");
    expect(text).not.toContain("step_id: build");
    expect((await coder(["lint"], { cwd })).code).toBe(0);

    writeFileSync(join(cwd, ciPath), good);
    const again = await coder(["init", "--template", "ci"], { cwd });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toMatch(/\.coder\/workflows\/ci\.yaml .*--force/);
    expect(readFileSync(join(cwd, ciPath), "utf8")).toBe(good);
    expect((await coder(["init", "--template", "ci", "--force"], { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, ciPath), "utf8")).toBe(text);
  });

  test("tells what fits; an unknown id is answered with the nearest, one that does not fit with why", async () => {
    const cwd = home.project({ "requirements.txt": "" });
    const listed = await coder(["init", "--list-templates", "--json"], { cwd });
    const { stack, templates } = JSON.parse(listed.stdout) as {
      stack: string;
      templates: { id: string; fits: boolean }[];
    };
    expect(stack).toBe("Python");
    expect(templates.find(({ id }) => id === "dependency-bump")).toMatchObject({
      fits: false,
      missing: ["no command that raises its dependencies"],
    });
    expect((await coder(["init", "--list-templates"], { cwd })).stdout).toContain("needs a model");
    const unknown = await coder(["init", "--template", "relase-train"], { cwd });
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('"release-train"') });
    const unfit = await coder(["init", "--template", "dependency-bump"], { cwd });
    expect(unfit).toMatchObject({ code: 2, stderr: expect.stringContaining("no command that raises") });
    expect(existsSync(join(cwd, ".coder"))).toBe(false);
  });
});

describe("coder completion", () => {
  test("suggests commands, options and workflow names from the commands themselves", async () => {
    const cwd = home.project({ [ciPath]: good, ".coder/workflows/release.yaml": good });
    const suggest = async (...words: string[]) =>
      (await coder(["__complete", "--", ...words], { cwd })).stdout.split("\n").filter((word) => word !== "");
    expect(await suggest("lo")).toEqual(["logs", "login", "logout"]);
    expect(await suggest("run", "")).toEqual(["ci", "release"]);
    expect(await suggest("run", "--dr")).toEqual(["--dry-run"]);
    expect(await suggest("lint", ".coder/workflows/r")).toEqual([".coder/workflows/release.yaml"]);
    expect(await suggest("init", "--template", "re")).toEqual(["release-train", "review-bot"]);
    expect(await suggest("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  test("the scripts are what their shells take", async () => {
    const bash = await coder(["completion", "bash"]);
    expect(bash).toMatchObject({ code: 0, stderr: "" });
    expect(bash.stdout).toContain("complete -o default -F _coder coder");
    expect((await coder(["completion", "fish"])).stdout).toContain("complete -c coder");
    expect((await coder(["completion", "cmd"])).code).toBe(2);
  });
});

describe("coder import and export", () => {
  test("a GitHub Actions file comes in with a report, and goes out again", async () => {
    const actions =
      "on: push\njobs:\n  test:\n    runs-on: windows-latest\n    steps:\n      - run: npm test\n";
    const cwd = home.project({ ".github/workflows/checks.yml": actions });
    const shown = await coder(["import", "actions", ".github/workflows/checks.yml", "--json"], { cwd });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      path: ".coder/workflows/checks.yaml",
      text: expect.stringContaining("npm test"),
    });
    expect(
      (await coder(["import", "actions", ".github/workflows/checks.yml", "--write"], { cwd })).code,
    ).toBe(0);
    // What is there already is nobody's to overwrite.
    expect(
      (await coder(["import", "actions", ".github/workflows/checks.yml", "--write"], { cwd })).code,
    ).toBe(1);
    const exported = await coder(["export", "actions", "checks"], { cwd });
    expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining("run: npm test") });
  });
});

describe("coder explain", () => {
  test("names the workflows that fire, and the clause that rejects each of the others", async () => {
    const onPush = (filter: string) =>
      good.replace("{ type: manual }", `{ type: repo_event, event: push${filter} }`);
    const cwd = home.project({
      [ciPath]: onPush(', paths: ["src/**"]'),
      ".coder/workflows/docs.yaml": onPush(', paths: ["docs/**"]'),
      "push.json": JSON.stringify({
        event: "push",
        branch: "main",
        commit: "a".repeat(40),
        paths: ["src/a.ts"],
      }),
    });
    const json = await coder(["explain", "push.json", "--json"], { cwd });
    expect(json).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(json.stdout)).toMatchObject({
      event: "push",
      workflows: [
        { kind: "fires", path: ciPath, trigger: 0 },
        { kind: "rejected", clauses: [{ clause: expect.stringContaining("paths") }] },
      ],
    });
    const piped = await coder(["explain", "-"], { cwd, input: '{"event":"pusch"}' });
    expect(piped).toMatchObject({ code: 2, stderr: expect.stringContaining('"pusch"') });
  });
});

describe("coder audit verify", () => {
  test("a whole export is right; a line that was dropped is found, with its place", async () => {
    const lines: string[] = [];
    let prevHash = firstHash;
    for (let seq = 1; seq <= 3; seq++) {
      const base = {
        seq,
        at: "2026-11-21T00:00:00.000000Z",
        orgId: "o",
        actor: "system",
        action: "deploy.prod",
        rule: "default",
      };
      const entry = JSON.stringify({ ...base, decision: "allow" });
      const hash = hashOfEntry(prevHash, entry);
      lines.push(
        auditLineText({ ...base, decision: "allow", projectId: null, runId: null, entry, prevHash, hash }),
      );
      prevHash = hash;
    }
    lines.push(auditHeadText({ seq: 3, hash: prevHash }));
    const cwd = home.project({ "export.jsonl": `${lines.join("\n")}\n` });
    const whole = await coder(["audit", "verify", "export.jsonl", "--expect", `3:${prevHash}`], { cwd });
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining("3 entries") });
    const input = lines.toSpliced(1, 1).join("\n");
    const dropped = await coder(["audit", "verify", "-", "--json"], { cwd, input });
    expect(dropped.code).toBe(1);
    expect(JSON.parse(dropped.stdout)).toMatchObject({ ok: false, line: 2 });
    expect((await coder(["audit", "verify", "none.jsonl"], { cwd })).code).toBe(3);
  });
});
