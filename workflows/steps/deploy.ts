import { CoderError } from "../../shared/errors.ts";
import { interpolateValue, type Value } from "../../shared/workflow/expressions.ts";
import { builtinTarget } from "../deploys/builtin.ts";
import type { DeployTarget } from "../deploys/deploy.ts";
import type { StepContext, StepResult } from "./step.ts";
import { counted } from "../../shared/counted.ts";

const targets: Record<string, DeployTarget> = { builtin: builtinTarget, "built-in": builtinTarget };

/** Publishes the built site. A gate on `deploy.<target>` stops it once it is known exactly what would go out. */
export async function deployStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "deploy") throw new TypeError(`A ${spec.type} step is no deployment`);
  const inputs = interpolateValue(spec.inputs, context.expressions) as Record<string, Value>;
  const provider = typeof inputs.provider === "string" ? inputs.provider : "builtin";
  const target = targets[provider];
  if (!target) {
    const message = `Deploying to ${provider} is not configured on this worker; leave inputs.provider out to use the built-in target.`;
    context.log("note", `${message}\n`);
    if (context.run.dryRun) return { status: "succeeded", outputs: { dryRun: true } };
    return { status: "failed", failure: { code: "not_configured", message } };
  }
  try {
    const sandbox = await context.sandbox();
    const plan = await target.plan({ target: spec.target, inputs, sandbox, context });
    const { files, bytes, directory, content } = plan.subject;
    context.log(
      "note",
      `${counted(files, "file")}, ${Math.ceil(bytes / 1024)} kB, from ${directory === "." ? "the repository" : directory}.\n`,
    );
    if (context.run.dryRun) {
      context.log("note", "Dry run: nothing is published.\n");
      return { status: "succeeded", outputs: { dryRun: true, files } };
    }
    const permission = await context.decide({
      request: {
        action: `deploy.${spec.target}`,
        ...(spec.target === "prod" ? { passedChecks: await context.passedChecks() } : {}),
      },
      contentHash: plan.contentHash,
      reason: context.step.name,
      subject: { target: spec.target, files, bytes, directory, content, commit: context.run.commit },
    });
    if (!permission.allowed) return permission.result;
    const { url, deploymentId } = await plan.publish();
    context.log("note", `Live at ${url}\n`);
    const patches = (await context.artifacts()).filter((artifact) => artifact.kind === "patch");
    await context.artifact({
      kind: "deploy_url",
      madeFrom: patches.map((patch) => patch.id),
      name: spec.target,
      data: {
        url,
        target: spec.target,
        deploymentId,
        commit: context.run.commit,
        contentHash: plan.contentHash,
      },
    });
    return { status: "succeeded", outputs: { url, deploymentId } };
  } catch (error) {
    if (!(error instanceof CoderError) || context.signal.aborted) throw error;
    if (isLeak(error)) {
      await context.denied("secrets.deploy", error.message);
      return { status: "failed", failure: { code: "policy_denied", message: error.message } };
    }
    if (
      !["not_found", "too_large", "conflict", "unavailable"].includes(error.code) ||
      /sandbox|^git /.test(error.message)
    )
      throw error;
    context.log("note", `${error.message}\n`);
    return { status: "failed", failure: { code: "deploy_failed", message: error.message } };
  }
}

/** A file of the site holds a secret (builtin.ts). */
function isLeak(error: CoderError): boolean {
  return (error.details as { rule?: unknown } | undefined)?.rule === "secrets.deploy";
}
