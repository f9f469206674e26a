import type { Sql } from "postgres";
import { CoderError } from "../../../shared/errors.ts";

interface ChangeRow {
  status: "open" | "merged" | "closed";
  draft: boolean;
  base_branch: string;
  head_branch: string;
  merged_commit: string | null;
}

/**
 * The merge of a change that is merged already, or null for one that may be merged now.
 * @throws CoderError `not_found`; `conflict` when somebody has closed it, when it is a draft, or when it is of other branches.
 */
export async function mergedCommit(
  sql: Sql,
  wanted: { projectId: string; change: number; branches: { into: string; head: string } },
): Promise<string | null> {
  const { projectId, change, branches } = wanted;
  const [row] = await sql<ChangeRow[]>`
    select status, draft, base_branch, head_branch, merged_commit from public.changes
    where project_id = ${projectId} and number = ${change}`;
  if (row === undefined) throw new CoderError("not_found", `There is no change ${change} in this project`);
  if (row.base_branch !== branches.into || row.head_branch !== branches.head)
    throw new CoderError(
      "conflict",
      `Change ${change} brings ${row.head_branch} into ${row.base_branch}, not ${branches.head} into ${branches.into}`,
    );
  if (row.status === "merged") return row.merged_commit;
  if (row.status === "closed") throw new CoderError("conflict", `Change ${change} is closed`);
  if (row.draft)
    throw new CoderError("conflict", `Change ${change} is a draft; mark it as ready before it is merged`);
  return null;
}
