import { describe, expect, it } from "vitest";
import { lintWorkflow, parseWorkflow } from "./parseWorkflow.ts";
import type { Workflow } from "./schema.ts";
import { problemText } from "./problemText.ts";

const path = ".coder/workflows/ci.yaml";
const head = "name: CI\ntriggers: [{ type: manual }]\n";

function findings(text: string): string[] {
  return lintWorkflow(text, { path }).map((problem) => problemText("w", problem));
}

function codes(text: string): string[] {
  return lintWorkflow(text, { path }).map((problem) => `${problem.code} ${problem.line}:${problem.column}`);
}

function parsed(text: string): Workflow {
  const result = parseWorkflow(text, { path });
  if (!result.ok) throw new Error(result.problems.map((problem) => problemText("w", problem)).join("\n"));
  return result.workflow;
}

const steps = (body: string): string => `${head}steps:\n${body}`;

describe("shape", () => {
  it("W4 a problem has its code, place, message and hint", () => {
    const [problem] = lintWorkflow(`${head}setps: []\nsteps: [{ type: command, command: x }]\n`, { path });
    expect(problem).toEqual({
      code: "unknown_key",
      severity: "error",
      message: 'unknown key "setps"',
      line: 3,
      column: 1,
      endLine: 3,
      endColumn: 6,
      hint: 'did you mean "steps"?',
    });
    expect(problemText("ci.yaml", problem!)).toBe(
      'ci.yaml:3:1 unknown_key unknown key "setps" (did you mean "steps"?)',
    );
  });

  it("W4 a file with thousands of mistakes is answered with the first 200, in order", () => {
    const text = head + Array.from({ length: 5000 }, (_, i) => `k${i}: 1\n`).join("");
    const problems = lintWorkflow(text, { path });
    expect(problems).toHaveLength(200);
    const lines = problems.map((problem) => problem.line);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
    expect(parseWorkflow(text, { path }).ok).toBe(false);
  });

  it.each([
    [
      "step",
      "  - { type: command, command: x, comand: y }\n",
      '4:34 unknown_key unknown key "comand" in steps[0]',
      "command",
    ],
    [
      "policy",
      "  - { type: command, command: x }\npolicies: { repo: { allow_paths: [] } }\n",
      "unknown_key",
      "allowed_paths",
    ],
    [
      "on_failure",
      "  - { type: command, command: x, on_failure: { type: retry, max_attempt: 2 } }\n",
      "unknown_key",
      "max_attempts",
    ],
  ])("W5 an unknown key in a %s names the nearest", (_, body, text, name) => {
    const found = findings(steps(body)).find((line) => line.includes("unknown_key"));
    expect(found).toContain(text);
    expect(found).toContain(`did you mean "${name}"?`);
  });

  it.each([
    ["  - { type: command, command: 3 }", "wrong_type steps[0].command must be text, not a number (3)"],
    ["  - { type: command }", '"command" is missing in steps[0]'],
    ["  - { command: x }", '"type" is missing in steps[0]'],
    ["  - text", "steps[0] must be a mapping, not text"],
    ["  - { type: comand, command: x }", 'did you mean "command"?'],
    ["  - { type: agent, role: tster, goal: x }", 'did you mean "tester"?'],
    ["  - { type: agent, role: tester, goal: '' }", 'steps[0].goal is "": it must not be empty'],
    ["  - { type: command, command: x, timeout_sec: 0 }", "it must be more than 0"],
    ["  - { type: command, command: x, timeout_sec: 1.5 }", "timeout_sec must be a whole number"],
    ["  - { type: command, command: x, timeout_sec: 90000 }", "it must be at most 86400"],
    ["  - { type: command, command: x, needs: 7 }", "needs must be text or a list, not a number (7)"],
    [
      "  - { type: command, command: x, env: { A: [1] } }",
      "steps[0].env.A must be text or a number or true or false",
    ],
    ["  - { type: command, command: x, env: { A-B: 1 } }", 'the name "A-B" is not valid'],
    ["  []", "steps is []: it needs at least one"],
    ["  - { type: command, command: x, step_id: 'a b' }", 'steps[0].step_id is "a b"'],
  ])("W6 %s", (body, text) => {
    expect(findings(steps(`${body}\n`)).join("\n")).toContain(text);
  });

  it("W7 what a file leaves out has the documented defaults", () => {
    const workflow = parsed(
      "name: CI\nsteps: [{ type: command, command: x }, { type: notify, message: y }]\n",
    );
    expect(workflow).toEqual({
      version: 1,
      workflow_id: "ci",
      name: "CI",
      inputs: {},
      triggers: [],
      outputs: {},
      defaults: { timeout_sec: 900, on_interrupt: "fail" },
      policies: {
        budget: { max_wall_clock_sec: 3600 },
        limits: { max_turns: 60, max_changed_files: 100, max_patch_bytes: 4_000_000 },
        repo: { blocked_paths: [] },
        network: { allowed_domains: ["registry"] },
        secrets: { allowed: [] },
        checks: { required: [] },
        gates: { require_human_approval_for: [], approvers: [], self_approval: false, expires_sec: 604_800 },
      },
      steps: [
        { type: "command", step_id: "s1", command: "x", env: {}, reports: {} },
        { type: "notify", step_id: "s2", message: "y", channels: ["inbox"] },
      ],
    });
  });

  it("W7 environment values may be written as numbers and booleans, and become text", () => {
    const [step] = parsed(steps("  - { type: command, command: x, env: { A: 1, B: true, C: 'x' } }\n")).steps;
    expect(step).toMatchObject({ env: { A: "1", B: "true", C: "x" } });
  });

  it("W8 the id of a workflow is its file's name unless it has one", () => {
    expect(parsed(steps("  - { type: command, command: x }\n")).workflow_id).toBe("ci");
    expect(parsed(`workflow_id: wf_1\n${steps("  - { type: command, command: x }\n")}`).workflow_id).toBe(
      "wf_1",
    );
  });

  it("W9 two steps with one id are an error at the second", () => {
    const text = steps(
      "  - { step_id: a, type: command, command: x }\n  - { step_id: a, type: command, command: y }\n",
    );
    expect(codes(text)).toEqual(["duplicate_step 5:16"]);
  });

  it("W9 a default id that is taken is an error too", () => {
    expect(
      codes(steps("  - { step_id: s2, type: command, command: x }\n  - { type: command, command: y }\n")),
    ).toEqual(["duplicate_step 5:5"]);
  });
});

