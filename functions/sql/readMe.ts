import type { CallerTransaction } from "../context.ts";
import type { Me } from "../views.ts";

/** The caller with their organisations, the personal one first; undefined when the account is gone. */
export async function readMe(tx: CallerTransaction, userId: string): Promise<Me | undefined> {
  const user = await tx
    .selectFrom("profiles")
    .select(["id", "email", "name"])
    .where("id", "=", userId)
    .executeTakeFirst();
  if (user === undefined) return undefined;
  const orgs = await tx
    .selectFrom("members as m")
    .innerJoin("orgs as o", "o.id", "m.org_id")
    .select(["o.id", "o.slug", "o.name", "o.personal", "m.role"])
    .where("m.user_id", "=", userId)
    .orderBy("o.personal", "desc")
    .orderBy("o.name")
    .orderBy("o.id")
    .execute();
  return { user, orgs };
}
