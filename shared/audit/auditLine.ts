import { z } from "zod";

/** The last entry of a chain. Whoever writes it down somewhere else can tell later that nothing was cut off. */
export interface AuditHead {
  seq: number;
  hash: string;
}

/** One line of an export. `entry` is the text that was hashed; the other fields are the columns that pages filter by. */
export const auditLineSchema = z.strictObject({
  seq: z.int().positive(),
  at: z.string(),
  orgId: z.string(),
  projectId: z.string().nullable(),
  runId: z.string().nullable(),
  actor: z.string(),
  action: z.string(),
  decision: z.enum(["allow", "deny", "ask"]),
  rule: z.string(),
  entry: z.string(),
  prevHash: z.string(),
  hash: z.string(),
});
export type AuditLine = z.infer<typeof auditLineSchema>;

/** An entry as a line of an export, in the one spelling that the verifier accepts. */
export function auditLineText(line: AuditLine): string {
  const { seq, at, orgId, projectId, runId, actor, action, decision, rule, entry, prevHash, hash } = line;
  return JSON.stringify({
    seq,
    at,
    orgId,
    projectId,
    runId,
    actor,
    action,
    decision,
    rule,
    entry,
    prevHash,
    hash,
  });
}

/** The line that an export ends with. */
export function auditHeadText({ seq, hash }: AuditHead): string {
  return JSON.stringify({ head: { seq, hash } });
}
