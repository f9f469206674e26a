import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { policiesSchema } from "../workflow/schema.ts";
import type { Policies } from "../workflow/schema.ts";
import { actionForms, simpleActions } from "./actions.ts";
import type { ActionName } from "./actions.ts";
import { decide } from "./decide.ts";

const policy = (fields: Record<string, unknown>): Policies => policiesSchema.parse(fields);
const gated = (...actions: string[]): Policies => policy({ gates: { require_human_approval_for: actions } });

describe("gates", () => {
  it("W50 without a policy every effect is allowed, by the default", () => {
    for (const action of simpleActions)
      expect(decide(action, policy({}))).toEqual({ kind: "allow", rule: "default" });
  });

  it("W54 a gated action asks, with who may approve and until when", () => {
    const gates = {
      require_human_approval_for: ["release.tag", "deploy.prod"],
      approvers: ["role:admin"],
      self_approval: true,
      expires_sec: 60,
    };
    expect(decide("deploy.prod", policy({ gates }))).toEqual({
      kind: "ask",
      rule: "gates.require_human_approval_for[1]",
      approvers: ["role:admin"],
      selfApproval: true,
      expiresSec: 60,
    });
    expect(decide("deploy.preview", policy({ gates })).kind).toBe("allow");
  });

  it("W54 nobody approves their own run unless the file says so, and an approval lasts a week", () => {
    expect(decide("deploy.prod", gated("deploy.prod"))).toMatchObject({
      selfApproval: false,
      expiresSec: 604_800,
      approvers: [],
    });
  });

  it("W54 a gate at a path asks for what it covers, whatever the case", () => {
    const gate = gated("path.write:db/migrations/");
    expect(decide("path.write:db/migrations/1.sql", gate).kind).toBe("ask");
    expect(decide("path.write:DB/Migrations/1.sql", gate).kind).toBe("ask");
    expect(decide("path.write:db/seed.sql", gate).kind).toBe("allow");
  });

  it("W54 a gate at a secret asks for that one, or for all", () => {
    const secrets = { allowed: ["A", "B"] };
    const one = policy({ secrets, gates: { require_human_approval_for: ["secret.use:A"] } });
    expect([decide("secret.use:A", one).kind, decide("secret.use:B", one).kind]).toEqual(["ask", "allow"]);
    const all = policy({ secrets, gates: { require_human_approval_for: ["secret.use:*"] } });
    expect([decide("secret.use:A", all).kind, decide("secret.use:B", all).kind]).toEqual(["ask", "ask"]);
  });
});

describe("secrets", () => {
  it("W53 a secret is given only when the file lists it", () => {
    expect(decide("secret.use:A", policy({ secrets: { allowed: ["B", "A"] } }))).toEqual({
      kind: "allow",
      rule: "secrets.allowed[1]",
    });
    for (const name of ["A", "a", "", "*", "B "]) {
      expect(decide(`secret.use:${name}`, policy({ secrets: { allowed: ["B"] } }))).toMatchObject({
        kind: "deny",
        rule: "secrets.allowed",
      });
    }
  });
});

describe("order", () => {
  it("W50 a denial wins over a gate, so no approval can lift it", () => {
    const both = policy({
      repo: { blocked_paths: ["secret/"] },
      gates: { require_human_approval_for: ["path.write:**", "secret.use:*"] },
    });
    expect(decide("path.write:secret/x", both)).toMatchObject({
      kind: "deny",
      rule: "repo.blocked_paths[0]",
    });
    expect(decide("secret.use:A", both).kind).toBe("deny");
    expect(decide("path.write:src/x", both).kind).toBe("ask");
  });

  it("W50 a stricter policy never turns a denial or a question into permission", () => {
    const action = fc.oneof(
      fc.constantFrom<ActionName>(...simpleActions),
      fc.constantFrom<ActionName>(
        "secret.use:A",
        "secret.use:B",
        "path.write:src/a.ts",
        "path.write:docs/b.md",
        "path.write:../x",
      ),
    );
    const gates = fc.subarray([
      ...simpleActions,
      "secret.use:A",
      "secret.use:*",
      "path.write:src/",
      "path.write:**",
    ]);
    const blocked = fc.subarray(["src/", "docs/**", "**/*.ts"]);
    const strictness = { allow: 0, ask: 1, deny: 2 };
    fc.assert(
      fc.property(action, gates, gates, blocked, blocked, (name, g1, g2, b1, b2) => {
        const make = (g: string[], b: string[]): Policies =>
          policy({
            gates: { require_human_approval_for: g },
            repo: { blocked_paths: b },
            secrets: { allowed: ["A"] },
          });
        const loose = decide(name, make(g1, b1));
        const strict = decide(name, make([...g1, ...g2], [...b1, ...b2]));
        expect(strictness[strict.kind]).toBeGreaterThanOrEqual(strictness[loose.kind]);
        expect(strict.rule).not.toBe("");
      }),
      { numRuns: 300 },
    );
  });

  it("W54 the forms that hints show are the actions there are", () => {
    expect(actionForms.slice(0, simpleActions.length)).toEqual(simpleActions);
  });
});
