import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Closes or reopens an issue; saying what is so already changes nothing. */
export async function setIssueState(
  tx: CallerTransaction,
  issue: { projectId: string; number: number; state: "open" | "closed" },
): Promise<void> {
  await sql`select public.set_issue_state(${issue.projectId}, ${issue.number}, ${issue.state})`.execute(tx);
}
