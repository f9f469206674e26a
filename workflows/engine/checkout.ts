import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CoderError } from "../../shared/errors.ts";
import type { RunInfo } from "../steps/step.ts";

export interface Checkout {
  /** Makes an empty repository; quick, so that the sandbox can be opened over it while the files are fetched. */
  prepare(directory: string): Promise<void>;
  /** Fetches the repository and checks the run's commit out on its branch. `unavailable` with git's own words if it cannot. */
  fetch(
    directory: string,
    run: Pick<RunInfo, "orgSlug" | "projectSlug" | "ref" | "commit">,
    signal: AbortSignal,
  ): Promise<void>;
  /** Whether the run's commit is in the history of the default branch; to be asked before anything else works in there. */
  isMerged(directory: string, run: Pick<RunInfo, "defaultBranch" | "commit">): Promise<boolean>;
}

/**
 * Checkouts from the forge over smart HTTP. The key goes to git through its environment: it is in no argument list,
 * no configuration file and no log, and the sandbox does not share that environment.
 * @param remote URL of a project's repository; replaced in tests.
 */
export function makeCheckout(settings: {
  remote: (run: Pick<RunInfo, "orgSlug" | "projectSlug">) => string;
  serviceKey: string;
}): Checkout {
  const authorization = {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Bearer ${settings.serviceKey}`,
  };
  return {
    async prepare(directory) {
      if (existsSync(join(directory, ".git/config"))) return;
      await git(directory, ["init", "--quiet", "--template=", "."]);
      await git(directory, ["config", "gc.auto", "0"]);
      // There is one for each sandbox of the run to deny; where there is none, the first to end takes the denial with it.
      await mkdir(join(directory, ".git/hooks"), { recursive: true });
    },
    async fetch(directory, run, signal) {
      const remote = settings.remote(run);
      const refspecs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"];
      await git(directory, ["fetch", "--quiet", "--no-write-fetch-head", remote, ...refspecs], {
        env: authorization,
        signal,
      });
      // The commit may belong to no branch any more, after a forced push.
      const have = await git(directory, ["cat-file", "-e", `${run.commit}^{commit}`]).then(
        () => true,
        () => false,
      );
      if (!have)
        await git(directory, ["fetch", "--quiet", remote, run.commit], { env: authorization, signal });
      const branch =
        /^[A-Za-z0-9_][\w./-]*$/.test(run.ref) && !/^[0-9a-f]{40}$/.test(run.ref)
          ? ["-B", run.ref]
          : ["--detach"];
      await git(directory, ["checkout", "--quiet", "--force", ...branch, run.commit], { signal });
    },
    isMerged(directory, run) {
      const branch = `refs/remotes/origin/${run.defaultBranch}`;
      return git(directory, ["merge-base", "--is-ancestor", run.commit, branch]).then(
        () => true,
        () => false,
      );
    },
  };
}

/** Nothing of the machine's or the user's git configuration applies, and nothing in the repository is run. */
const cleanGit = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  GIT_ASKPASS: "/bin/false",
  LC_ALL: "C",
};

async function git(
  directory: string,
  args: string[],
  options: { env?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<void> {
  const env: Record<string, string> = {
    ...cleanGit,
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: directory,
    ...options.env,
  };
  for (const name of ["SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"]) {
    const value = process.env[name];
    if (value) env[name] = value;
  }
  const child = spawn(
    "git",
    ["-C", directory, "-c", "core.hooksPath=/dev/null", "-c", "init.defaultBranch=main", ...args],
    {
      env,
      stdio: ["ignore", "ignore", "pipe"],
      ...(options.signal ? { signal: options.signal } : {}),
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code !== 0)
    throw new CoderError("unavailable", `git ${args[0]} failed: ${said.trim() || `exit code ${code}`}`);
}
