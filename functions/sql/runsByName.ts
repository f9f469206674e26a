import { sql, type RawBuilder } from "kysely";

/**
 * Ids of the newest runs of a project or organisation whose name or workflow's path holds `text`, at most `limit` of each
 * name. `where` narrows the runs, as `r`.
 *
 * A project's runs have few names. They are stepped through in the index `runs_project_name`, and only those that match
 * are asked for runs; under row-level security an index on parts of words would not be used (`ilike` is not leakproof).
 */
export function runsByName(
  of: { projectId: string } | { orgId: string },
  text: string,
  newest: { where: readonly RawBuilder<boolean>[]; limit: number },
): RawBuilder<string> {
  const pattern = `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  const projects = "projectId" in of ? sql`p.id = ${of.projectId}` : sql`p.org_id = ${of.orgId}`;
  return sql<string>`(
    with recursive named as (
      (select p.id as project_id, first.* from projects p cross join lateral (
         select workflow_path, name from runs where project_id = p.id order by workflow_path, name limit 1) first
       where ${projects})
      union all
      select n.project_id, next.* from named n cross join lateral (
        select workflow_path, name from runs
        where project_id = n.project_id and (workflow_path, name) > (n.workflow_path, n.name)
        order by workflow_path, name limit 1) next)
    select newest.id from named n cross join lateral (
      select r.id from runs r
      where r.project_id = n.project_id and r.workflow_path = n.workflow_path and r.name = n.name
        and ${sql.join([sql`true`, ...newest.where], sql` and `)}
      order by r.created_at desc, r.id desc limit ${newest.limit}) newest
    where n.name ilike ${pattern} or n.workflow_path ilike ${pattern})`;
}
