import { z } from "zod";
import { CoderError } from "../shared/errors.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { findArtifact } from "./sql/findArtifact.ts";
import { findChangeOfRun } from "./sql/findChangeOfRun.ts";
import { openChange } from "./sql/openChange.ts";
import { requireProject } from "./sql/requireProject.ts";
import { requireRun } from "./sql/requireRun.ts";

const branch = "coder/operationalize";

/** What an operationalize run leaves in its artifact of kind "proposal". */
const proposalSchema = z.object({
  baseCommit: z.string(),
  files: z.array(z.object({ path: z.string(), content: z.string() })),
  title: z.string().min(1).max(200).optional(),
  body: z.string().max(50_000).optional(),
});

/**
 * Commits a run's proposed files to the branch `coder/operationalize` and opens the one change for it.
 * A second call for the same run answers the same change; an empty proposal opens none.
 */
export async function openProposal(
  caller: SignedIn,
  runId: string,
): Promise<{ changeNumber: number } | { nothing: true }> {
  const found = await caller.asCaller(async (tx) => {
    const run = await requireRun(tx, runId);
    return {
      run,
      project: await requireProject(tx, run.projectId),
      changeNumber: await findChangeOfRun(tx, runId),
      artifact: await findArtifact(tx, { runId, kind: "proposal" }),
    };
  });
  if (found.changeNumber !== undefined) return { changeNumber: found.changeNumber };
  if (found.artifact === undefined) {
    if (found.run.status === "succeeded") return { nothing: true };
    throw new CoderError("conflict", `Run ${found.run.number} has no proposal: it is ${found.run.status}`);
  }
  const proposal = proposalSchema.parse(found.artifact.data);
  if (proposal.files.length === 0) return { nothing: true };

  const title = proposal.title ?? "Operationalize: workflows for this project";
  const forge = forgeOf(caller, found.project.id);
  const { refs } = await forge.refs();
  // What an earlier proposal left on the branch is not part of this one.
  if (refs.some((ref) => ref.name === branch)) await forge.deleteBranch(branch);
  const headCommit = await forge.commit({
    branch,
    base: proposal.baseCommit,
    expectedHead: null,
    message: title,
    files: proposal.files.map((file) => ({ ...file, encoding: "utf8" })),
  });
  const changeNumber = await caller.asCaller((tx) =>
    openChange(tx, {
      projectId: found.project.id,
      title,
      body: proposal.body ?? "",
      base: found.project.defaultBranch,
      head: branch,
      headCommit,
      runId,
    }),
  );
  return { changeNumber };
}
