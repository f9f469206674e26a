import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Asks a run to stop; asking twice, or after its end, changes nothing. */
export async function cancelRun(tx: CallerTransaction, runId: string): Promise<void> {
  await sql`select public.cancel_run(${runId})`.execute(tx);
}