describe("graph", () => {
  const step = (id: string, needs: string): string =>
    `  - { step_id: ${id}, type: command, command: x, needs: ${needs} }\n`;

  it("W12 a need that names no step is an error at the name, with the nearest", () => {
    const [line] = findings(steps(step("build", "[]") + step("test", "[biuld]")));
    expect(line).toBe('w:5:57 unknown_step no step is called "biuld" (did you mean "build"?)');
  });

  it("W13 a cycle is reported once, at the need that closes it", () => {
    const found = findings(steps(step("a", "[c]") + step("b", "a") + step("c", "[b]")));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain("cycle steps wait for each other: a needs c needs b needs a");
    expect(found[0]).toMatch(/^w:5:/);
  });

  it("W13 a step that needs itself is a cycle", () => {
    expect(findings(steps(step("a", "[a]")))[0]).toContain("cycle steps wait for each other: a needs a");
  });

  it("W13 a step behind a cycle is unreachable", () => {
    const found = findings(steps(step("a", "[b]") + step("b", "[a]") + step("c", "[b]")));
    expect(found.map((line) => line.split(" ")[1])).toEqual(["cycle", "unreachable_step"]);
  });

  it("W13 reading each other's outputs is a cycle", () => {
    const text = steps(
      "  - { step_id: a, type: command, command: x, needs: [], if: steps.b.outputs.ok }\n" +
        "  - { step_id: b, type: command, command: x, if: steps.a.outputs.ok }\n",
    );
    expect(findings(text).join()).toContain("cycle");
  });

  it.each(["false", '"false"', '"1 == 2"', '"${{ false }}"'])(
    "W14 a step with `if: %s` can never run",
    (condition) => {
      expect(codes(steps(`  - { type: command, command: x, if: ${condition} }\n`))[0]).toMatch(
        /^unreachable_step 4:/,
      );
    },
  );
});

