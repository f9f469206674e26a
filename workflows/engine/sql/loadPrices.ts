import { freeOfCharge, pricesSchema, type Prices } from "../../../shared/billing/credits.ts";
import type { Sql } from "../database.ts";

/** The prices that a run began with; none when its first event names none. */
export async function loadPrices(sql: Sql, runId: string): Promise<Prices> {
  const [row] = await sql`
    select event -> 'prices' as prices from public.run_events where run_id = ${runId} and key = 'run.started'`;
  return pricesSchema.nullish().parse(row?.["prices"]) ?? freeOfCharge;
}
