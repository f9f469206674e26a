import * as fc from "fast-check";
import { expect, it } from "vitest";
import { policiesSchema, type Policies } from "../workflow/schema.ts";
import { simpleActions } from "./actions.ts";
import { decideRequest, recordableRequest } from "./decideRequest.ts";
import type { PolicyRequest } from "./policyRequest.ts";
import { decisionOf, whatIf, type RecordedDecision } from "./whatIf.ts";

const paths = ["src/a.ts", "src/secret/k", "docs/b.md", "db/1.sql", "../x", "SRC/a.ts"];
const patch = fc
  .array(
    fc.record({
      path: fc.constantFrom(...paths),
      mode: fc.constantFrom("100644" as const, "160000" as const, null),
    }),
    { maxLength: 4 },
  )
  .chain((entries) => fc.nat(2000).map((bytes) => ({ entries: [...entries], files: entries.length, bytes })));
const request: fc.Arbitrary<PolicyRequest> = fc.oneof(
  fc.record({
    action: fc.constantFrom<string>(...simpleActions),
    passedChecks: fc.subarray(["Unit", "E2E"]),
  }),
  fc.record({ action: fc.constant("pull_request.open"), patch }),
  fc.record({ action: fc.constantFrom("secret.use:A", "secret.use:B", "agent.run") }),
  fc.record({
    action: fc.constant("network.connect"),
    hosts: fc.subarray(["example.com", "a.example.org:8443", "packages.test"]),
    registryHosts: fc.constant<string[]>(["packages.test"]),
  }),
);
const policies: fc.Arbitrary<Policies> = fc
  .record({
    gates: fc.subarray([...simpleActions, "secret.use:*", "path.write:db/", "path.write:**"]),
    blocked: fc.subarray(["src/secret/", "docs/"]),
    allowed: fc.option(fc.subarray(["src/", "db/", "docs/"])),
    domains: fc.subarray(["registry", "example.com", "*.example.org"]),
    secrets: fc.subarray(["A", "B"]),
    checks: fc.subarray(["Unit", "E2E"]),
    bytes: fc.integer({ min: 1, max: 2000 }),
    credits: fc.option(fc.nat(3)),
  })
  .map((one) =>
    policiesSchema.parse({
      gates: { require_human_approval_for: one.gates },
      repo: { blocked_paths: one.blocked, ...(one.allowed === null ? {} : { allowed_paths: one.allowed }) },
      network: { allowed_domains: one.domains },
      secrets: { allowed: one.secrets },
      checks: { required: one.checks },
      limits: { max_changed_files: 3, max_patch_bytes: one.bytes },
      budget: one.credits === null ? {} : { max_credits: one.credits },
    }),
  );

const record = (asked: PolicyRequest, policy: Policies, runNumber = 1): RecordedDecision => {
  const { kind, rule } = decideRequest(asked, policy);
  const kept = recordableRequest(asked, policy);
  return { runId: "r", runNumber, stepId: "s1", answer: kind, rule, request: kept };
};

