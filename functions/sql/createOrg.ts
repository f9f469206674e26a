import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Makes an organisation that the caller owns. */
export async function createOrg(tx: CallerTransaction, name: string): Promise<{ id: string; slug: string }> {
  const { rows } = await sql<{ id: string }>`select public.create_org(${name}) as id`.execute(tx);
  return tx
    .selectFrom("orgs")
    .select(["id", "slug"])
    .where("id", "=", rows[0]?.id ?? "")
    .executeTakeFirstOrThrow();
}
