import type { CallerTransaction } from "../context.ts";
import type { Member } from "../views.ts";

/** Owners first, then by name. */
export function listMembers(tx: CallerTransaction, orgId: string): Promise<Member[]> {
  return tx
    .selectFrom("members as m")
    .innerJoin("profiles as p", "p.id", "m.user_id")
    .select(["p.id as userId", "p.email", "p.name", "m.role"])
    .where("m.org_id", "=", orgId)
    .orderBy("m.role")
    .orderBy("p.name")
    .orderBy("p.id")
    .execute();
}
