import { sql, type Kysely } from "kysely";
import { CoderError } from "../shared/errors.ts";
import { openSecret } from "../shared/secrets/sealSecret.ts";
import type { SecretKeys } from "../shared/secrets/secretKeys.ts";
import type { Deps, Tables } from "./deps.ts";

/** `Deps.secretOf` over a pool: reads as the service, for no caller but the server itself may. */
export function makeSecretOf(db: Kysely<Tables>, keys: SecretKeys | undefined): Deps["secretOf"] {
  return async (projectId, name) => {
    const row = await db.transaction().execute(async (tx) => {
      await sql`select set_config('role', 'service_role', true), set_config('request.jwt.claims', '{"role":"service_role"}', true)`.execute(
        tx,
      );
      const { rows } = await sql<{
        org_id: string;
        project_id: string | null;
        environment: string;
        given_as: "placeholder" | "value";
        ciphertext: string;
        key_id: string;
      }>`
        select org_id, project_id, environment, given_as, ciphertext, key_id
        from private.secrets_of(${projectId}, '', array[${name}::text])`.execute(tx);
      return rows[0];
    });
    if (row === undefined) return undefined;
    if (keys === undefined) throw new CoderError("unavailable", noKeys);
    const { org_id: orgId, project_id: owner, environment, given_as: givenAs } = row;
    return openSecret(
      { keyId: row.key_id, ciphertext: row.ciphertext },
      { orgId, projectId: owner, environment, name, givenAs },
      keys,
    );
  };
}

export const noKeys =
  "This installation keeps no secrets: it was started without CODER_SECRETS_KEY (see docs/SELF_HOSTING.md).";
