import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";

const run = promisify(execFile);
const systemTools = fileURLToPath(new URL("./systemTools.ts", import.meta.url));

/*
 * A process of its own whose PATH has an apt-get that notes what it is asked and installs into the test's directory:
 * packages of the machine are other tests' sandbox. As root, or as root of a user namespace of its own.
 */
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "coder-tools-"));
  await mkdir(join(directory, "bin"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  const path = join(directory, "bin", name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** What `missingToolPackages` and `provideTools` say, and what apt-get was asked, in order. */
async function provide(env: Record<string, string> = {}) {
  const code = `
    const { missingToolPackages, provideTools } = await import(${JSON.stringify(systemTools)});
    const missing = missingToolPackages();
    const outcome = await provideTools(missing);
    process.stdout.write(JSON.stringify({ missing, outcome, missingAfter: missingToolPackages() }));`;
  const node = [process.execPath, "--input-type=module", "--eval", code];
  const [file = "", ...args] = userInfo().uid === 0 ? node : ["/usr/bin/unshare", "--map-root-user", ...node];
  const { stdout } = await run(file, args, {
    env: { PATH: join(directory, "bin"), DIRECTORY: directory, ...env },
  });
  const asked = await readFile(join(directory, "asked"), "utf8").catch(() => "");
  return { ...(JSON.parse(stdout) as object), asked: asked.trim().split("\n") };
}

const note = 'echo "$DEBIAN_FRONTEND $*" >> "$DIRECTORY/asked"';
const programs = 'for name in bwrap socat; do : > "$DIRECTORY/bin/$name"; done';

test("as root on a system with apt, what is missing is installed", async () => {
  await program("rg", "");
  await program("apt-get", `${note}\n${programs}`);
  expect(await provide()).toEqual({
    missing: ["bubblewrap", "socat"],
    outcome: { installed: true },
    missingAfter: [],
    asked: ["noninteractive install -y --no-install-recommends bubblewrap socat"],
  });
});

test("the lists of a fresh image are fetched first", async () => {
  await program("rg", "");
  await program(
    "apt-get",
    `${note}
if [ "$1" = update ]; then : > "$DIRECTORY/lists"; exit 0; fi
[ -e "$DIRECTORY/lists" ] || { echo "E: Unable to locate package socat" >&2; exit 100; }
${programs}`,
  );
  expect(await provide()).toMatchObject({
    outcome: { installed: true },
    missingAfter: [],
    asked: [
      "noninteractive install -y --no-install-recommends bubblewrap socat",
      "noninteractive update",
      "noninteractive install -y --no-install-recommends bubblewrap socat",
    ],
  });
});

test("an installation that fails, or that brings nothing, says why and which command would do it", async () => {
  await program("apt-get", `${note}\necho "E: Could not get lock" >&2\nexit 100`);
  expect(await provide()).toMatchObject({
    outcome: {
      installed: false,
      advice: expect.stringMatching(
        /^Workflow runs need bubblewrap, socat, ripgrep for their sandbox; install with: .*apt-get install -y bubblewrap socat ripgrep \(tried: E: Could not get lock\)$/,
      ) as string,
    },
  });
  await program("apt-get", note);
  expect(await provide()).toMatchObject({
    outcome: { installed: false, advice: expect.stringContaining("install with:") as string },
  });
});

test("nothing is installed where nothing is missing, or where the sandbox is switched off", async () => {
  await program("apt-get", note);
  expect(await provide({ CODER_SANDBOX: "none" })).toMatchObject({
    outcome: { installed: false },
    asked: [""],
  });
  for (const name of ["bwrap", "socat", "rg"]) await program(name, "");
  expect(await provide()).toMatchObject({ missing: [], outcome: { installed: false }, asked: [""] });
});
