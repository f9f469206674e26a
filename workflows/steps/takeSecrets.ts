import { createHash } from "node:crypto";
import { interpolate } from "../../shared/workflow/expressions.ts";
import type { StepContext, StepResult } from "./step.ts";

interface Wanted {
  names: readonly string[];
  command: string;
  env: Readonly<Record<string, string>>;
}

/**
 * Asks policy for the secrets that a command reads, and people where a gate says so, and then says that they are used.
 * A result is how the step ends without them; undefined means that it may have them.
 */
export async function takeSecrets(context: StepContext, wanted: Wanted): Promise<StepResult | undefined> {
  const { names } = wanted;
  if (context.run.dryRun) {
    // With a secret a command can do what the run is for, and a dry run has no effects.
    context.log("note", `Dry run: a command that is given ${names.join(", ")} is not run.\n`);
    return { status: "succeeded", outputs: { dryRun: true } };
  }
  const problem = context.secrets.problemWith(names);
  if (problem !== undefined) {
    context.log("note", `${problem}\n`);
    return { status: "failed", failure: { code: "not_configured", message: problem } };
  }
  const shown = whatIsShown(context, wanted);
  for (const name of names) {
    const request = { action: `secret.use:${name}` };
    const permission = await context.decide({ request, reason: `Use the secret ${name}`, ...shown });
    if (!permission.allowed) return permission.result;
  }
  await context.secrets.use(names);
  return undefined;
}

/** Another command, other secrets or another value of a variable need another approval; another value of a secret does not. */
function whatIsShown(context: StepContext, { names, command, env }: Wanted) {
  const secrets = Object.fromEntries(names.map((name) => [name, `secrets.${name}`]));
  const values = Object.entries(env).map(
    ([name, template]) => [name, interpolate(template, { ...context.expressions, secrets })] as const,
  );
  const { commit } = context.run;
  const contentHash = createHash("sha256")
    .update(JSON.stringify({ step: context.step.id, commit, names, command, values }))
    .digest("hex");
  const variables = values.map(([name]) => name);
  return { contentHash, subject: { secrets: [...names], command, variables, commit } };
}
