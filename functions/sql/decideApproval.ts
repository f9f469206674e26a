import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface Decision {
  approvalId: string;
  decision: "approved" | "rejected";
  contentHash: string;
  comment?: string | undefined;
}

/** Writes a decision and tells the waiting run, in one transaction. */
export async function decideApproval(tx: CallerTransaction, decided: Decision): Promise<void> {
  await sql`select public.decide_approval(${decided.approvalId}, ${decided.decision}, ${decided.contentHash},
    ${decided.comment ?? null}::text)`.execute(tx);
}
