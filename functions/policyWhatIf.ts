import { CoderError } from "../shared/errors.ts";
import { whatIf } from "../shared/policy/whatIf.ts";
import { parseWorkflow } from "../shared/workflow/parseWorkflow.ts";
import { problemText } from "../shared/workflow/problemText.ts";
import type { Policies } from "../shared/workflow/schema.ts";
import type { SignedIn } from "./context.ts";
import { decisionsOfRuns } from "./sql/decisionsOfRuns.ts";
import { requireProject } from "./sql/requireProject.ts";
import type { WhatIf } from "./views.ts";

export interface WhatIfQuestion {
  projectId: string;
  workflowPath: string;
  edited: { yaml: string } | { policies: Policies };
  lastRuns: number;
}

/**
 * What an edited policy would have said to the last runs of a workflow, where it differs from what they were told.
 * @throws CoderError `bad_input` with `details.problems` when the edited file may not run.
 */
export async function policyWhatIf(caller: SignedIn, question: WhatIfQuestion): Promise<WhatIf> {
  const policies = policiesOf(question);
  const { runs, decisions } = await caller.asCaller(async (tx) => {
    await requireProject(tx, question.projectId);
    return decisionsOfRuns(tx, question);
  });
  return { runs, decisions: decisions.length, differences: whatIf(decisions, policies) };
}

function policiesOf({ edited, workflowPath }: WhatIfQuestion): Policies {
  if ("policies" in edited) return edited.policies;
  const parsed = parseWorkflow(edited.yaml, { path: workflowPath });
  if (parsed.ok) return parsed.workflow.policies;
  const errors = parsed.problems.filter((problem) => problem.severity === "error");
  throw new CoderError("bad_input", errors.map((problem) => problemText(workflowPath, problem)).join("\n"), {
    details: { problems: parsed.problems },
  });
}
