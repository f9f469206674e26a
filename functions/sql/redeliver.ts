import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Sends a past delivery again; `id` names the intent. Answers the new delivery's id. */
export async function redeliver(
  tx: CallerTransaction,
  intent: { id: string; deliveryId: string },
): Promise<string> {
  const { rows } = await sql<{
    id: string;
  }>`select public.redeliver(${intent.id}, ${intent.deliveryId}) as id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error("redeliver answered no row");
  return row.id;
}
