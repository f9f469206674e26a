import type { Sql } from "../database.ts";

/** Releases runs whose concurrency group has room although no run has ended: whoever held it was deleted. */
export async function releaseGroups(sql: Sql): Promise<void> {
  await sql`select private.release_groups()`;
}
