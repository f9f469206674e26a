import type { CallerTransaction } from "../context.ts";

/** Deletes a project with everything that belongs to it in the database. Answers whether there was one. */
export async function deleteProject(tx: CallerTransaction, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("projects").where("id", "=", id).executeTakeFirst();
  return numDeletedRows > 0n;
}
