/** One line of what an approval is for: as it is, as it was, or in both. */
export interface SubjectLine {
  text: string;
  kind: "same" | "added" | "removed";
}

export interface SubjectRow {
  key: string;
  lines: SubjectLine[];
}

type Subject = Readonly<Record<string, unknown>>;

/** A value in lines: of a list each item is one. */
function linesOf(value: unknown): string[] {
  if (value === undefined) return [];
  if (typeof value === "string") return value.split("\n");
  if (Array.isArray(value))
    return value.map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
  return JSON.stringify(value, null, 2).split("\n");
}

/** What is asked for before what it consists of. Postgres keeps no order of keys. */
const order = [
  "workflow",
  "change",
  "target",
  "title",
  "version",
  "tag",
  "previous",
  "role",
  "goal",
  "command",
  "directory",
];

function inOrder(keys: string[]): string[] {
  const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
  return keys.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * What is to be approved, by name. Beside what was shown before (`null`: nothing was), each line says whether it is still
 * there, is new, or is gone; the lines that are gone stand where the value had them.
 */
export function subjectDiff(before: Subject | null, now: Subject): SubjectRow[] {
  const keys = inOrder([...new Set([...Object.keys(now), ...Object.keys(before ?? {})])]);
  return keys.map((key) => {
    const here = linesOf(now[key]);
    if (before === null) return { key, lines: here.map((text): SubjectLine => ({ text, kind: "same" })) };
    const there = linesOf(before[key]);
    const kept = new Set(here);
    const known = new Set(there);
    const removed = there.filter((text) => !kept.has(text));
    return {
      key,
      lines: [
        ...removed.map((text): SubjectLine => ({ text, kind: "removed" })),
        ...here.map((text): SubjectLine => ({ text, kind: known.has(text) ? "same" : "added" })),
      ],
    };
  });
}
