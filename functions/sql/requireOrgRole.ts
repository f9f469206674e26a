import { CoderError } from "../../shared/errors.ts";
import type { CallerTransaction } from "../context.ts";
import type { MemberRole } from "../views.ts";

const ranks: Record<MemberRole, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

/**
 * The caller's role in an organisation, for an answer that row-level security alone would leave empty.
 * @throws CoderError `not_found` for a stranger, `forbidden` below `atLeast`.
 */
export async function requireOrgRole(
  tx: CallerTransaction,
  asked: { orgId: string; userId: string; atLeast: MemberRole },
): Promise<MemberRole> {
  const member = await tx
    .selectFrom("members")
    .select("role")
    .where("org_id", "=", asked.orgId)
    .where("user_id", "=", asked.userId)
    .executeTakeFirst();
  if (member === undefined)
    throw new CoderError("not_found", "There is no such organisation, or you are not a member of it");
  if (ranks[member.role] < ranks[asked.atLeast]) {
    throw new CoderError("forbidden", `Your role here is ${member.role}; this needs ${asked.atLeast}`);
  }
  return member.role;
}
