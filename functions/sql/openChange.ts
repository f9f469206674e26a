import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";

export interface NewChange {
  projectId: string;
  title: string;
  body: string;
  base: string;
  head: string;
  headCommit: string;
  runId?: string;
  draft?: boolean | undefined;
  labels?: string[] | undefined;
}

/** Opens a change, or updates the open one of the same branch; answers its number. */
export async function openChange(tx: CallerTransaction, change: NewChange): Promise<number> {
  const { rows } = await sql<{ number: number }>`
    select public.open_change(${change.projectId}, ${change.title}, ${change.body}, ${change.base}, ${change.head},
      ${change.headCommit}, ${change.runId ?? null}::uuid, ${JSON.stringify({ draft: change.draft, labels: change.labels })}::jsonb) as number`.execute(
    tx,
  );
  const [row] = rows;
  if (row === undefined) throw new Error("open_change answered no row");
  return row.number;
}
