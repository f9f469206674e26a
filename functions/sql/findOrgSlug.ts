import type { CallerTransaction } from "../context.ts";

/** The name in URLs of an organisation that the caller can see; empty for any other. */
export async function findOrgSlug(tx: CallerTransaction, orgId: string): Promise<string> {
  const org = await tx.selectFrom("orgs").select("slug").where("id", "=", orgId).executeTakeFirst();
  return org?.slug ?? "";
}
