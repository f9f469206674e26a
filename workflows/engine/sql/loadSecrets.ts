import { z } from "zod";
import { secretForms } from "../../../shared/secrets/sealSecret.ts";
import type { Sql } from "../database.ts";

const rowSchema = z.object({
  id: z.uuid(),
  org_id: z.uuid(),
  project_id: z.uuid().nullable(),
  environment: z.string(),
  name: z.string(),
  given_as: z.enum(secretForms),
  ciphertext: z.string(),
  key_id: z.string(),
  version: z.number().int(),
});
export type SecretRow = z.infer<typeof rowSchema>;

/** The sealed secrets of these names that a run of the project in this environment has; those that do not exist are missing. */
export async function loadSecrets(
  sql: Sql,
  wanted: { projectId: string; environment: string; names: readonly string[] },
): Promise<SecretRow[]> {
  const rows = await sql`
    select id, org_id, project_id, environment, name, given_as, ciphertext, key_id, version
    from private.secrets_of(${wanted.projectId}, ${wanted.environment}, ${[...wanted.names]})`;
  return z.array(rowSchema).parse([...rows]);
}
