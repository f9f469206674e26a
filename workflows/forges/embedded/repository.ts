import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CoderError } from "../../../shared/errors.ts";
import type {
  Author,
  CommitInfo,
  CommitRequest,
  Diff,
  Files,
  LogPage,
  MergeRequest,
  Refs,
  Tag,
  TagRequest,
  Tree,
} from "../forge.ts";
import { fastImportStream, type ImportedFile } from "./fastImport.ts";
import { git, type GitOptions, type GitResult } from "./git.ts";
import type { RefMove } from "./refMove.ts";
import { branchName } from "./repositoryPath.ts";

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const maxPatchBytes = 5_000_000;
const maxFilesBytes = 30_000_000;

/** One bare repository on this machine's disk. Every write moves a ref by compare-and-swap. */
export class Repository {
  readonly directory: string;
  readonly defaultBranch: string;
  /** The branches that were moved through this object, in order. */
  readonly moves: RefMove[] = [];

  constructor(directory: string, defaultBranch: string) {
    this.directory = directory;
    this.defaultBranch = branchName(defaultBranch);
  }

  get exists(): boolean {
    return existsSync(join(this.directory, "HEAD"));
  }

  /** Idempotent. */
  async create(): Promise<void> {
    await git(["init", "--quiet", "--bare", `--initial-branch=${this.defaultBranch}`, this.directory]);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** Commit of a branch, tag or full sha; null if there is none. */
  async resolve(ref: string): Promise<string | null> {
    const candidates = /^[0-9a-f]{40}$/.test(ref)
      ? [ref]
      : [`refs/heads/${branchName(ref)}`, `refs/tags/${ref}`];
    for (const candidate of candidates) {
      const found = await this.#git(
        ["rev-parse", "--verify", "--quiet", "--end-of-options", `${candidate}^{commit}`],
        {
          expected: [0, 1, 128],
        },
      );
      if (found.exitCode === 0) return found.stdout.toString().trim();
    }
    return null;
  }

