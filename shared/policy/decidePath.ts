import picomatch from "picomatch";
import type { Policies } from "../workflow/schema.ts";
import type { Decision } from "./decision.ts";

/**
 * Which paths of a repository may be written. A path is refused before any rule is asked when it could mean another
 * file than it says: on another file system, to git, or after normalisation.
 */

export type NormalPath = { ok: true; path: string } | { ok: false; reason: string };

/** A repository path in its one spelling (NFC, `/`, no `.` or `..`), or why it has none. */
export function normalizePath(path: string): NormalPath {
  const reason = pathProblem(path);
  return reason === undefined ? { ok: true, path: path.normalize("NFC") } : { ok: false, reason };
}

const maxPathLength = 4096;

function pathProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.length > maxPathLength) return `it is longer than ${maxPathLength} characters`;
  if (!path.isWellFormed() || /\p{Cc}/u.test(path)) return "it holds control characters";
  if (path.includes("\\")) return "it has a backslash";
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return "it is absolute";
  for (const segment of path.split("/")) {
    if (segment === "") return "it has an empty part";
    if (segment === "." || segment === "..") return `it has the part "${segment}"`;
    // Windows drops trailing dots and spaces, so `.git.` would become `.git`.
    if (/[. ]$/.test(segment)) return `its part "${segment}" ends with a dot or space`;
    if (segment.includes(":")) return `its part "${segment}" has a colon`;
    if (isGitDirectory(segment)) return "it is inside git's own directory";
  }
  return undefined;
}

/** `.git` in every spelling that some file system takes for it: case, 8.3 names, characters that HFS+ ignores. */
function isGitDirectory(segment: string): boolean {
  const plain = segment
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase();
  return plain === ".git" || /^git~\d+$/.test(plain);
}

/** Whether a path may be written: blocked paths win, then allowed paths, else all is allowed. */
export function decidePath(path: string, repo: Policies["repo"]): Decision {
  const normal = normalizePath(path);
  if (!normal.ok) {
    return {
      kind: "deny",
      rule: "repo.path",
      message: `The path ${JSON.stringify(path)} is refused: ${normal.reason}.`,
    };
  }
  const blocked = repo.blocked_paths.findIndex((glob) =>
    matchesPath(normal.path, glob, { ignoreCase: true }),
  );
  if (blocked !== -1) {
    const rule = `repo.blocked_paths[${blocked}]`;
    return {
      kind: "deny",
      rule,
      message: `${normal.path} is blocked by ${rule} (${repo.blocked_paths[blocked]}).`,
    };
  }
  if (repo.allowed_paths === undefined) return { kind: "allow", rule: "default" };
  const allowed = repo.allowed_paths.findIndex((glob) =>
    matchesPath(normal.path, glob, { ignoreCase: false }),
  );
  if (allowed !== -1) return { kind: "allow", rule: `repo.allowed_paths[${allowed}]` };
  return {
    kind: "deny",
    rule: "repo.allowed_paths",
    message: `${normal.path} is not in policies.repo.allowed_paths.`,
  };
}

const matchers = new Map<string, (path: string) => boolean>();

/**
 * Whether a pattern covers a path that `normalizePath` accepted. `src/` and `src` cover all below; `*` stays within
 * one directory, `**` does not; files that begin with a dot are no exception. Rules that forbid ignore case, because
 * some file systems do; rules that permit do not.
 */
export function matchesPath(path: string, pattern: string, { ignoreCase }: { ignoreCase: boolean }): boolean {
  const key = `${ignoreCase ? "i" : "c"}${pattern}`;
  let matcher = matchers.get(key);
  if (matcher === undefined) {
    matcher = makeMatcher(pattern.normalize("NFC"), ignoreCase);
    // Patterns come from files of strangers; the cache must not grow with them.
    if (matchers.size >= 1000) matchers.clear();
    matchers.set(key, matcher);
  }
  return matcher(path);
}

function makeMatcher(pattern: string, ignoreCase: boolean): (path: string) => boolean {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const bare = fold(pattern).replace(/^\.\//, "").replace(/\/+$/, "");
  if (bare === "" || bare === ".") return () => true;
  // Negation and extended globs are off: `!src/` would turn a rule round, and nested ones can run for minutes.
  const options = { dot: true, nonegate: true, noextglob: true, strictSlashes: true };
  const matches = picomatch([bare, `${bare}/**`], options);
  return (path) => matches(fold(path));
}
