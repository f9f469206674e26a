import type { Outcome } from "../../../shared/trigger/explainEvent.ts";
import type { Sql } from "../../engine/database.ts";

/** Writes what became of a delivery, once. */
export async function endDelivery(
  sql: Sql,
  deliveryId: string,
  end: { outcome: Outcome } | { failure: string },
): Promise<void> {
  const failure = "failure" in end ? end.failure : null;
  const outcome = "outcome" in end ? end.outcome : [];
  await sql`
    update public.deliveries set status = ${failure === null ? "handled" : "failed"}, outcome = ${sql.json(outcome)}, failure = ${failure}, handled_at = clock_timestamp()
    where id = ${deliveryId} and status = 'pending'`;
}
