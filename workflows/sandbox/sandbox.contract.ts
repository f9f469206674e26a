import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenSandbox, Sandbox, SandboxCommand, SandboxOptions } from "./sandbox.ts";

export interface OpenedSandbox {
  sandbox: Sandbox;
  root: string;
  options: SandboxOptions;
  /** Runs a command and answers its whole output. */
  run(
    command: string,
    more?: Partial<SandboxCommand>,
  ): Promise<{ exitCode: number; out: string; err: string }>;
}

/** Opens a sandbox over a fresh repository in a directory that `close` removes. */
export async function openForTest(
  open: OpenSandbox,
  more: Partial<SandboxOptions> = {},
): Promise<OpenedSandbox & { close(): Promise<void> }> {
  const root = mkdtempSync(join(tmpdir(), "coder-sandbox-test-"));
  const workDir = join(root, "run");
  await mkdir(join(workDir, "repo"), { recursive: true });
  execFileSync("git", ["init", "-q", join(workDir, "repo")]);
  const options: SandboxOptions = {
    runId: "run",
    workDir,
    cacheDir: join(root, "cache"),
    allowedDomains: [],
    env: { FROM_RUN: "run" },
    registry: "http://registry.invalid/",
    privateDirs: [root],
    ...more,
  };
  const sandbox = await open(options);
  return {
    sandbox,
    root,
    options,
    async run(command, more = {}) {
      let out = "";
      let err = "";
      const result = await sandbox.exec({
        command,
        ...more,
        onOutput: (stream, text) => {
          if (stream === "out") out += text;
          else err += text;
        },
      });
      return { exitCode: result.exitCode, out, err };
    },
    async close() {
      await sandbox.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** What every sandbox does, isolated or not. */
export function describeSandbox(name: string, open: OpenSandbox): void {
  describe(name, () => {
    let opened: Awaited<ReturnType<typeof openForTest>>;
    beforeAll(async () => {
      opened = await openForTest(open);
    });
    afterAll(() => opened.close());

    test("a command runs in the checkout, with its exit code and both streams", async () => {
      expect(await opened.run("pwd; echo oops >&2; exit 5")).toEqual({
        exitCode: 5,
        out: `${opened.sandbox.repoDir}\n`,
        err: "oops\n",
      });
    });

    test("a script stops at its first failing line", async () => {
      expect(await opened.run("echo a\nfalse\necho b")).toMatchObject({ exitCode: 1, out: "a\n" });
    });

    test("the environment is clean but for what was given", async () => {
      process.env.CODER_TEST_SECRET = "from the worker";
      const { out } = await opened.run("env", { env: { FROM_STEP: "step" } });
      delete process.env.CODER_TEST_SECRET;
      expect(out).not.toContain("NODE_COMPILE_CACHE");
      expect(out).toContain("FROM_RUN=run\n");
      expect(out).toContain("FROM_STEP=step\n");
      expect(out).not.toContain("from the worker");
      expect(out).not.toMatch(/^CODER_(SERVICE_KEY|DATABASE_URL)=/m);
    });

    test("HOME and the temporary directory are the run's own and can be written", async () => {
      const { out } = await opened.run('touch "$HOME/x" "$TMPDIR/y"; echo "$HOME"; echo "$TMPDIR"');
      expect(
        out
          .split("\n")
          .filter(Boolean)
          .every((path) => path.startsWith(opened.root)),
      ).toBe(true);
    });

    test("node and npm are those of the worker", async () => {
      const { out } = await opened.run("node -v; npm -v >/dev/null && echo npm");
      expect(out).toBe(`${process.version}\nnpm\n`);
    });

    test("git works in the checkout, and commits have an author", async () => {
      const { exitCode, out } = await opened.run(
        "git commit -q --allow-empty -m Made && git log --format=%an && git status --short",
      );
      expect({ exitCode, out }).toEqual({ exitCode: 0, out: "Coder\n" });
    });

    test("text outside of ASCII and long lines come through whole", async () => {
      const { out } = await opened.run("node -e \"process.stdout.write('ä€😀'.repeat(200000))\"");
      expect(out).toBe("ä€😀".repeat(200_000));
    });

    test("commands run side by side", async () => {
      const both = await Promise.all([
        opened.run("touch first; until test -e second; do sleep 0.02; done"),
        opened.run("touch second; until test -e first; do sleep 0.02; done"),
      ]);
      expect(both.map((one) => one.exitCode)).toEqual([0, 0]);
    });

    test("a command over its time is killed, also when it ignores TERM, with what it started", async () => {
      const startedAt = performance.now();
      const result = await opened.sandbox.exec({
        command: "trap '' TERM; sleep 60.123 & setsid sleep 60.123 & sleep 60.123; sleep 60.123",
        timeoutMs: 300,
      });
      expect(result).toMatchObject({ timedOut: true });
      expect(performance.now() - startedAt).toBeLessThan(3000);
      expect((await opened.run("pgrep -fx 'sleep 60.123' || true")).out).toBe("");
    });

    test("aborting kills, and aborting before the start starts nothing", async () => {
      const controller = new AbortController();
      const running = opened.sandbox.exec({ command: "sleep 60", signal: controller.signal });
      controller.abort();
      expect(await running).toMatchObject({ aborted: true });
      expect(await opened.sandbox.exec({ command: "touch never", signal: controller.signal })).toMatchObject({
        aborted: true,
      });
      await expect(opened.sandbox.read("never", 10)).rejects.toMatchObject({ code: "not_found" });
    });

    test("a background process does not keep a command from ending, and ends with it", async () => {
      const startedAt = performance.now();
      const { exitCode } = await opened.run(
        "(while true; do date +%N > beat; sleep 0.02; done) & setsid bash -c 'while true; do date +%N > beat2; sleep 0.02; done' & until test -s beat -a -s beat2; do sleep 0.02; done; exit 0",
      );
      expect(exitCode).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(5000);
      for (const file of ["beat", "beat2"]) {
        const before = Buffer.from(await opened.sandbox.read(file, 100)).toString();
        await opened.run("sleep 0.2");
        expect(Buffer.from(await opened.sandbox.read(file, 100)).toString()).toBe(before);
      }
    });

    test("files are listed, read and written inside; links are not listed", async () => {
      await opened.sandbox.write("made/a.txt", Buffer.from("content"));
      await opened.run("ln -s /etc/passwd made/link; mkdir made/skipped; touch made/skipped/x");
      expect(await opened.sandbox.list("made", { maxFiles: 10, skip: ["skipped"] })).toEqual([
        { path: "a.txt", size: 7 },
      ]);
      expect(Buffer.from(await opened.sandbox.read("made/a.txt", 7)).toString()).toBe("content");
      await expect(opened.sandbox.read("made/a.txt", 6)).rejects.toMatchObject({ code: "too_large" });
      await expect(opened.sandbox.read("made", 6)).rejects.toMatchObject({ code: "not_found" });
      await expect(opened.sandbox.list("made", { maxFiles: 0 })).rejects.toMatchObject({ code: "too_large" });
      await expect(opened.sandbox.list("nowhere", { maxFiles: 1 })).rejects.toMatchObject({
        code: "not_found",
      });
    });

    test("somebody who writes into the server's pipe cannot end another command or break the connection", async () => {
      await opened.run(
        'for p in /proc/[0-9]*; do if grep -q commandServer $p/cmdline 2>/dev/null; then printf \'{"id":1,"exit":0}\\nnot json\\n{}\\n\' > $p/fd/1 || true; fi; done 2>/dev/null; exit 0',
      );
      expect(await opened.run("echo still here")).toMatchObject({ out: "still here\n" });
    });
  });

  test(`${name}: after close nothing is left and calls are refused`, async () => {
    const opened = await openForTest(open);
    const running = opened.sandbox.exec({ command: "(setsid sleep 61 &); touch started; sleep 61" });
    const outcome = running.then(
      () => "ended",
      (error: unknown) => error,
    );
    await expect
      .poll(
        () =>
          stat(join(opened.sandbox.repoDir, "started")).then(
            () => true,
            () => false,
          ),
        { timeout: 5000 },
      )
      .toBe(true);
    await opened.close();
    expect(await outcome).toMatchObject({ code: "unavailable" });
    await expect(opened.sandbox.exec({ command: "true" })).rejects.toMatchObject({ code: "unavailable" });
    expect(await readFile(`/proc/${opened.sandbox.pid}/cmdline`, "utf8").catch(() => "gone")).toBe("gone");
  });
}

/** Plants a link in the checkout, from outside. */
export function plantLink(opened: OpenedSandbox, name: string, target: string): void {
  symlinkSync(target, join(opened.sandbox.repoDir, name));
}

/** A file beside the run's directory, as the installation's data is. */
export function plantSecret(opened: OpenedSandbox, name: string): string {
  const path = join(opened.root, name);
  writeFileSync(path, "a secret of the installation");
  return path;
}
