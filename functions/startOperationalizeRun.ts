import { CoderError } from "../shared/errors.ts";
import { engineVersion } from "../shared/run/engineVersion.ts";
import type { PlannedStep } from "../shared/run/events.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { requireProject } from "./sql/requireProject.ts";
import { findRun } from "./sql/requireRun.ts";
import { startRun } from "./sql/startRun.ts";

const stepNames = {
  read: "Read the project",
  ci: "Checks on every change",
  "dependency-updates": "Dependency updates",
  release: "Release",
  propose: "Propose",
} as const;

/** The fixed steps of an operationalize run, each after the one before. */
const steps: PlannedStep[] = Object.entries(stepNames).map(([id, name], index, all) => ({
  id,
  type: "operationalize",
  name,
  needs: all.slice(Math.max(index - 1, 0), index).map(([before]) => before),
}));

/** Starts the run that reads a project at its default branch and proposes workflows for it; answers its number. */
export async function startOperationalizeRun(
  caller: SignedIn,
  intent: { id: string; projectId: string },
): Promise<number> {
  const { project, existing } = await caller.asCaller(async (tx) => ({
    project: await requireProject(tx, intent.projectId),
    existing: await findRun(tx, intent.id),
  }));
  if (existing !== undefined && existing.projectId === project.id) return existing.number;
  const { defaultBranch, head } = await forgeOf(caller, project.id).refs();
  if (head === null)
    throw new CoderError("conflict", `${project.name} has no commit yet: commit its files first`);
  return caller.asCaller((tx) =>
    startRun(tx, {
      id: intent.id,
      projectId: project.id,
      kind: "operationalize",
      workflowPath: "operationalize",
      name: "Operationalize",
      ref: defaultBranch,
      commit: head,
      trigger: "manual",
      inputs: {},
      snapshot: { engineVersion },
      steps,
      dryRun: false,
    }),
  );
}
