import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Closes an open change without merging it; closing twice changes nothing. */
export async function closeChange(tx: CallerTransaction, projectId: string, number: number): Promise<void> {
  await sql`select public.close_change(${projectId}, ${number})`.execute(tx);
}
