import { z } from "zod";
import type { Sql } from "../database.ts";

const answerSchema = z.object({ granted: z.boolean(), spent: z.number(), held: z.number() });

export interface CreditReservation {
  runId: string;
  stepId: string;
  /** The same key again is the same reservation. */
  key: string;
  item: string;
  /** Millicredits. */
  amount: number;
  /** Of the run, in millicredits; null: no budget. */
  max: number | null;
  workerId: string;
}

/**
 * Holds credits if the run's budget leaves room for them, in one transaction under the run's lock
 * (private.reserve_credits). Answers also what the run had spent and held besides, in millicredits.
 * @throws SQLSTATE 55000 when the worker has lost its lease.
 */
export async function reserveCredits(
  sql: Sql,
  wanted: CreditReservation,
): Promise<z.infer<typeof answerSchema>> {
  const { runId, stepId, key, item, amount, max, workerId } = wanted;
  const [row] = await sql`
    select private.reserve_credits(${runId}, ${stepId}, ${key}, ${item}, ${amount}, ${max}, ${workerId}) as answer`;
  return answerSchema.parse(row?.["answer"]);
}
