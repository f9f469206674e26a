import { sql } from "kysely";
import type { SealedSecret, SecretPlace } from "../../shared/secrets/sealSecret.ts";
import type { CallerTransaction } from "../context.ts";

/** Adds a secret or replaces its value; answers its id. */
export async function setSecret(
  tx: CallerTransaction,
  place: SecretPlace,
  sealed: SealedSecret,
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select public.set_secret(${place.orgId}, ${place.projectId}::uuid, ${place.environment}, ${place.name}, ${place.givenAs},
      ${sealed.ciphertext}, ${sealed.keyId}) as id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error("set_secret answered no row");
  return row.id;
}
