import { auditHeadText, auditLineText } from "../shared/audit/auditLine.ts";
import type { SignedIn } from "./context.ts";
import { auditHead, auditLines } from "./sql/listAuditEntries.ts";
import { requireOrgRole } from "./sql/requireOrgRole.ts";

const pageSize = 500;

/**
 * An organisation's whole audit log as JSON lines, ended by a line with the number and hash of the last entry. It is read
 * page by page as the receiver takes it, so that a log of any length costs a page of memory; what is written meanwhile is
 * left for the next export.
 */
export async function exportAudit(caller: SignedIn, orgId: string): Promise<Response> {
  const head = await caller.asCaller(async (tx) => {
    await requireOrgRole(tx, { orgId, userId: caller.userId, atLeast: "admin" });
    return auditHead(tx, orgId);
  });
  const encoder = new TextEncoder();
  let after = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const lines = await caller.asCaller((tx) =>
          auditLines(tx, { orgId, after, upTo: head.seq, limit: pageSize }),
        );
        after = lines.at(-1)?.seq ?? head.seq;
        const text = lines.map((line) => `${auditLineText(line)}\n`).join("");
        if (after < head.seq) return controller.enqueue(encoder.encode(text));
        controller.enqueue(encoder.encode(`${text}${auditHeadText(head)}\n`));
        return controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="audit-${orgId}.jsonl"`,
    },
  });
}
