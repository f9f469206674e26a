import { sql, type RawBuilder } from "kysely";
import type { RunStatus } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";
import type { ListedRun, RunSummary } from "../views.ts";
import { runsByName } from "./runsByName.ts";

export interface RunFilter {
  status?: RunStatus | undefined;
  workflowPath?: string | undefined;
  trigger?: string | undefined;
  ref?: string | undefined;
  /** Id of who started it. */
  actor?: string | undefined;
  /** Part of the name or the workflow's path, a number, or the beginning of a commit. */
  text?: string | undefined;
  /** ISO 8601; created at or after, and before. */
  since?: string | undefined;
  until?: string | undefined;
}

export interface RunPlace {
  createdAt: string;
  id: string;
}

/** What every view of a run shows, as a query to narrow. */
export function selectRuns(tx: CallerTransaction) {
  return tx
    .selectFrom("runs as r")
    .leftJoin("profiles as u", "u.id", "r.created_by")
    .select((eb) => [
      "r.id",
      "r.project_id as projectId",
      "r.number",
      eb.ref("r.kind").$castTo<RunSummary["kind"]>().as("kind"),
      "r.workflow_path as workflowPath",
      "r.name",
      eb.ref("r.status").$castTo<RunStatus>().as("status"),
      "r.ref",
      "r.commit",
      "r.trigger",
      "r.dry_run as dryRun",
      sql<number>`(select coalesce(sum(h.spent), 0) from holds h where h.run_id = r.id)::float8`.as(
        "millicredits",
      ),
      eb.ref("r.failure").$castTo<RunSummary["failure"]>().as("failure"),
      "u.name as createdBy",
      "r.created_at as createdAt",
      "r.started_at as startedAt",
      "r.finished_at as finishedAt",
    ]);
}

/** Runs of a project or of an organisation, the last created first, behind a place in that order. */
export async function listRuns(
  tx: CallerTransaction,
  of: { projectId: string } | { orgId: string },
  page: { filter: RunFilter; after: RunPlace | undefined; limit: number },
): Promise<ListedRun[]> {
  const text = page.filter.text === undefined ? undefined : textOf(page.filter.text);
  const where = [
    "projectId" in of ? sql<boolean>`r.project_id = ${of.projectId}` : sql<boolean>`r.org_id = ${of.orgId}`,
    ...conditionsOf(page.filter, page.after),
  ];
  if (text?.kind === "exact") where.push(text.condition);
  let query = selectRuns(tx)
    .innerJoin("projects as p", "p.id", "r.project_id")
    .innerJoin("orgs as o", "o.id", "r.org_id")
    .select(["p.name as projectName", "p.slug as projectSlug", "o.slug as orgSlug"])
    .where((eb) => eb.and(where))
    .orderBy("r.created_at", "desc")
    .orderBy("r.id", "desc")
    .limit(page.limit);
  if (text?.kind === "name")
    query = query.where("r.id", "in", runsByName(of, text.part, { where, limit: page.limit }));
  return query.execute();
}

function conditionsOf(filter: RunFilter, after: RunPlace | undefined): RawBuilder<boolean>[] {
  const conditions: RawBuilder<boolean>[] = [];
  if (filter.status !== undefined) conditions.push(sql`r.status = ${filter.status}`);
  if (filter.workflowPath !== undefined) conditions.push(sql`r.workflow_path = ${filter.workflowPath}`);
  if (filter.trigger !== undefined) conditions.push(sql`r.trigger = ${filter.trigger}`);
  if (filter.ref !== undefined) conditions.push(sql`r.ref = ${filter.ref}`);
  if (filter.actor !== undefined) conditions.push(sql`r.created_by = ${filter.actor}`);
  if (filter.since !== undefined) conditions.push(sql`r.created_at >= ${filter.since}`);
  if (filter.until !== undefined) conditions.push(sql`r.created_at < ${filter.until}`);
  if (after !== undefined)
    conditions.push(sql`(r.created_at, r.id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`);
  return conditions;
}

/** A commit is looked up by its beginning, which the index on commits answers; anything else is part of a name. */
function textOf(
  text: string,
): { kind: "exact"; condition: RawBuilder<boolean> } | { kind: "name"; part: string } {
  const trimmed = text.trim();
  if (/^#?\d{1,9}$/.test(trimmed))
    return { kind: "exact", condition: sql`r.number = ${Number(trimmed.replace("#", ""))}` };
  if (!/^[0-9a-f]{7,64}$/.test(trimmed)) return { kind: "name", part: trimmed };
  // As a range and not `like`, which the index could not answer in every collation.
  const end = `${trimmed.slice(0, -1)}${String.fromCharCode(trimmed.charCodeAt(trimmed.length - 1) + 1)}`;
  return {
    kind: "exact",
    condition: sql`(r.commit collate "C" >= ${trimmed} and r.commit collate "C" < ${end})`,
  };
}
