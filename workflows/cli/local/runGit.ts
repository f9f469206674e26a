import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CoderError } from "../../../shared/errors.ts";

const run = promisify(execFile);

/**
 * Runs git for the user's or our own repository; answers what it prints, without the last line break.
 * @throws CoderError `unavailable` where git is not installed, else `internal` with its words and as `cause` its exit `code`.
 */
export async function runGit(
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> },
  args: string[],
): Promise<string> {
  const author = { GIT_AUTHOR_NAME: "Coder", GIT_AUTHOR_EMAIL: "coder@localhost" };
  const committer = { GIT_COMMITTER_NAME: "Coder", GIT_COMMITTER_EMAIL: "coder@localhost" };
  // A variable of a git that called us (a hook) would name another repository.
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")),
  );
  try {
    const { stdout } = await run(
      "git",
      ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", ...args],
      {
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...inherited, ...author, ...committer, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C", ...env },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    return stdout.trimEnd();
  } catch (cause) {
    const { code, stderr = "" } = cause as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT")
      throw new CoderError("unavailable", "git is not installed; it is needed to run workflows", { cause });
    throw new CoderError("internal", `git ${args[0]} failed: ${stderr.trim()}`, { cause });
  }
}
