import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";

export interface ProjectKey {
  id: string;
  orgId: string;
  slug: string;
  name: string;
  defaultBranch: string;
}

/** A project the caller can see. @throws CoderError `not_found` */
export async function requireProject(tx: CallerTransaction, id: string): Promise<ProjectKey> {
  const project = await tx
    .selectFrom("projects")
    .select(["id", "org_id as orgId", "slug", "name", "default_branch as defaultBranch"])
    .where("id", "=", id)
    .executeTakeFirst();
  if (project === undefined) {
    throw new CoderError(
      "not_found",
      "There is no such project, or you are not a member of its organisation",
    );
  }
  return project;
}