it("W146 an unchanged policy changes no decision, whatever was asked", () => {
  fc.assert(
    fc.property(policies, fc.array(request, { maxLength: 6 }), (policy, asked) => {
      expect(
        whatIf(
          asked.map((one) => record(one, policy)),
          policy,
        ),
      ).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

it("W146 each difference is what the edited policy really says, and nothing else is listed", () => {
  fc.assert(
    fc.property(policies, policies, fc.array(request, { maxLength: 6 }), (before, after, asked) => {
      const recorded = asked.map((one, index) => record(one, before, index));
      const differences = whatIf(recorded, after);
      for (const one of recorded) {
        const difference = differences.find((each) => each.runNumber === one.runNumber);
        const now = decideRequest(one.request, after);
        expect(difference?.newAnswer ?? one.answer).toBe(now.kind);
        if (difference !== undefined) expect(difference).toMatchObject({ rule: one.rule, newRule: now.rule });
      }
    }),
    { numRuns: 500 },
  );
});

it("W146 an edited policy tells what would newly be denied, asked and allowed, by rule", () => {
  const old = policiesSchema.parse({ network: { allowed_domains: ["registry"] } });
  const asked: PolicyRequest[] = [
    {
      action: "pull_request.open",
      patch: { entries: [{ path: "docs/b.md", mode: "100644" }], files: 1, bytes: 3 },
    },
    { action: "deploy.prod", passedChecks: [] },
    { action: "network.connect", hosts: ["example.com"], registryHosts: [] },
  ];
  const edited = policiesSchema.parse({
    repo: { blocked_paths: ["docs/"] },
    gates: { require_human_approval_for: ["deploy.prod"] },
    network: { allowed_domains: ["example.com"] },
  });
  expect(
    whatIf(
      asked.map((one, index) => record(one, old, index + 1)),
      edited,
    ),
  ).toEqual([
    expect.objectContaining({
      runNumber: 1,
      action: "pull_request.open",
      answer: "allow",
      rule: "default",
      newAnswer: "deny",
      newRule: "repo.blocked_paths[0]",
    }),
    expect.objectContaining({
      runNumber: 2,
      newAnswer: "ask",
      newRule: "gates.require_human_approval_for[0]",
    }),
    expect.objectContaining({
      runNumber: 3,
      answer: "deny",
      newAnswer: "allow",
      newRule: "network.allowed_domains[0]",
    }),
  ]);
});

it("W146 a refusal by a freeze is no decision of the file", () => {
  const frozen: RecordedDecision = {
    ...record({ action: "deploy.prod" }, policiesSchema.parse({})),
    answer: "deny",
    rule: "freeze",
  };
  expect(whatIf([frozen], policiesSchema.parse({}))).toEqual([]);
});

it("W135 the events of a run give its decisions back; what an approval let through counts once", () => {
  const run = { id: "r", number: 7 };
  const input: PolicyRequest = { action: "deploy.prod" };
  const waiting = {
    type: "step.waiting" as const,
    stepId: "s1",
    approvalId: "00000000-0000-4000-8000-000000000000",
    reason: "",
    action: "deploy.prod",
    contentHash: "h",
    subject: {},
    expiresAt: null,
    rule: "gates.require_human_approval_for[0]",
    input,
  };
  expect(decisionOf(run, waiting)).toMatchObject({ answer: "ask", runNumber: 7, request: input });
  const allowed = { type: "policy.allowed" as const, stepId: "s1", action: "deploy.prod", rule: "x", input };
  expect(decisionOf(run, allowed)).toMatchObject({ answer: "allow" });
  expect(decisionOf(run, { ...allowed, approvalId: waiting.approvalId })).toBeUndefined();
  expect(decisionOf(run, { ...waiting, replaces: waiting.approvalId })).toBeUndefined();
  expect(decisionOf(run, { type: "policy.denied", stepId: null, rule: "r", message: "m" })).toBeUndefined();
});

it("W135 of a very long patch, what policy objects to is kept", () => {
  const policy = policiesSchema.parse({
    limits: { max_changed_files: 5000 },
    repo: { blocked_paths: ["z/"] },
  });
  const entries = [
    ...Array.from({ length: 3000 }, (_, index) => ({ path: `a/${index}`, mode: "100644" as const })),
    { path: "z/last", mode: "100644" as const },
  ];
  const asked = { action: "pull_request.open", patch: { entries, files: entries.length, bytes: 1 } };
  const kept = recordableRequest(asked, policy);
  expect(kept.patch?.entries).toHaveLength(1000);
  expect(decideRequest(kept, policy)).toEqual(decideRequest(asked, policy));
});

it("W136 a gate at a path asks for the patch that touches it, whichever end of a rename", () => {
  const policy = policiesSchema.parse({ gates: { require_human_approval_for: ["path.write:db/"] } });
  const ask = (path: string, oldPath?: string) =>
    decideRequest(
      {
        action: "pull_request.open",
        patch: {
          entries: [{ path, mode: "100644", ...(oldPath === undefined ? {} : { oldPath }) }],
          files: 1,
          bytes: 1,
        },
      },
      policy,
    ).kind;
  expect([ask("db/1.sql"), ask("src/a", "DB/a"), ask("src/a")]).toEqual(["ask", "ask", "allow"]);
});

it("W137 a budget of nothing refuses agents, and no budget does not", () => {
  const verdict = (budget: object) =>
    decideRequest({ action: "agent.run" }, policiesSchema.parse({ budget }));
  expect(verdict({ max_credits: 0 })).toMatchObject({ kind: "deny", rule: "budget.max_credits" });
  expect([verdict({}).kind, verdict({ max_credits: 5 }).kind]).toEqual(["allow", "allow"]);
});
