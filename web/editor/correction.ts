import type { Problem } from "../../shared/workflow/problem.ts";

/** The name that a problem's hint offers instead, if what is marked can just be replaced by it. */
export function correctionOf(problem: Pick<Problem, "hint">): string | undefined {
  return /^did you mean "([^"]+)"\?$/.exec(problem.hint ?? "")?.[1];
}