describe("expressions in a file", () => {
  it("W17 is shown where it stands inside the text", () => {
    const text = steps('  - { type: notify, message: "now ${{ project.reff }} is out" }\n');
    const [problem] = lintWorkflow(text, { path });
    const line = text.split("\n")[3]!;
    expect(line.slice(problem!.column - 1, problem!.endColumn! - 1)).toBe("reff");
    expect(problem!.hint).toBe('did you mean "ref"?');
  });

  it("W17 is shown inside block text too", () => {
    const text = `${head}steps:\n  - type: notify\n    message: |\n      first\n      \${{ event.a + nope }}\n`;
    expect(codes(text)).toEqual(["bad_expression 7:21"]);
  });

  it("W16 a condition that is not a truth value is an error", () => {
    const text = `inputs: { n: { type: number } }\n${steps("  - { type: command, command: x, if: inputs.n }\n")}`;
    expect(findings(text)[0]).toContain("a condition must be true or false, and this is of type double");
  });

  it("W18 a step that comes later cannot be read", () => {
    const text = steps(
      "  - { step_id: a, type: command, command: x, if: steps.b.outputs.ok }\n  - { step_id: b, type: command, command: x }\n",
    );
    expect(findings(text)[0]).toContain('step "b" has not ended when this is read');
  });

  it("W18 a step that does not exist cannot be read, and the nearest is named", () => {
    const text = steps(
      "  - { step_id: build, type: command, command: x }\n  - { type: command, command: x, if: steps.biuld.outputs.ok }\n",
    );
    expect(findings(text)[0]).toContain('no step is called "biuld" (did you mean "build"?)');
  });

  it("W20 a value pasted into a command is an error that shows the way by env", () => {
    const text = `inputs: { who: { type: string } }\n${steps('  - { type: command, command: "echo ${{ inputs.who }}" }\n')}`;
    const [problem] = lintWorkflow(text, { path });
    expect(problem).toMatchObject({ code: "expression_in_command", line: 5, column: 37, endColumn: 54 });
    expect(problem!.hint).toBe('write `env: { VALUE: "${{ inputs.who }}" }` and use "$VALUE" in the command');
  });

  const allowed = "policies: { secrets: { allowed: [NPM_TOKEN] } }\n";
  it("W21 a secret in the env of a command must be allowed", () => {
    const use = (name: string): string[] =>
      findings(
        `${allowed}${steps(`  - { type: command, command: x, env: { T: "\${{ secrets.${name} }}" } }\n`)}`,
      );
    expect(use("NPM_TOKEN")).toEqual([]);
    expect(use("NPM_TOKE")[0]).toContain(
      'secret_not_allowed the secret NPM_TOKE is not in policies.secrets.allowed (did you mean "NPM_TOKEN"?)',
    );
  });

  it("W21 a secret anywhere else is an error", () => {
    const text = `${allowed}${steps('  - { type: notify, message: "${{ secrets.NPM_TOKEN }}" }\n')}`;
    expect(findings(text)[0]).toContain("secret_misplaced");
  });

  it("W32 a secret that the project does not have is an error for the linter that knows the project", () => {
    const text = `${allowed}${steps("  - { type: command, command: x }\n")}`;
    expect(lintWorkflow(text, { path, secrets: ["NPM_TOKEN"] })).toEqual([]);
    expect(lintWorkflow(text, { path, secrets: [] })).toMatchObject([
      { code: "unknown_secret", line: 1, column: 34 },
    ]);
    expect(lintWorkflow(text, { path, secrets: ["NPM_TOKN", "OTHER"] })[0]?.hint).toMatch(
      /^did you mean "NPM_TOKN"\? Else add it under Settings, Secrets/,
    );
  });

  it("W231 a webhook whose secret does not exist is warned of, as every call of it is refused", () => {
    const text =
      "name: x\ntriggers: [{ type: webhook, name: alert, secret_ref: HOOK }]\nsteps: [{ type: command, command: x }]\n";
    expect(lintWorkflow(text, { path, secrets: ["HOOK"] })).toEqual([]);
    expect(lintWorkflow(text, { path, secrets: ["HOK"] })).toMatchObject([
      { code: "unknown_secret", severity: "warning", line: 2, hint: expect.stringContaining('"HOK"') },
    ]);
    expect(lintWorkflow(text, { path })).toEqual([]);
  });
});

