import type { CallerTransaction } from "../context.ts";

/** Id of the project at `/:org/:project`, or undefined when there is none that the caller sees. */
export async function findProjectBySlugs(
  tx: CallerTransaction,
  org: string,
  project: string,
): Promise<string | undefined> {
  const row = await tx
    .selectFrom("projects as p")
    .innerJoin("orgs as o", "o.id", "p.org_id")
    .select("p.id")
    .where("o.slug", "=", org)
    .where("p.slug", "=", project)
    .executeTakeFirst();
  return row?.id;
}
