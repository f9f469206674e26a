import { sql } from "kysely";
import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import { requireOrgRole } from "./requireOrgRole.ts";

/** Takes a site off the net for good; revoking twice changes nothing. @throws CoderError `not_found`, `forbidden` */
export async function revokeSite(tx: CallerTransaction, userId: string, siteId: string): Promise<void> {
  const site = await tx.selectFrom("sites").select("org_id").where("id", "=", siteId).executeTakeFirst();
  if (site === undefined) throw new CoderError("not_found", "There is no such site");
  await requireOrgRole(tx, { orgId: site.org_id, userId, atLeast: "member" });
  await tx
    .updateTable("sites")
    .set({ revoked_at: sql`now()` })
    .where("id", "=", siteId)
    .where("revoked_at", "is", null)
    .execute();
}
