import { access, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CoderError } from "../../../shared/errors.ts";
import { runGit as git } from "./runGit.ts";
import { secretsFile } from "./readLocalSecrets.ts";

export interface Snapshot {
  commit: string;
  branch: string;
  /** Whether the files differ from the commit that is checked out. */
  changed: boolean;
}

/** The nearest directory, from `cwd` up, that has workflow files; `cwd` itself where none has. */
export async function findProjectRoot(cwd: string): Promise<string> {
  for (let directory = resolve(cwd); ; directory = dirname(directory)) {
    if (await exists(join(directory, ".coder/workflows"))) return directory;
    if (directory === dirname(directory)) return resolve(cwd);
  }
}

/**
 * Commits the files of a directory as they are now (also what is not committed, but for what git ignores) into a
 * repository of ours. The user's own repository is only read: its objects are borrowed, the index is a copy, and no ref
 * of it moves.
 * @param bare the repository to make, at a path that is free.
 */
export async function takeSnapshot(root: string, bare: string): Promise<Snapshot> {
  const own = await readRepository(root);
  await mkdir(dirname(bare), { recursive: true });
  await git({}, ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", bare]);
  const index = join(bare, "coder-index");
  const env: Record<string, string> = { GIT_INDEX_FILE: index, GIT_OBJECT_DIRECTORY: join(bare, "objects") };
  if (own === undefined) {
    Object.assign(env, { GIT_DIR: bare, GIT_WORK_TREE: root });
    await mkdir(join(bare, "info"), { recursive: true });
    // Without a repository nobody has said what to ignore; packages are never sources.
    await writeFile(join(bare, "info/exclude"), "node_modules/\n");
  } else {
    const objects = join(own.commonDir, "objects");
    env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = objects;
    await mkdir(join(bare, "objects/info"), { recursive: true });
    await writeFile(join(bare, "objects/info/alternates"), `${objects}\n`);
    // The copy knows which files are unchanged, so that only the others are read.
    await copyIfThere(join(own.gitDir, "index"), index);
    await copyIfThere(join(own.commonDir, "shallow"), join(bare, "shallow"));
  }
  const at = { cwd: root, env };
  await git(at, ["add", "--all", "--", "."]);
  // Also where nothing ignores it: in a directory without git, or one whose workflows are below the repository's top.
  if (await exists(join(root, secretsFile)))
    await git(at, ["update-index", "--force-remove", "--", secretsFile]);
  const tree = await git(at, ["write-tree"]);
  const head = own?.head;
  const changed = head === undefined || (await git(at, ["rev-parse", `${head}^{tree}`])) !== tree;
  const commit = changed
    ? await git(at, [
        "commit-tree",
        "-m",
        "Files of the working tree",
        ...(head === undefined ? [] : ["-p", head]),
        tree,
      ])
    : head;
  const branch = own?.branch ?? "main";
  await git({}, ["--git-dir", bare, "update-ref", `refs/heads/${branch}`, commit]);
  await git({}, ["--git-dir", bare, "symbolic-ref", "HEAD", `refs/heads/${branch}`]);
  await rm(index, { force: true });
  return { commit, branch, changed };
}

interface OwnRepository {
  gitDir: string;
  /** Where worktrees of one repository share their objects. */
  commonDir: string;
  head: string | undefined;
  branch: string | undefined;
}

/** The repository whose top is the directory; undefined for any other directory. */
async function readRepository(root: string): Promise<OwnRepository | undefined> {
  const asked = ["rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir"];
  const answer = await git({ cwd: root }, asked).catch((error: unknown) => {
    if (error instanceof CoderError && error.code === "unavailable") throw error;
    return undefined;
  });
  const [top, gitDir, commonDir] = answer?.split("\n") ?? [];
  if (gitDir === undefined || commonDir === undefined || top !== root) return undefined;
  const ask = (args: string[]) => git({ cwd: root }, args).catch(() => undefined);
  const [head, branch] = await Promise.all([
    ask(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]),
    ask(["symbolic-ref", "--quiet", "--short", "HEAD"]),
  ]);
  // What the forge would not take as a branch is called main.
  const isPlain = branch !== undefined && /^[A-Za-z0-9][\w./-]{0,199}$/.test(branch);
  return { gitDir, commonDir, head, branch: isPlain ? branch : undefined };
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await copyFile(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
