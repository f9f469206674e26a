import type { Sql } from "../database.ts";

/** What to say when the project, or its organisation, is frozen now; undefined when it is not. */
export async function freezeMessage(sql: Sql, projectId: string): Promise<string | undefined> {
  const [row] = await sql<
    { message: string | null }[]
  >`select private.freeze_message(${projectId}) as message`;
  return row?.message ?? undefined;
}
