import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Freezes a project, or without one the whole organisation; answers the freeze that holds. */
export async function setFreeze(
  tx: CallerTransaction,
  freeze: { orgId: string; projectId: string | null; reason: string },
): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select public.freeze(${freeze.orgId}, ${freeze.projectId}::uuid, ${freeze.reason}) as id`.execute(tx);
  const [row] = rows;
  if (row === undefined) throw new Error("freeze answered no row");
  return row.id;
}

export async function liftFreeze(tx: CallerTransaction, freezeId: string): Promise<void> {
  await sql`select public.lift_freeze(${freezeId})`.execute(tx);
}
