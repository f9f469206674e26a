import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import {
  auditHeadText,
  auditLineSchema,
  auditLineText,
  type AuditHead,
  type AuditLine,
} from "./auditLine.ts";

const headSchema = z.strictObject({ head: z.strictObject({ seq: z.int().nonnegative(), hash: z.string() }) });
const entrySchema = z.looseObject({
  seq: z.number(),
  at: z.string(),
  orgId: z.string(),
  projectId: z.string().optional(),
  runId: z.string().optional(),
  actor: z.string(),
  action: z.string(),
  decision: z.string(),
  rule: z.string(),
});

export type AuditVerdict =
  | { ok: true; entries: number; head: AuditHead }
  /** `line` counts from 1; it is one past the last line when something is missing at the end. */
  | { ok: false; line: number; problem: string };

/** What stands before the first entry. */
export const firstHash = "0".repeat(64);

/** sha-256 over the hash before, a line feed and the entry's text, in hex (private.audit in SQL). */
export function hashOfEntry(prevHash: string, entry: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${prevHash}\n${entry}`)));
}

/**
 * Reads an export line by line, without keeping it, and finds the first line that was changed, added, left out, moved or cut
 * off: the numbers go on, each hash follows from the one before, and the columns say what the hashed text says.
 * @param expected A head that was noted elsewhere: with it, a file that was rewritten as a whole is found as well.
 */
export async function verifyAuditChain(
  lines: Iterable<string> | AsyncIterable<string>,
  expected?: AuditHead,
): Promise<AuditVerdict> {
  let last: AuditHead = { seq: 0, hash: firstHash };
  let orgId: string | undefined;
  let ended = false;
  let seen = expected === undefined || expected.seq === 0;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    const at = number;
    const bad = (problem: string): AuditVerdict => ({ ok: false, line: at, problem });
    if (ended) return bad("Something follows the line that ends the export.");
    const parsed = parseLine(line);
    if (parsed.kind === "problem") return bad(parsed.problem);
    if (parsed.kind === "head") {
      if (parsed.head.seq !== last.seq || parsed.head.hash !== last.hash)
        return bad(
          `The export ends with entry ${parsed.head.seq}, but the line before is entry ${last.seq}: lines are missing at the end, or were changed.`,
        );
      ended = true;
      continue;
    }
    const problem = problemOf(parsed.line, last, orgId);
    if (problem !== undefined) return bad(problem);
    orgId = parsed.line.orgId;
    last = { seq: parsed.line.seq, hash: parsed.line.hash };
    if (expected?.seq === last.seq) {
      if (expected.hash !== last.hash) return bad(`Entry ${last.seq} is not the one that was noted.`);
      seen = true;
    }
  }
  const end = (problem: string): AuditVerdict => ({ ok: false, line: number + 1, problem });
  if (!ended) return end("The line that ends an export is missing: the file was cut off.");
  if (!seen) return end(`Entry ${expected?.seq ?? 0}, which was noted as the last one, is missing.`);
  return { ok: true, entries: last.seq, head: last };
}

type Parsed =
  | { kind: "line"; line: AuditLine }
  | { kind: "head"; head: AuditHead }
  | { kind: "problem"; problem: string };

function parseLine(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "problem", problem: "The line is not JSON." };
  }
  const head = headSchema.safeParse(value);
  if (head.success && auditHeadText(head.data.head) === text) return { kind: "head", head: head.data.head };
  const line = auditLineSchema.safeParse(value);
  // Another spelling of the same values is a changed line too: what was exported was spelled like this.
  if (line.success && auditLineText(line.data) === text) return { kind: "line", line: line.data };
  return { kind: "problem", problem: "The line is not one of an audit export." };
}

function problemOf(line: AuditLine, last: AuditHead, orgId: string | undefined): string | undefined {
  if (line.seq !== last.seq + 1)
    return `Entry ${line.seq} follows entry ${last.seq}: an entry is missing, repeated or moved.`;
  if (orgId !== undefined && line.orgId !== orgId)
    return `Entry ${line.seq} is of another organisation (${line.orgId}).`;
  if (line.prevHash !== last.hash) return `Entry ${line.seq} does not continue the entry before it.`;
  if (line.hash !== hashOfEntry(line.prevHash, line.entry))
    return `Entry ${line.seq} was changed: its hash is another one.`;
  const wrong = differingField(line);
  return wrong === undefined
    ? undefined
    : `Entry ${line.seq} says another ${wrong} in its fields than in what was hashed.`;
}

/** The first field whose value is not the hashed one. */
function differingField(line: AuditLine): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.entry);
  } catch {
    return "entry";
  }
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) return "entry";
  const { data } = parsed;
  const hashed = { ...data, projectId: data.projectId ?? null, runId: data.runId ?? null };
  const fields = ["seq", "at", "orgId", "projectId", "runId", "actor", "action", "decision", "rule"] as const;
  return fields.find((field) => hashed[field] !== line[field]);
}
