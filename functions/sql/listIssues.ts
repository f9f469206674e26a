import { sql } from "kysely";
import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import type { Issue } from "../views.ts";

export interface IssueFilter {
  projectId: string;
  state?: Issue["state"] | undefined;
  label?: string | undefined;
  /** Words that the title or body holds, whatever their case. */
  search?: string | undefined;
  /** Only issues with a smaller number: where the page before ended. */
  before?: number | undefined;
  number?: number;
  limit: number;
}

/** Issues of a project, newest first. */
export function listIssues(tx: CallerTransaction, filter: IssueFilter): Promise<Issue[]> {
  let query = tx
    .selectFrom("issues as i")
    .leftJoin("profiles as p", "p.id", "i.created_by")
    .select((eb) => [
      "i.id",
      "i.project_id as projectId",
      "i.number",
      "i.title",
      "i.body",
      eb.ref("i.state").$castTo<Issue["state"]>().as("state"),
      "i.labels",
      "p.name as createdBy",
      "i.created_at as createdAt",
      "i.updated_at as updatedAt",
      "i.closed_at as closedAt",
      sql<number>`(select count(*)::int from public.comments c where c.issue_id = i.id)`.as("comments"),
    ])
    .where("i.project_id", "=", filter.projectId)
    .orderBy("i.number", "desc")
    .limit(filter.limit);
  if (filter.state !== undefined) query = query.where("i.state", "=", filter.state);
  if (filter.number !== undefined) query = query.where("i.number", "=", filter.number);
  if (filter.before !== undefined) query = query.where("i.number", "<", filter.before);
  if (filter.label !== undefined) query = query.where(sql<boolean>`${filter.label} = any (i.labels)`);
  for (const word of (filter.search ?? "").split(/\s+/).filter((part) => part !== "")) {
    const pattern = `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
    query = query.where((eb) => eb.or([eb("i.title", "ilike", pattern), eb("i.body", "ilike", pattern)]));
  }
  return query.execute();
}

/** One issue. @throws CoderError `not_found` */
export async function requireIssue(tx: CallerTransaction, projectId: string, number: number): Promise<Issue> {
  const [issue] = await listIssues(tx, { projectId, number, limit: 1 });
  if (issue === undefined) throw new CoderError("not_found", `There is no issue ${number} in this project`);
  return issue;
}
