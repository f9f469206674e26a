import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Removes a secret for good. */
export async function removeSecret(tx: CallerTransaction, id: string): Promise<void> {
  await sql`select public.remove_secret(${id})`.execute(tx);
}
