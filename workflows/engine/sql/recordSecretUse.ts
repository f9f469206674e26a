import type { Sql } from "../database.ts";

/** Stamps the secrets that a step is given, and writes each use into the audit log. */
export async function recordSecretUse(
  sql: Sql,
  use: { runId: string; stepId: string; secretIds: readonly string[] },
): Promise<void> {
  await sql`select private.secrets_used(${use.runId}, ${use.stepId}, ${[...use.secretIds]}::uuid[])`;
}
