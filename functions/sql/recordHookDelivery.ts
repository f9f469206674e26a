import { sql } from "kysely";
import { asService } from "../context.ts";
import type { Deps } from "../deps.ts";
import type { Json } from "../views.ts";

export interface HookDelivery {
  projectId: string;
  name: string;
  key: string;
  payload: { [key: string]: Json };
}

/**
 * Records a webhook's delivery and hands it to a worker; the same key again answers the same id, also where retention has
 * taken that delivery meanwhile.
 */
export function recordHookDelivery(deps: Pick<Deps, "db">, delivery: HookDelivery): Promise<string> {
  const { projectId, name, key, payload } = delivery;
  return asService(deps, async (tx) => {
    const { rows } = await sql<{ id: string }>`
      select coalesce(
        (select delivery_id from private.spent_hooks where project_id = ${projectId} and key = ${key}),
        private.record_delivery(${projectId}, 'webhook', ${name}, ${key}, ${JSON.stringify(payload)}::text::jsonb)) as id`.execute(
      tx,
    );
    const [row] = rows;
    if (row === undefined) throw new Error("record_delivery answered no row");
    return row.id;
  });
}
