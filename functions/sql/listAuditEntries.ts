import { sql } from "kysely";
import type { AuditHead, AuditLine } from "../../shared/audit/auditLine.ts";
import type { CallerTransaction } from "../context.ts";
import type { AuditEntry } from "../views.ts";

export interface AuditFilter {
  orgId: string;
  projectId?: string | undefined;
  /** A whole action, or the beginning of several: `deploy.`. */
  action?: string | undefined;
  decision?: AuditEntry["decision"] | undefined;
  actor?: string | undefined;
  /** ISO 8601; `to` is not included. */
  from?: string | undefined;
  to?: string | undefined;
  /** Only entries with a smaller number: where the page before ended. */
  before?: number | undefined;
  limit: number;
}

/** Entries of an organisation's audit log with the names of what they are about, newest first. */
export function listAuditEntries(tx: CallerTransaction, filter: AuditFilter): Promise<AuditEntry[]> {
  let query = tx
    .selectFrom("audit_log as a")
    .leftJoin("projects as p", "p.id", "a.project_id")
    .leftJoin("runs as r", "r.id", "a.run_id")
    .leftJoin("profiles as u", (join) => join.on(sql`'user:' || u.id`, "=", sql.ref("a.actor")))
    .select((eb) => [
      "a.seq",
      "a.at",
      "a.actor",
      "u.name as actorName",
      "a.action",
      eb.ref("a.decision").$castTo<AuditEntry["decision"]>().as("decision"),
      "a.rule",
      "a.project_id as projectId",
      "p.slug as projectSlug",
      "r.number as runNumber",
      sql<string | null>`a.entry::jsonb ->> 'stepId'`.as("stepId"),
      sql<AuditEntry["subject"]>`coalesce(a.entry::jsonb -> 'subject', '{}')`.as("subject"),
      "a.hash",
    ])
    .where("a.org_id", "=", filter.orgId)
    .orderBy("a.seq", "desc")
    .limit(filter.limit);
  if (filter.projectId !== undefined) query = query.where("a.project_id", "=", filter.projectId);
  if (filter.action !== undefined) query = query.where(sql<boolean>`starts_with(a.action, ${filter.action})`);
  if (filter.decision !== undefined) query = query.where("a.decision", "=", filter.decision);
  if (filter.actor !== undefined) query = query.where("a.actor", "=", filter.actor);
  if (filter.from !== undefined) query = query.where("a.at", ">=", filter.from);
  if (filter.to !== undefined) query = query.where("a.at", "<", filter.to);
  if (filter.before !== undefined) query = query.where("a.seq", "<", filter.before);
  return query.execute();
}

/** The last entry of an organisation's chain; seq 0 when there is none. */
export async function auditHead(tx: CallerTransaction, orgId: string): Promise<AuditHead> {
  const last = await tx
    .selectFrom("audit_log")
    .select(["seq", "hash"])
    .where("org_id", "=", orgId)
    .orderBy("seq", "desc")
    .limit(1)
    .executeTakeFirst();
  return last ?? { seq: 0, hash: "0".repeat(64) };
}

/** A page of an export: entries after `after` up to `upTo`, oldest first. */
export function auditLines(
  tx: CallerTransaction,
  page: { orgId: string; after: number; upTo: number; limit: number },
): Promise<AuditLine[]> {
  return tx
    .selectFrom("audit_log")
    .select((eb) => [
      "seq",
      sql<string>`to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as("at"),
      "org_id as orgId",
      "project_id as projectId",
      "run_id as runId",
      "actor",
      "action",
      eb.ref("decision").$castTo<AuditLine["decision"]>().as("decision"),
      "rule",
      "entry",
      "prev_hash as prevHash",
      "hash",
    ])
    .where("org_id", "=", page.orgId)
    .where("seq", ">", page.after)
    .where("seq", "<=", page.upTo)
    .orderBy("seq")
    .limit(page.limit)
    .execute();
}
