import { sql } from "kysely";
import { asService } from "../context.ts";
import type { Deps } from "../deps.ts";
import type { Hook } from "./findHook.ts";

/** Writes into the audit log that a webhook was refused, and by which rule. */
export function auditRefusal(
  deps: Pick<Deps, "db">,
  hook: Pick<Hook, "orgId" | "projectId">,
  refusal: { name: string; rule: string },
): Promise<void> {
  const entry = {
    actor: "system",
    action: "webhook.receive",
    decision: "deny",
    rule: `webhook.${refusal.rule}`,
    projectId: hook.projectId,
    subject: { webhook: refusal.name },
  };
  return asService(deps, async (tx) => {
    await sql`select private.audit(${hook.orgId}, ${JSON.stringify(entry)}::text::jsonb)`.execute(tx);
  });
}
