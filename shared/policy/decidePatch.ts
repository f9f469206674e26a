import type { Policies } from "../workflow/schema.ts";
import type { Deny } from "./decision.ts";
import { decidePath } from "./decidePath.ts";

/** One file of a patch as git tells it. */
export interface PatchEntry {
  path: string;
  /** Where a renamed or copied file came from. */
  oldPath?: string | undefined;
  /** Git's file mode after the change; null when the file is deleted. */
  mode: "100644" | "100755" | "120000" | "160000" | null;
  /** What a symbolic link points to. */
  linkTarget?: string | undefined;
}

/**
 * Every reason why a patch may not be taken in; an empty list lets it in. A rename counts at both ends, a symbolic
 * link as a write to its target (later writes go through it), and submodules are refused.
 */
export function decidePatch(
  entries: readonly PatchEntry[],
  size: { files: number; bytes: number },
  policy: Policies,
): Deny[] {
  const { max_changed_files: maxFiles, max_patch_bytes: maxBytes } = policy.limits;
  const denials: Deny[] = [];
  if (size.files > maxFiles) {
    const message = `The patch changes ${size.files} files; the limit is ${maxFiles}.`;
    denials.push({ kind: "deny", rule: "limits.max_changed_files", message });
  }
  if (size.bytes > maxBytes) {
    const message = `The patch has ${size.bytes} bytes; the limit is ${maxBytes}.`;
    denials.push({ kind: "deny", rule: "limits.max_patch_bytes", message });
  }
  return [...denials, ...entries.flatMap((entry) => decideEntry(entry, policy.repo))];
}

function decideEntry(entry: PatchEntry, repo: Policies["repo"]): Deny[] {
  const paths = entry.oldPath === undefined ? [entry.path] : [entry.path, entry.oldPath];
  const denials = paths.map((path) => decidePath(path, repo)).filter((decision) => decision.kind === "deny");
  if (entry.mode === "160000") {
    denials.push({ kind: "deny", rule: "repo.submodule", message: `${entry.path} is a submodule.` });
  }
  if (entry.mode === "120000") denials.push(...decideLink(entry, repo));
  return denials;
}

function decideLink(entry: PatchEntry, repo: Policies["repo"]): Deny[] {
  const target = resolveLink(entry.path, entry.linkTarget ?? "");
  if (target === undefined) {
    const message = `${entry.path} is a symbolic link that leaves the repository (${JSON.stringify(entry.linkTarget ?? "")}).`;
    return [{ kind: "deny", rule: "repo.symlink", message }];
  }
  const decision = decidePath(target, repo);
  if (decision.kind !== "deny") return [];
  return [{ ...decision, message: `${entry.path} is a symbolic link: ${decision.message}` }];
}

/** The path in the repository that a link means, or undefined when it points out of it (or at its root). */
function resolveLink(path: string, target: string): string | undefined {
  if (target === "" || target.startsWith("/") || target.includes("\\")) return undefined;
  const parts = path.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.length === 0 ? undefined : parts.join("/");
}
