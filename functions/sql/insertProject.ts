import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";

export interface NewProject {
  id: string;
  orgId: string;
  name: string;
  source: string;
  createdBy: string;
}

/**
 * Inserts a project under a free slug made from its name. The second call of one intent finds the first one's row:
 * `isNew` is false then, and the row is left as it is.
 */
export async function insertProject(
  tx: CallerTransaction,
  project: NewProject,
): Promise<{ slug: string; orgSlug: string; isNew: boolean }> {
  const base = slugOf(project.name);
  for (let attempt = 1; attempt <= 40; attempt++) {
    // Counting is for people; whoever has dozens of one name gets a tail that is free at once.
    const tail = attempt <= 20 ? String(attempt) : project.id.replaceAll("-", "").slice(0, attempt - 17);
    const slug = attempt === 1 ? base : `${base}-${tail}`;
    const inserted = await tx
      .insertInto("projects")
      .values({
        id: project.id,
        org_id: project.orgId,
        slug,
        name: project.name,
        source: project.source,
        created_by: project.createdBy,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("slug")
      .executeTakeFirst();
    const found = await tx
      .selectFrom("projects as p")
      .innerJoin("orgs as o", "o.id", "p.org_id")
      .select(["p.slug", "o.slug as orgSlug", "p.org_id as orgId"])
      .where("p.id", "=", project.id)
      .executeTakeFirst();
    if (found !== undefined) {
      if (found.orgId !== project.orgId)
        throw new CoderError("conflict", `Project id ${project.id} is taken`);
      return { slug: found.slug, orgSlug: found.orgSlug, isNew: inserted !== undefined };
    }
  }
  throw new CoderError(
    "conflict",
    `No free address for a project named ${project.name}; choose another name`,
  );
}

/** Lower case, dashes, at most 40 characters, so that a number fits behind it. */
function slugOf(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  if (slug === "") return "project";
  // Pages of the organisation that stand where a project's address would.
  return ["settings", "audit"].includes(slug) ? `${slug}-project` : slug;
}
