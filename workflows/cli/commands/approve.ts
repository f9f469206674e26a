import type { Command } from "commander";
import { CoderError } from "../../../shared/errors.ts";
import { connect } from "../api.ts";
import { printApproval } from "../approvalCard.ts";
import { canAsk, confirm } from "../ask.ts";
import type { Cli } from "../cli.ts";
import { exitCodes } from "../exitCodes.ts";
import { findProject, runNumber } from "../project.ts";

interface ApproveOptions {
  project?: string;
  step?: string;
  reject?: true;
  comment?: string;
  hash?: string;
  yes?: true;
  json?: true;
}

export function addApprove(program: Command, cli: Cli): void {
  program
    .command("approve <run>")
    .description("show what a waiting run would do, and decide about it")
    .option(
      "-p, --project <org/project>",
      "the project (default: CODER_PROJECT, or the one of the git remote)",
    )
    .option("--step <id>", "the step, where several wait")
    .option("--reject", "reject instead of approve")
    .option("--comment <text>", "kept with the decision")
    .option("--hash <sha256>", "decide only if exactly this is what would happen")
    .option("-y, --yes", "do not ask")
    .option("--json", "print what waits as JSON, and decide only with --yes")
    .addHelpText(
      "after",
      "\nExamples:\n  coder approve 12\n  coder approve 12 --reject --comment 'not on a Friday'\n  coder approve 12 --json\n  coder approve 12 --yes --hash 9f86d0…\n\nA decision is bound to the hash that was shown: if what would happen has changed since, it is refused.",
    )
    .action(async (run: string, options: ApproveOptions) => {
      process.exitCode = await approve(cli, runNumber(run), options);
    });
}

async function approve(cli: Cli, number: number, options: ApproveOptions): Promise<number> {
  const { output } = cli;
  const server = await connect(cli.env);
  const project = await findProject(cli, server, options.project);
  const { waiting } = await server.api.approvals.inbox.query();
  const ofRun = waiting.filter((one) => one.projectId === project.id && one.runNumber === number);
  const matching = ofRun.filter((one) => options.step === undefined || one.stepId === options.step);
  const [approval] = matching;
  if (approval === undefined)
    throw new CoderError(
      "not_found",
      `Run #${number} does not wait for an approval${options.step === undefined ? "" : ` at ${options.step}`}`,
    );
  if (matching.length > 1)
    throw new CoderError(
      "bad_input",
      `Several steps wait; choose one with --step: ${matching.map((one) => one.stepId).join(", ")}`,
    );
  if (options.hash !== undefined && options.hash !== approval.contentHash)
    throw new CoderError(
      "conflict",
      `What would happen has the hash ${approval.contentHash}, not ${options.hash}; look again`,
    );
  const decision = options.reject ? "rejected" : "approved";
  if (options.json && !options.yes) {
    output.json(approval);
    return exitCodes.ok;
  }
  if (!options.json) printApproval(output, approval);
  if (!options.yes) {
    if (!canAsk())
      throw new CoderError("bad_input", "Nobody can be asked here; add --yes to decide without a question");
    if (!(await confirm(options.reject ? "Reject it?" : "Approve exactly this?"))) {
      output.note("Nothing was decided.");
      return exitCodes.failed;
    }
  }
  await server.api.approvals.decide.mutate({
    approvalId: approval.id,
    decision,
    contentHash: approval.contentHash,
    ...(options.comment === undefined ? {} : { comment: options.comment }),
  });
  if (options.json)
    output.json({ run: number, stepId: approval.stepId, decision, contentHash: approval.contentHash });
  else output.print(`Run #${number}: ${decision}.`);
  return exitCodes.ok;
}