  async refs(): Promise<Refs> {
    const { stdout } = await this.#git([
      "for-each-ref",
      "--format=%(objectname) %(refname:short)",
      "refs/heads",
    ]);
    const refs = lines(stdout).map((line) => ({ commit: line.slice(0, 40), name: line.slice(41) }));
    return {
      defaultBranch: this.defaultBranch,
      head: refs.find((ref) => ref.name === this.defaultBranch)?.commit ?? null,
      refs,
    };
  }

  async tree(ref: string): Promise<Tree> {
    const commit = await this.#require(ref);
    const { stdout } = await this.#git(["ls-tree", "-r", "-l", "-z", commit]);
    const entries = stdout
      .toString()
      .split("\0")
      .filter((line) => line !== "")
      .flatMap((line) => {
        const tab = line.indexOf("\t");
        const [mode = "", type, sha = "", size] = line.slice(0, tab).split(/ +/);
        return type === "blob" ? [{ path: line.slice(tab + 1), mode, sha, size: Number(size) }] : [];
      });
    return { commit, entries };
  }

  async blob(ref: string, path: string): Promise<Uint8Array> {
    const commit = await this.#require(ref);
    const found = await this.#git(["cat-file", "blob", `${commit}:${path}`], { expected: [0, 128] });
    if (found.exitCode !== 0) throw new CoderError("not_found", `There is no file ${path} at ${ref}`);
    return found.stdout;
  }

  /** Every file with its content, in one process. What would pass 30 MB in all is listed in `skipped`. */
  async files(ref: string): Promise<Files> {
    const { commit, entries } = await this.tree(ref);
    const kept: Tree["entries"] = [];
    const skipped: Files["skipped"] = [];
    let bytes = 0;
    for (const entry of entries) {
      if (bytes + entry.size > maxFilesBytes) skipped.push({ path: entry.path, size: entry.size });
      else {
        kept.push(entry);
        bytes += entry.size;
      }
    }
    const input = Buffer.from(kept.map((entry) => `${entry.sha}\n`).join(""));
    const { stdout } = await this.#git(["cat-file", "--batch"], { input });
    let offset = 0;
    const files = kept.map((entry) => {
      const start = stdout.indexOf(10, offset) + 1;
      offset = start + entry.size + 1;
      return {
        path: entry.path,
        mode: entry.mode,
        content: stdout.subarray(start, start + entry.size).toString("base64"),
      };
    });
    return { commit, files, skipped };
  }

  async log(ref: string, page: LogPage): Promise<CommitInfo[]> {
    const from =
      page.before === undefined ? await this.#require(ref) : `${await this.#require(page.before)}^@`;
    const { stdout } = await this.#git([
      "log",
      `--max-count=${Math.min(Math.max(page.limit, 1), 500)}`,
      "--format=%H%x00%P%x00%an%x00%ae%x00%aI%x00%B%x00%x1e",
      from,
      ...(page.since === undefined ? [] : [`^${await this.#require(page.since)}`]),
      "--",
      ...(page.path === undefined ? [] : [`:(literal)${page.path}`]),
    ]);
    return stdout
      .toString()
      .split("\x1e")
      .map((record) => record.replace(/^\n/, "").split("\0"))
      .flatMap(([sha, parents, author, email, at, message]) =>
        sha && at
          ? [
              {
                sha,
                parents: (parents ?? "").split(" ").filter((parent) => parent !== ""),
                author: author ?? "",
                email: email ?? "",
                at,
                message: (message ?? "").trimEnd(),
              },
            ]
          : [],
      );
  }

  async diff(base: string, head: string): Promise<Diff> {
    const [baseCommit, headCommit] = [await this.#require(base), await this.#require(head)];
    const found = await this.#git(["merge-base", baseCommit, headCommit], { expected: [0, 1] });
    // Unrelated histories: everything of the head is new.
    const mergeBase = found.exitCode === 0 ? found.stdout.toString().trim() : emptyTree;
    const range = ["-M", "-z", "--no-ext-diff", "--no-textconv", mergeBase, headCommit];
    const [status, numbers, patch] = await Promise.all([
      this.#git(["diff", "--name-status", ...range]),
      this.#git(["diff", "--numstat", ...range]),
      this.#git(["diff", "--no-color", "-M", "--no-ext-diff", "--no-textconv", mergeBase, headCommit]),
    ]);
    const counts = numberOfLines(numbers.stdout.toString());
    const files = statusOfFiles(status.stdout.toString()).map((file) => ({
      ...file,
      ...(counts.get(file.path) ?? { additions: 0, deletions: 0, binary: false }),
    }));
    return {
      base: baseCommit,
      head: headCommit,
      mergeBase,
      files,
      patch: patch.stdout.subarray(0, maxPatchBytes).toString(),
      truncated: patch.stdout.length > maxPatchBytes,
    };
  }

  async commit(request: CommitRequest, author: Author): Promise<string> {
    const branch = branchName(request.branch);
    const current = await this.resolve(branch);
    if (request.expectedHead !== undefined && request.expectedHead !== current)
      throw new CoderError(
        "conflict",
        `${branch} has moved: it is at ${current ?? "nothing"}, not at ${request.expectedHead ?? "nothing"}`,
        {
          details: { head: current },
        },
      );
    const from = current ?? (await this.resolve(request.base ?? this.defaultBranch));
    const modes = new Map(
      from === null ? [] : (await this.tree(from)).entries.map((entry) => [entry.path, entry.mode]),
    );
    const files = request.files.flatMap((file): ImportedFile[] => {
      // Deleting what is not there is what the caller wanted.
      if (file.content === null) return modes.has(file.path) ? [{ path: file.path, content: null }] : [];
      const content = Buffer.from(file.content, file.encoding ?? "utf8");
      return [{ path: file.path, content, mode: modes.get(file.path) === "100755" ? "100755" : "100644" }];
    });
    return this.importCommit({ branch, current, from, author, message: request.message, files });
  }

  /** Writes a commit and moves the branch from `current` to it; a lost race is `conflict`. */
  async importCommit(commit: {
    branch: string;
    current: string | null;
    from: string | null;
    author: Author;
    message: string;
    files: Iterable<ImportedFile>;
  }): Promise<string> {
    // fast-import writes a ref of its own, so that the branch moves only by compare-and-swap.
    const ref = `refs/coder/import/${randomUUID()}`;
    try {
      await this.#git(["fast-import", "--quiet", "--done"], {
        input: fastImportStream({ ...commit, ref, at: new Date() }),
        timeoutMs: 120_000,
      });
      const { stdout } = await this.#git(["rev-parse", "--verify", ref]);
      const created = stdout.toString().trim();
      await this.#moveBranch(commit.branch, created, commit.current);
      return created;
    } finally {
      await this.#git(["update-ref", "-d", ref], { expected: [0, 1, 128] });
    }
  }

  async merge(request: MergeRequest, author: Author): Promise<string> {
    const into = await this.#require(request.into);
    const head = await this.#require(request.head);
    if (head !== request.expectedHead)
      throw new CoderError(
        "conflict",
        `${request.head} has moved to ${head} since it was reviewed at ${request.expectedHead}`,
        {
          details: { head },
        },
      );
    const merged = await this.#git(["merge-base", "--is-ancestor", head, into], { expected: [0, 1] });
    if (merged.exitCode === 0) return into;
    const tried = await this.#git(
      ["merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", into, head],
      { expected: [0, 1] },
    );
    const [tree = "", ...paths] = tried.stdout.toString().split("\0");
    if (tried.exitCode === 1) {
      const conflicts = [...new Set(paths.filter((path) => path !== ""))];
      throw new CoderError(
        "conflict",
        `${request.head} and ${request.into} both changed ${conflicts.join(", ")}`,
        {
          details: { conflicts },
        },
      );
    }
    const { stdout } = await this.#git(["commit-tree", tree, "-p", into, "-p", head, "-m", request.message], {
      env: identity(author),
    });
    const commit = stdout.toString().trim();
    await this.#moveBranch(request.into, commit, into);
    return commit;
  }

  async deleteBranch(branch: string): Promise<void> {
    if (branch === this.defaultBranch)
      throw new CoderError("forbidden", `${branch} is the default branch; it cannot be deleted`);
    const before = await this.resolve(branch);
    if (before === null) return;
    await this.#git(["update-ref", "-d", `refs/heads/${branchName(branch)}`]);
    this.moves.push({ branch, before, after: null });
  }

  /** Every tag with the commit that it is on. */
  async tags(): Promise<Tag[]> {
    const format = "--format=%(refname:short)%00%(objectname)%00%(*objectname)";
    const { stdout } = await this.#git(["for-each-ref", format, "refs/tags"]);
    return lines(stdout).map((line) => {
      const [name = "", own = "", peeled = ""] = line.split("\0");
      return { name, commit: peeled === "" ? own : peeled };
    });
  }

  async tag(request: TagRequest, author: Author): Promise<void> {
    const commit = await this.#require(request.commit);
    const existing = (await this.tags()).find((one) => one.name === request.name);
    if (existing?.commit === commit) return;
    if (existing !== undefined)
      throw new CoderError("conflict", `The tag ${request.name} is on ${existing.commit} already`);
    await this.#git(["tag", "--annotate", "--message", request.message, request.name, commit], {
      env: identity(author),
    });
  }

  /** The tree as a zip. */
  async archive(ref: string): Promise<Uint8Array> {
    const { stdout } = await this.#git(["archive", "--format=zip", await this.#require(ref)]);
    return stdout;
  }

  async #moveBranch(branch: string, to: string, from: string | null): Promise<void> {
    const zero = "0".repeat(40);
    const moved = await this.#git(["update-ref", `refs/heads/${branch}`, to, from ?? zero], {
      expected: [0, 1, 128],
    });
    if (moved.exitCode !== 0)
      throw new CoderError("conflict", `${branch} moved while this was written; fetch and try again`, {
        cause: moved.stderr,
      });
    if (from !== to) this.moves.push({ branch, before: from, after: to });
  }

  async #require(ref: string): Promise<string> {
    const commit = await this.resolve(ref);
    if (commit === null) throw new CoderError("not_found", `There is no branch or commit ${ref}`);
    return commit;
  }

  #git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    return git(args, { cwd: this.directory, ...options });
  }
}

