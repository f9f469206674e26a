import { git } from "./git.ts";

/** A branch that went from one commit to another; `before` is null for a new one, `after` for a deleted one. */
export interface RefMove {
  branch: string;
  before: string | null;
  after: string | null;
}

/** What the event of a push tells beside the move itself. */
export interface DescribedMove extends RefMove {
  /** What the push brought, newest first, at most 50. */
  commits: { sha: string; message: string; author: string }[];
  /** Every path that differs, both names of a renamed one; left out past 1,000. */
  paths?: string[];
}

const maxCommits = 50;
const maxMessage = 500;
const maxPaths = 1000;
/** Of one push no more branches are looked into: a mirror of thousands would hold the next push for minutes. */
export const maxDescribed = 100;

/**
 * What a push brought to a branch: over where it was, or for a new branch over what it shares with `defaultHead`.
 * What git cannot tell (an old head that is gone) is left out.
 */
export async function describeMove(
  directory: string,
  move: RefMove,
  defaultHead: string | null,
): Promise<DescribedMove> {
  if (move.after === null) return { ...move, commits: [] };
  const known = move.before ?? (defaultHead === move.after ? null : defaultHead);
  const base = move.before ?? (known === null ? null : await mergeBase(directory, known, move.after));
  const commits = await commitsBetween(directory, known, move.after);
  const paths = await changedPaths(directory, base, move.after);
  return { ...move, commits, ...(paths === undefined ? {} : { paths }) };
}

/**
 * Where a head first became part of `after`, if it was not part of `before` yet: the earliest commit of the branch's own
 * line that holds it. Null if this move did not bring it in.
 */
export async function mergedBy(directory: string, move: RefMove, head: string): Promise<string | null> {
  if (move.after === null || move.before === null) return null;
  const isPartOf = async (commit: string) =>
    (await git(["merge-base", "--is-ancestor", head, commit], { cwd: directory, expected: [0, 1, 128] }))
      .exitCode === 0;
  if (!(await isPartOf(move.after)) || (await isPartOf(move.before))) return null;
  const { stdout } = await git(["rev-list", "--first-parent", "--ancestry-path", `${head}..${move.after}`], {
    cwd: directory,
  });
  // Nothing after it: the branch was moved to the head itself.
  return stdout.toString().trim().split("\n").at(-1) || head;
}

async function mergeBase(directory: string, one: string, other: string): Promise<string | null> {
  const found = await git(["merge-base", one, other], { cwd: directory, expected: [0, 1, 128] });
  return found.exitCode === 0 ? found.stdout.toString().trim() : null;
}

async function commitsBetween(
  directory: string,
  known: string | null,
  after: string,
): Promise<DescribedMove["commits"]> {
  const { exitCode, stdout } = await git(
    [
      "log",
      `--max-count=${maxCommits}`,
      "--format=%H%x00%an%x00%B%x1e",
      after,
      ...(known === null ? [] : [`^${known}`]),
      "--",
    ],
    { cwd: directory, expected: [0, 128] },
  );
  if (exitCode !== 0) return [];
  return stdout
    .toString()
    .split("\x1e")
    .map((record) => record.replace(/^\n/, "").split("\0"))
    .flatMap(([sha, author, message]) =>
      sha ? [{ sha, author: author ?? "", message: (message ?? "").trimEnd().slice(0, maxMessage) }] : [],
    );
}

async function changedPaths(
  directory: string,
  base: string | null,
  after: string,
): Promise<string[] | undefined> {
  const args =
    base === null
      ? ["ls-tree", "-r", "--name-only", "-z", after]
      : ["diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", base, after, "--"];
  const { exitCode, stdout } = await git(args, { cwd: directory, expected: [0, 128] });
  if (exitCode !== 0) return undefined;
  const paths = stdout
    .toString()
    .split("\0")
    .filter((path) => path !== "");
  return paths.length > maxPaths ? undefined : paths;
}
