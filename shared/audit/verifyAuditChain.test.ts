import * as fc from "fast-check";
import { expect, it } from "vitest";
import { auditHeadText, auditLineText, type AuditLine } from "./auditLine.ts";
import { firstHash, hashOfEntry, verifyAuditChain } from "./verifyAuditChain.ts";

const orgId = "6b1c5f1e-0000-4000-8000-000000000001";

/** An export as the API makes it. */
function exportOf(rules: readonly string[]): string[] {
  let prevHash = firstHash;
  const lines = rules.map((rule, index) => {
    const fields = {
      seq: index + 1,
      at: "2026-11-21T10:00:00.000000Z",
      orgId,
      actor: "system",
      action: "deploy.prod",
      decision: "allow" as const,
      rule,
    };
    const entry = JSON.stringify(index % 2 === 0 ? fields : { ...fields, projectId: orgId });
    const hash = hashOfEntry(prevHash, entry);
    const projectId = index % 2 === 0 ? null : orgId;
    const line: AuditLine = { ...fields, projectId, runId: null, entry, prevHash, hash };
    prevHash = hash;
    return auditLineText(line);
  });
  return [...lines, auditHeadText({ seq: rules.length, hash: prevHash })];
}
const rules = fc.array(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 8 });

it("W151 an export as it was made verifies, also an empty one", async () => {
  await fc.assert(
    fc.asyncProperty(rules, async (each) => {
      expect(await verifyAuditChain(exportOf(each))).toMatchObject({ ok: true, entries: each.length });
    }),
  );
  expect(await verifyAuditChain(exportOf([]))).toMatchObject({ ok: true, entries: 0 });
});

it("W151 any character changed anywhere is found, at or before the next line", async () => {
  await fc.assert(
    fc.asyncProperty(
      rules,
      fc.nat(),
      fc.nat(),
      fc.string({ minLength: 1, maxLength: 1 }),
      async (each, line, place, character) => {
        const lines = exportOf(each);
        const index = line % lines.length;
        const text = lines[index]!;
        const at = place % text.length;
        fc.pre(text[at] !== character);
        lines[index] = text.slice(0, at) + character + text.slice(at + 1);
        const verdict = await verifyAuditChain(lines);
        expect(verdict).toMatchObject({ ok: false, line: index + 1 });
      },
    ),
    { numRuns: 500 },
  );
});

it("W151 a line that is dropped, repeated or moved is found, and so is a file that was cut off", async () => {
  await fc.assert(
    fc.asyncProperty(rules, fc.nat(), fc.nat(), async (each, from, to) => {
      const lines = exportOf(each);
      const one = from % lines.length;
      const other = to % lines.length;
      const dropped = lines.filter((_, index) => index !== one);
      const repeated = [...lines.slice(0, one + 1), ...lines.slice(one)];
      const cut = lines.slice(0, one);
      const moved = dropped.toSpliced(other, 0, lines[one]!);
      for (const tampered of [dropped, repeated, cut, ...(one === other ? [] : [moved])])
        expect((await verifyAuditChain(tampered)).ok).toBe(false);
    }),
  );
});

it("W151 columns that say something else than what was hashed are found", async () => {
  const lines = exportOf(["a", "b"]);
  const line = JSON.parse(lines[1]!) as AuditLine;
  for (const change of [
    { rule: "x" },
    { actor: "user:1" },
    { decision: "deny" as const },
    { projectId: null },
  ]) {
    const verdict = await verifyAuditChain([lines[0]!, auditLineText({ ...line, ...change }), lines[2]!]);
    expect(verdict).toMatchObject({ ok: false, line: 2 });
  }
});

it("W151 a chain that was written anew as a whole is found with a head that was noted before", async () => {
  const honest = exportOf(["a", "b", "c"]);
  const { head } = JSON.parse(honest[3]!) as { head: { seq: number; hash: string } };
  expect((await verifyAuditChain(honest, head)).ok).toBe(true);
  // It has grown since: what was noted is still in it.
  expect((await verifyAuditChain(exportOf(["a", "b", "c", "d"]), head)).ok).toBe(true);
  expect((await verifyAuditChain(exportOf(["a", "X", "c"]), head)).ok).toBe(false);
  expect((await verifyAuditChain(exportOf(["a", "b"]), head)).ok).toBe(false);
});
