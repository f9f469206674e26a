import { CoderError } from "../shared/errors.ts";
import { proposalBranch, proposalSchema, type Proposal } from "../shared/operationalize/proposal.ts";
import type { SignedIn } from "./context.ts";
import { forgeOf } from "./forgeOf.ts";
import { findArtifact } from "./sql/findArtifact.ts";
import { findChangeOfRun } from "./sql/findChangeOfRun.ts";
import { openChange } from "./sql/openChange.ts";
import { requireProject } from "./sql/requireProject.ts";
import { requireRun } from "./sql/requireRun.ts";

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

  const title = "Operationalize: workflows that keep this project shipping";
  const forge = forgeOf(caller, found.project.id);
  const { refs } = await forge.refs();
  // What an earlier proposal left on the branch is not part of this one.
  if (refs.some((ref) => ref.name === proposalBranch)) await forge.deleteBranch(proposalBranch);
  const headCommit = await forge.commit({
    branch: proposalBranch,
    base: proposal.baseCommit,
    expectedHead: null,
    message: title,
    files: proposal.files.map(({ path, content }) => ({ path, content, encoding: "utf8" })),
  });
  const changeNumber = await caller.asCaller((tx) =>
    openChange(tx, {
      projectId: found.project.id,
      title,
      body: describe(proposal, found.run.number),
      base: found.project.defaultBranch,
      head: proposalBranch,
      headCommit,
      runId,
    }),
  );
  return { changeNumber };
}

/** The change's text: what was read, what each file does and may do, how it went when it was tried. */
function describe(proposal: Proposal, runNumber: number): string {
  const lines = [`Proposed by run ${runNumber}, from ${proposal.baseCommit.slice(0, 10)}.`, ""];
  lines.push(...proposal.findings.map((finding) => `- ${finding}`), "");
  for (const file of proposal.files) {
    lines.push(`### ${file.path}`, file.purpose, "", `Tried: ${file.trial.summary}`, "");
    lines.push(...file.permissions.map((permission) => `- ${permission}`), "");
  }
  if (proposal.leftOut.length > 0) {
    lines.push("### Left out", ...proposal.leftOut.map((one) => `- ${one.path}: ${one.reason}`));
  }
  return lines.join("\n").trimEnd();
}
