import { sql } from "kysely";
import type { CallerTransaction } from "../context.ts";
import type { MemberRole } from "../views.ts";

/** Adds a user by e-mail, changes their role, or with null removes them. */
export async function setMember(
  tx: CallerTransaction,
  member: { orgId: string; email: string; role: MemberRole | null },
): Promise<void> {
  await sql`select public.set_member(${member.orgId}, ${member.email}, ${member.role})`.execute(tx);
}
