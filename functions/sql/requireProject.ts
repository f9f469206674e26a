import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";

export interface ProjectKey {
  id: string;
  orgId: string;
  orgSlug: string;
  slug: string;
  name: string;
  defaultBranch: string;
}

/** A project the caller can see. @throws CoderError `not_found` */
export async function requireProject(tx: CallerTransaction, id: string): Promise<ProjectKey> {
  const project = await tx
    .selectFrom("projects as p")
    .innerJoin("orgs as o", "o.id", "p.org_id")
    .select([
      "p.id",
      "p.org_id as orgId",
      "o.slug as orgSlug",
      "p.slug",
      "p.name",
      "p.default_branch as defaultBranch",
    ])
    .where("p.id", "=", id)
    .executeTakeFirst();
  if (project === undefined) {
    throw new CoderError(
      "not_found",
      "There is no such project, or you are not a member of its organisation",
    );
  }
  return project;
}
