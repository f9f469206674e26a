import { sql } from "kysely";
import { jsonObjectFrom } from "kysely/helpers/postgres";
import { isoTime } from "../database.ts";
import type { CallerTransaction } from "../context.ts";
import type { RunStatus } from "../../shared/run/events.ts";
import type { MemberRole, Project } from "../views.ts";

/** A project with the slug of its newest live site, which the caller turns into a URL. */
export type ProjectRow = Omit<Project, "previewUrl"> & { previewSlug: string | null };

export type ProjectFilter =
  { orgId?: string | undefined } | { id: string } | { orgSlug: string; slug: string };

/** Projects the caller can see, the one touched last first. */
export async function listProjects(
  tx: CallerTransaction,
  userId: string,
  filter: ProjectFilter,
): Promise<ProjectRow[]> {
  let query = tx
    .selectFrom("projects as p")
    .innerJoin("orgs as o", "o.id", "p.org_id")
    .innerJoin("members as m", (join) => join.onRef("m.org_id", "=", "p.org_id").on("m.user_id", "=", userId))
    .select((eb) => [
      "p.id",
      "p.org_id as orgId",
      "o.slug as orgSlug",
      "p.slug",
      "p.name",
      "p.source",
      "p.default_branch as defaultBranch",
      "p.updated_at as updatedAt",
      "m.role",
      jsonObjectFrom(
        eb
          .selectFrom("runs as r")
          .select((run) => [
            "r.number",
            run.ref("r.status").$castTo<RunStatus>().as("status"),
            // Inside JSON, Postgres writes times by itself.
            sql<string>`to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US+00')`.as("at"),
          ])
          .whereRef("r.project_id", "=", "p.id")
          .orderBy("r.number", "desc")
          .limit(1),
      ).as("lastRun"),
      eb
        .selectFrom("sites as s")
        .select("s.slug")
        .whereRef("s.project_id", "=", "p.id")
        .where("s.revoked_at", "is", null)
        .where("s.current_deployment_id", "is not", null)
        .orderBy("s.created_at", "desc")
        .limit(1)
        .as("previewSlug"),
    ])
    .orderBy("p.updated_at", "desc")
    .orderBy("p.id")
    .limit(500);
  if ("id" in filter) query = query.where("p.id", "=", filter.id);
  else if ("slug" in filter)
    query = query.where("o.slug", "=", filter.orgSlug).where("p.slug", "=", filter.slug);
  else if (filter.orgId !== undefined) query = query.where("p.org_id", "=", filter.orgId);
  const rows = await query.execute();
  return rows.map((row) => ({
    ...row,
    role: row.role satisfies MemberRole,
    lastRun: row.lastRun === null ? null : { ...row.lastRun, at: isoTime(row.lastRun.at) },
  }));
}
