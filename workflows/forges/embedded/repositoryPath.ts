import { CoderError } from "../../../shared/errors.ts";

// Names that a checkout on some file system would take for ".git" (git's own verify_path and the CVEs behind it:
// HFS+ ignores some code points, NTFS strips trailing dots and spaces and knows the short name GIT~1).
const takenForDotGit = /^(?:\.git|git~\d+)[. ]*(?::.*)?$/;
const ignoredOnHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;

/**
 * The path if it may stand in a tree, else throws `bad_input`: relative, POSIX, no `.`/`..`/empty parts,
 * no control characters or backslashes, nothing that a checkout could mistake for `.git`.
 */
export function repositoryPath(path: string): string {
  const refuse = (why: string): never => {
    throw new CoderError("bad_input", `The path ${JSON.stringify(path.slice(0, 200))} ${why}`);
  };
  if (path.length === 0 || path.length > 1024) refuse("must have 1 to 1024 characters");
  if (Array.from(path).some((character) => character < " " || character === "\u007f" || character === "\\"))
    refuse("holds a control character or a backslash");
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..")
      refuse("must be relative, without empty, . or .. parts");
    const plain = part.replace(ignoredOnHfs, "").toLowerCase();
    if (takenForDotGit.test(plain)) refuse("would be taken for git's own directory");
  }
  return path;
}

/** The name if git takes it for a branch (git-check-ref-format(1)), else throws `bad_input`. */
export function branchName(name: string): string {
  const legal =
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/.test(name) &&
    !/\.\.|\/\/|\/\.|\.\/|\.lock(?:\/|$)|[./]$/.test(name) &&
    name !== "HEAD";
  if (!legal)
    throw new CoderError(
      "bad_input",
      `${JSON.stringify(name.slice(0, 200))} is not a branch name that can be used here`,
    );
  return name;
}
