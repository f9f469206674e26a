import type { CallerTransaction } from "../context.ts";
import { listSecrets } from "./listSecrets.ts";

/** Names of the secrets that runs of a project can be given, for the linter. */
export async function secretNames(
  tx: CallerTransaction,
  project: { id: string; orgId: string },
): Promise<string[]> {
  const secrets = await listSecrets(tx, { orgId: project.orgId, projectId: project.id });
  return [...new Set(secrets.map((secret) => secret.name))];
}
