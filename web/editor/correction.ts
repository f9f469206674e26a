import type { TextChange } from "../../shared/workflow/edit/textChanges.ts";
import type { Problem } from "../../shared/workflow/problem.ts";

/** The name that a problem's hint offers instead, if what is marked can just be replaced by it. */
export function correctionOf(problem: Pick<Problem, "hint">): string | undefined {
  return /^did you mean "([^"]+)"\?$/.exec(problem.hint ?? "")?.[1];
}

/** Puts the correction in the place of what is marked, in the same quotes. */
export function correctionChange(
  text: string,
  { from, to }: { from: number; to: number },
  correction: string,
): TextChange {
  const quote = /^["']/.exec(text.slice(from, to))?.[0] ?? "";
  return { from, to, insert: `${quote}${correction}${quote}` };
}
