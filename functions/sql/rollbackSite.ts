import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Makes an earlier deployment of the site current again. */
export async function rollbackSite(
  tx: CallerTransaction,
  siteId: string,
  deploymentId: string,
): Promise<void> {
  await sql`select public.rollback_site(${siteId}, ${deploymentId})`.execute(tx);
}