function identity(author: Author): Record<string, string> {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
  };
}

function lines(output: Buffer): string[] {
  return output
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

const statusNames: Record<string, Diff["files"][number]["status"]> = {
  A: "added",
  M: "modified",
  D: "deleted",
  R: "renamed",
  C: "copied",
  T: "type_changed",
};

/** `git diff --name-status -z`: status NUL path NUL, with two paths after R and C. */
function statusOfFiles(
  output: string,
): { path: string; oldPath?: string; status: Diff["files"][number]["status"] }[] {
  const fields = output.split("\0");
  const files: ReturnType<typeof statusOfFiles> = [];
  for (let index = 0; index + 1 < fields.length;) {
    const letter = (fields[index] ?? "").charAt(0);
    const status = statusNames[letter] ?? "modified";
    if (letter === "R" || letter === "C") {
      files.push({ status, oldPath: fields[index + 1] ?? "", path: fields[index + 2] ?? "" });
      index += 3;
    } else {
      files.push({ status, path: fields[index + 1] ?? "" });
      index += 2;
    }
  }
  return files;
}

/** `git diff --numstat -z`: "added TAB deleted TAB path NUL"; a rename has an empty path, then old NUL new NUL. */
function numberOfLines(
  output: string,
): Map<string, { additions: number; deletions: number; binary: boolean }> {
  const counts: ReturnType<typeof numberOfLines> = new Map();
  const fields = output.split("\0");
  for (let index = 0; index < fields.length; index += 1) {
    const [added, deleted, path] = (fields[index] ?? "").split("\t");
    if (added === undefined || deleted === undefined || path === undefined) continue;
    const name = path === "" ? (fields[index + 2] ?? "") : path;
    if (path === "") index += 2;
    counts.set(name, {
      additions: Number(added) || 0,
      deletions: Number(deleted) || 0,
      binary: added === "-",
    });
  }
  return counts;
}
