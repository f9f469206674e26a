import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

/** Gives a change or an issue exactly these labels. */
export async function setLabels(
  tx: CallerTransaction,
  subject: { projectId: string; number: number; labels: string[] },
): Promise<void> {
  await sql`select public.set_labels(${subject.projectId}, ${subject.number}, ${subject.labels})`.execute(tx);
}
