import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Refuses with `forbidden` when the project or its organisation is frozen, and holds a new freeze off until the transaction ends. */
export async function requireNotFrozen(tx: CallerTransaction, projectId: string): Promise<void> {
  await sql`select public.require_not_frozen(${projectId})`.execute(tx);
}