describe("triggers, inputs and policies", () => {
  const body = "steps: [{ type: command, command: x }]\n";
  const trigger = (fields: string): string[] => findings(`name: x\ntriggers: [{ ${fields} }]\n${body}`);

  it.each([
    ["0 25 * * *", "Invalid value for hour"],
    ["* * * *", "five fields"],
    ["0 0 9 * * 1", "five fields"],
    ["0 9 31 2 *", "it never fires"],
    ["hello", "is not a schedule"],
    ["2027-01-01T09:00:00", "it holds a colon"],
    ["0 9 * * a:b", "it holds a colon"],
  ])("W23 cron %s is refused", (cron, text) => {
    const [line] = trigger(`type: cron, cron: "${cron}"`);
    expect(line).toContain("bad_cron");
    expect(line).toContain(text);
  });

  it.each(["0 9 * * 1-5", "*/5 * * * *", "0 0 1 JAN *", "0 0 29 2 *", "0 12 * * MON#1"])(
    "W23 cron %s is accepted",
    (cron) => {
      expect(trigger(`type: cron, cron: "${cron}"`)).toEqual([]);
    },
  );

  it.each([
    ["America/Chicgo", 'did you mean "America/Chicago"?'],
    ["+02:00", "bad_timezone"],
    ["Mars/Base", "bad_timezone"],
  ])("W24 time zone %s is refused", (zone, text) => {
    expect(trigger(`type: cron, cron: "0 9 * * *", timezone: "${zone}"`)[0]).toContain(text);
  });

  it("W25 an event that is not known is refused with the nearest", () => {
    expect(trigger("type: repo_event, event: pull_request.open")[0]).toContain(
      'did you mean "pull_request.opened"?',
    );
  });

  it("W25 a trigger's condition sees the event, not the inputs or steps", () => {
    expect(trigger('type: repo_event, event: push, if: "event.draft == false"')).toEqual([]);
    expect(trigger('type: repo_event, event: push, if: "steps.a.outputs.b"')[0]).toContain(
      "steps cannot be read here",
    );
  });

  it("W26 the default of a choice is one of its options", () => {
    const text = `inputs: { c: { type: choice, options: [beta, stable], default: betta } }\n${head}${body}`;
    expect(findings(text)[0]).toContain(
      'the default "betta" is not one of the options (did you mean "beta"?)',
    );
  });

  const policy = (fields: string): string[] => findings(`policies: { ${fields} }\n${head}${body}`);
  it("W27 a gate names an action", () => {
    expect(
      policy(
        'gates: { require_human_approval_for: [deploy.prod, release.tag, "secret.use:*", "path.write:db/**"] }',
      ),
    ).toEqual([]);
    expect(policy("gates: { require_human_approval_for: [deploy.prd] }")[0]).toContain(
      'did you mean "deploy.prod"?',
    );
    expect(policy('gates: { require_human_approval_for: ["path.write:../x"] }')[0]).toContain(
      "leaves the repository",
    );
    expect(policy("gates: { approvers: [admin] }")[0]).toContain("role:<name> or user:<e-mail>");
  });

  it.each(["../x", "/etc", "a\\\\b", ""])("W28 the path pattern %s is refused", (glob) => {
    expect(policy(`repo: { allowed_paths: ["${glob}"] }`)).toHaveLength(1);
    expect(policy(`repo: { blocked_paths: ["${glob}"] }`)).toHaveLength(1);
  });

  it.each(["https://x.com", "x.com/path", "*", "a b", "*.*.com"])(
    "W29 the domain %s is refused",
    (domain) => {
      expect(policy(`network: { allowed_domains: ["${domain}"] }`)[0]).toContain("bad_pattern");
    },
  );

  it.each(["registry", "api.example.com", "*.example.com", "localhost:8080", "10.0.0.1"])(
    "W29 the domain %s is accepted",
    (domain) => {
      expect(policy(`network: { allowed_domains: ["${domain}"] }`)).toEqual([]);
    },
  );

  it("W30 a required check that no step has is a warning: the forge may report it", () => {
    const text = `policies: { checks: { required: [Run test] } }\n${steps("  - { type: command, name: Run tests, command: x }\n")}`;
    const result = parseWorkflow(text, { path });
    expect(result.ok).toBe(true);
    expect(result.problems).toMatchObject([
      { code: "unknown_check", severity: "warning", hint: 'did you mean "Run tests"?' },
    ]);
  });

  it("W31 tier and model together are an error", () => {
    const text = steps("  - { type: agent, role: tester, goal: x, tier: A, model: 'openai:gpt' }\n");
    expect(codes(text)).toEqual(["conflicting_keys 4:52"]);
  });

  it("W245 a draft that is to be merged is an error", () => {
    const text = steps("  - { type: pull_request, title: x, draft: true, merge: true }\n");
    expect(codes(text)).toEqual(["conflicting_keys 4:50"]);
  });

  it("W32 a workflow without triggers is a warning", () => {
    const result = parseWorkflow(`name: x\n${body}`, { path });
    expect(result).toMatchObject({ ok: true, problems: [{ code: "no_trigger", severity: "warning" }] });
  });
});
