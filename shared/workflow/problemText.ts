import type { Problem } from "./problem.ts";

/** A problem on one line, in the form that terminals and editors link: `path:line:column code message (hint)`. */
export function problemText(path: string, problem: Problem): string {
  const hint = problem.hint === undefined ? "" : ` (${problem.hint})`;
  return `${path}:${problem.line}:${problem.column} ${problem.code} ${problem.message}${hint}`;
}
