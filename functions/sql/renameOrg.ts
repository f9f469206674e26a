import type { CallerTransaction } from "../context.ts";

/** The slug stays: links and clones go on working. */
export async function renameOrg(tx: CallerTransaction, orgId: string, name: string): Promise<void> {
  await tx.updateTable("orgs").set({ name }).where("id", "=", orgId).execute();
}
