import { toCoderError } from "../../shared/errors.ts";
import { interpolate } from "../../shared/workflow/expressions.ts";
import { sendMail } from "../mail/sendMail.ts";
import type { StepContext, StepResult } from "./step.ts";

const maxChars = 5000;

/** Tells the organisation's members: in their inbox, by mail, or both. */
export async function notifyStep(context: StepContext): Promise<StepResult> {
  const { spec } = context.step;
  if (spec.type !== "notify") throw new TypeError(`A ${spec.type} step tells nobody`);
  const { run, settings } = context;
  const message = interpolate(spec.message, context.expressions).slice(0, maxChars);
  context.log("note", `${message}\n`);
  if (run.dryRun) {
    context.log("note", `Dry run: nobody is told (${spec.channels.join(", ")}).\n`);
    return { status: "succeeded", outputs: { dryRun: true } };
  }
  if (message.trim() === "")
    return { status: "failed", failure: { code: "expression", message: "The message is empty." } };
  const addresses = spec.channels.length === 0 ? [] : await context.notify(message);
  if (!spec.channels.includes("email")) return { status: "succeeded", outputs: { emails: 0 } };
  const [firstLine = ""] = message.split("\n", 1);
  try {
    await sendMail(settings, {
      id: context.idempotencyId("mail"),
      to: addresses,
      subject: `${run.projectSlug}: ${firstLine.slice(0, 120)}`,
      text: `${message}\n\nRun #${run.number} of ${run.workflowPath}\n${settings.url}/${run.orgSlug}/${run.projectSlug}/runs/${run.number}\n`,
    });
  } catch (error) {
    const { message: reason } = toCoderError(error);
    context.log("note", `${reason}\n`);
    return { status: "failed", failure: { code: "not_configured", message: reason } };
  }
  return { status: "succeeded", outputs: { emails: addresses.length } };
}
