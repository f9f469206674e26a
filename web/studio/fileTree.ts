/** A row of the file tree as it is drawn. */
export interface TreeRow {
  path: string;
  name: string;
  depth: number;
  kind: "file" | "folder";
}

/** Rows for the paths, folders first, below folders that are open. `paths` are files; folders follow from them. */
export function treeRows(paths: readonly string[], isOpen: (folder: string) => boolean): TreeRow[] {
  interface Folder {
    folders: Map<string, Folder>;
    files: string[];
  }
  const root: Folder = { folders: new Map(), files: [] };
  for (const path of paths) {
    const parts = path.split("/");
    const file = parts.pop() ?? "";
    let folder = root;
    for (const part of parts) {
      const next = folder.folders.get(part) ?? { folders: new Map(), files: [] };
      folder.folders.set(part, next);
      folder = next;
    }
    folder.files.push(file);
  }
  const rows: TreeRow[] = [];
  const add = (folder: Folder, prefix: string, depth: number): void => {
    for (const [name, child] of [...folder.folders].sort(([a], [b]) => a.localeCompare(b))) {
      rows.push({ path: prefix + name, name, depth, kind: "folder" });
      if (isOpen(prefix + name)) add(child, `${prefix}${name}/`, depth + 1);
    }
    for (const name of folder.files.sort((a, b) => a.localeCompare(b)))
      rows.push({ path: prefix + name, name, depth, kind: "file" });
  };
  add(root, "", 0);
  return rows;
}

/** Why a path cannot be used, for the field it is typed into; undefined when it can. */
export function pathProblem(path: string): string | undefined {
  if (path.trim() === "") return "Type a name";
  if (path.startsWith("/") || path.split("/").some((part) => part === "" || part === "." || part === ".."))
    return "Write a path inside the project, like src/page.ts";
  if (path.includes("\\")) return "Separate folders with /";
  if (/(?:^|\/)\.git(?:\/|$)/i.test(path)) return "That folder is git’s own";
  return undefined;
}
