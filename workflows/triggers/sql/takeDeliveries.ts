import type { Sql } from "../../engine/database.ts";

/** Takes up to `limit` deliveries for a worker; returns the ids of their workflows (private.take_deliveries). */
export async function takeDeliveries(
  sql: Sql,
  request: { workerId: string; claim: string; limit: number },
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from private.take_deliveries(${request.workerId}, ${request.claim}, ${request.limit}) as id`;
  return rows.map((row) => row.id);
}
