import { parsePatch, type StructuredPatch } from "diff";

export interface DiffLine {
  kind: "same" | "added" | "removed" | "note";
  text: string;
  before: number | null;
  after: number | null;
}

export interface DiffFile {
  path: string;
  /** "renamed from x", "new file", "deleted", "binary": what the lines do not say. */
  notes: string[];
  additions: number;
  deletions: number;
  hunks: { title: string; lines: DiffLine[] }[];
}

function pathOf(name: string | undefined): string | null {
  if (name === undefined || name === "/dev/null") return null;
  return name.replace(/^[ab]\//, "");
}

function linesOf(hunk: StructuredPatch["hunks"][number]): DiffLine[] {
  let before = hunk.oldStart;
  let after = hunk.newStart;
  return hunk.lines.map((line): DiffLine => {
    const text = line.slice(1);
    if (line.startsWith("+")) return { kind: "added", text, before: null, after: after++ };
    if (line.startsWith("-")) return { kind: "removed", text, before: before++, after: null };
    if (line.startsWith("\\")) return { kind: "note", text: text.trim(), before: null, after: null };
    return { kind: "same", text, before: before++, after: after++ };
  });
}

/** A unified diff, git's or plain, as files with numbered lines. */
export function readPatch(patch: string): DiffFile[] {
  return parsePatch(patch).map((file) => {
    const before = pathOf(file.oldFileName);
    const after = pathOf(file.newFileName);
    const hunks = file.hunks.map((hunk) => ({
      title: `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`,
      lines: linesOf(hunk),
    }));
    const count = (kind: DiffLine["kind"]) =>
      hunks.flatMap((hunk) => hunk.lines).filter((line) => line.kind === kind).length;
    const notes: string[] = [];
    if (before === null || file.isCreate) notes.push("new file");
    if (after === null || file.isDelete) notes.push("deleted");
    if (file.isRename) notes.push(`renamed from ${before}`);
    if (file.isBinary) notes.push("binary");
    return {
      path: after ?? before ?? "",
      notes,
      additions: count("added"),
      deletions: count("removed"),
      hunks,
    };
  });
}
