import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** The slug stays: links and clones go on working. */
export async function renameProject(tx: CallerTransaction, id: string, name: string): Promise<void> {
  await tx
    .updateTable("projects")
    .set({ name, updated_at: sql`now()` })
    .where("id", "=", id)
    .execute();
}
