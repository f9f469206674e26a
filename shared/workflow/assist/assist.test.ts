import { describe, expect, it } from "vitest";
import { completeWorkflow } from "./completeWorkflow.ts";
import { describeWorkflow } from "./describeWorkflow.ts";

const known = { secrets: ["NPM_TOKEN", "API_KEY"], workflows: [".coder/workflows/ci.yaml"] };

/** Labels offered at the `|` of a text. */
function offered(marked: string): string[] {
  const offset = marked.indexOf("|");
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  return completeWorkflow(text, offset, known)?.options.map((option) => option.label) ?? [];
}

const head = "name: CI\ninputs: { channel: { type: string } }\n";
const steps =
  "steps:\n  - step_id: build\n    type: command\n    name: Build it\n    command: x\n  - step_id: test\n    type: command\n";

describe("W36 completion knows what may stand at the cursor", () => {
  it.each<[string, string, string[], string[]]>([
    ["keys of the file", "na|", ["name", "steps", "triggers"], []],
    ["an empty file", "|", ["name", "steps"], []],
    ["keys that are not there yet", `${head}|\n`, ["steps", "policies"], ["name", "inputs"]],
    [
      "keys of a step of its type",
      `${head}${steps}    |`,
      ["command", "env", "needs"],
      ["goal", "step_id", "target"],
    ],
    [
      "keys in a half-written line",
      `${head}${steps}    tim|\n    command: y\n`,
      ["timeout_sec"],
      ["command"],
    ],
    [
      "keys in a flow mapping",
      `${head}steps:\n  - { type: deploy, ta| }\n`,
      ["target", "inputs"],
      ["type", "command"],
    ],
    ["keys of a policy on its own line", `${head}policies:\n  |\n${steps}`, ["network", "gates"], ["steps"]],
    [
      "values of a list in the schema",
      `${head}steps:\n  - type: agent\n    role: t|\n`,
      ["tester", "reviewer"],
      [],
    ],
    ["true and false", `${head}policies:\n  gates:\n    self_approval: |\n`, ["true", "false"], []],
    ["kinds of steps at a new item", `${head}steps:\n  - |\n`, ["type: command", "type: deploy"], []],
    [
      "kinds of on_failure",
      `${head}${steps}    on_failure: { type: | }\n`,
      ["retry", "continue", "agent_retry"],
      [],
    ],
    [
      "keys of its kind only",
      `${head}${steps}    on_failure: { type: retry, m| }\n`,
      ["max_attempts"],
      ["message", "role"],
    ],
    ["other steps in needs", `${head}${steps}    needs: [|]\n`, ["build"], ["test"]],
    ["a step in a single need", `${head}${steps}    needs: b|\n`, ["build"], ["test"]],
    [
      "events",
      `${head}triggers:\n  - type: repo_event\n    event: pull|\n`,
      ["pull_request.opened", "push"],
      [],
    ],
    [
      "gated actions",
      `${head}policies: { gates: { require_human_approval_for: [d|] } }\n`,
      ["deploy.prod", "secret.use:"],
      [],
    ],
    [
      "the project's secrets",
      `${head}policies:\n  secrets:\n    allowed:\n      - |\n`,
      ["NPM_TOKEN", "API_KEY"],
      [],
    ],
    [
      "time zones",
      `${head}triggers: [{ type: cron, cron: "0 9 * * *", timezone: Eur| }]\n`,
      ["Europe/Berlin", "UTC"],
      [],
    ],
    [
      "required checks by the steps' names",
      `${head}${steps}policies: { checks: { required: [|] } }\n`,
      ["Build it"],
      [],
    ],
    ["variables of an expression", `${head}${steps}    if: |\n`, ["inputs", "steps", "run"], ["secrets"]],
    ["secrets in env only", `${head}${steps}    env: { A: "\${{ | }}" }\n`, ["secrets", "inputs"], []],
    ["names of secrets", `${head}${steps}    env: { A: "\${{ secrets.N| }}" }\n`, ["NPM_TOKEN"], []],
    ["inputs", `${head}${steps}    if: inputs.|\n`, ["channel"], []],
    ["steps in an expression", `${head}${steps}    if: steps.|\n`, ["build"], ["test"]],
    ["what a step gives", `${head}${steps}    if: steps.build.|\n`, ["status", "outputs"], []],
    [
      "the event of a trigger",
      `${head}triggers:\n  - { type: repo_event, event: push, if: "event.pull_request.|" }\n`,
      ["draft", "merged"],
      [],
    ],
    [
      "a trigger sees no steps",
      `${head}triggers:\n  - { type: repo_event, event: push, if: "|" }\n`,
      ["event", "project"],
      ["steps"],
    ],
  ])("%s", (_, text, expected, unexpected) => {
    const labels = offered(text);
    expect(labels).toEqual(expect.arrayContaining(expected));
    for (const label of unexpected) expect(labels).not.toContain(label);
  });

  it("nothing is offered in a comment, in free text and in a file of megabytes", () => {
    expect(offered("name: CI # na|")).toEqual([]);
    expect(offered(`${head}steps:\n  - type: command\n    command: npm |\n`)).toEqual([]);
    expect(offered(`na|${" ".repeat(300_000)}`)).toEqual([]);
  });

  it("a new step brings the keys that it needs, in their column", () => {
    const text = "steps:\n  - ";
    const deploy = completeWorkflow(text, text.length, known)?.options.find(
      (one) => one.label === "type: deploy",
    );
    expect(deploy?.insert).toBe("type: deploy\n    target: preview");
  });

  it("a key is not given a second colon", () => {
    const option = completeWorkflow("nam: x\n", 3, known)?.options.find((one) => one.label === "name");
    expect(option?.insert).toBe("name");
    expect(completeWorkflow("nam", 3, known)?.options[0]?.info).toBeDefined();
  });

  it("malformed files are survived wherever the cursor is", () => {
    const text = "name: 'x\nsteps: [{ type: command, \n  - : : &a *b !!x {{ ]\n\t${{ steps.";
    for (let offset = 0; offset <= text.length; offset += 1)
      expect(() => completeWorkflow(text, offset, known)).not.toThrow();
  });
});

describe("W36 hover tells what a key is", () => {
  const text = `${head}policies:\n  network: { allowed_domains: [registry] }\n${steps}    on_failure: { type: retry, max_attempts: 2 }\n`;
  const at = (word: string) => describeWorkflow(text, text.indexOf(word) + 1);
  it("with its text, type, values and default", () => {
    expect(at("allowed_domains")).toMatchObject({ title: "policies.network.allowed_domains", type: "list" });
    expect(at("name: CI")?.text).toBe("What people see.");
    expect(at("max_attempts")?.text).toContain("Attempts in all");
    expect(at("command\n")?.text).toContain("shell command");
    expect(at("registry")).toBeNull();
    expect(describeWorkflow("policies: { gates: { self_approval: false } }", 24)).toMatchObject({
      default: "false",
      values: ["true", "false"],
    });
  });
});
