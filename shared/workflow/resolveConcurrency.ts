import { CoderError } from "../errors.ts";
import { interpolate, type ExpressionContext } from "./expressions.ts";
import type { Workflow } from "./schema.ts";

/** A run's place in a concurrency group, as `start_run` takes it: `p_options.concurrency`. */
export interface Concurrency {
  group: string;
  max: number;
  when_full: "queue" | "cancel_oldest" | "skip";
}

const maxGroupChars = 200;

/**
 * The concurrency group of a run that is about to start, with its expressions resolved; undefined without one. Groups
 * are the project's own: the same name in another project is another group.
 * @throws CoderError `bad_input` when the group cannot be told, is empty or is longer than 200 characters.
 */
export function resolveConcurrency(
  workflow: Pick<Workflow, "concurrency">,
  context: Pick<ExpressionContext, "inputs" | "event" | "project">,
): Concurrency | undefined {
  if (!workflow.concurrency) return undefined;
  // The linter lets a group read no more than inputs, event and project: the run has no number yet.
  const run = { id: "", number: 0, commit: "", trigger: "", attempt: 1 };
  const { max, when_full } = workflow.concurrency;
  const group = interpolate(workflow.concurrency.group, { ...context, run, steps: {} }).trim();
  if (group === "")
    throw new CoderError(
      "bad_input",
      `concurrency.group (${workflow.concurrency.group}) is empty for this run`,
    );
  if (group.length > maxGroupChars)
    throw new CoderError(
      "bad_input",
      `concurrency.group has ${group.length} characters, more than ${maxGroupChars}`,
    );
  return { group, max, when_full };
}
