import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseWorkflow } from "./parseWorkflow.ts";
import { planWorkflow } from "./planWorkflow.ts";

const directory = new URL("./examples/", import.meta.url);
const files = readdirSync(directory);
const read = (file: string): string => readFileSync(new URL(file, directory), "utf8");

function parsed(file: string) {
  const result = parseWorkflow(read(file), { path: `.coder/workflows/${file}` });
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2));
  return result;
}

describe("the examples of the documents", () => {
  it.each(files)("W1 %s loads without a finding", (file) => {
    expect(parsed(file).problems).toEqual([]);
  });

  it("W8 examples that leave out version and ids get them", () => {
    const { workflow } = parsed("dependency-bump.yaml");
    expect(workflow.version).toBe(1);
    expect(workflow.workflow_id).toBe("dependency-bump");
    expect(workflow.steps.map((step) => step.step_id)).toEqual(["s1", "s2", "s3"]);
    expect(workflow.triggers).toEqual([
      { type: "cron", cron: "0 9 * * 1", timezone: "UTC", catch_up: "last" },
    ]);
  });

  it("W1 the JSON example keeps every value", () => {
    const { workflow } = parsed("operationalize.json");
    expect(workflow.workflow_id).toBe("wf_123");
    expect(workflow.policies.budget).toEqual({ max_credits: 25, max_wall_clock_sec: 1800 });
    expect(workflow.policies.gates.require_human_approval_for).toEqual(["deploy.prod", "release.tag"]);
    expect(workflow.steps[1]).toMatchObject({
      name: "Run tests",
      command: "cargo test -q",
      on_failure: { type: "agent_retry", role: "tester", max_attempts: 2 },
    });
    expect(workflow.steps[3]).toMatchObject({ target: "preview", inputs: { provider: "cloudflare_pages" } });
  });

  it("W10 the release example runs its steps in order", () => {
    const plan = planWorkflow(parsed("release.yaml").workflow);
    expect(plan.steps.map(({ id, type, needs }) => [id, type, needs])).toEqual([
      ["s1", "agent", []],
      ["s2", "command", ["s1"]],
      ["s3", "deploy", ["s2"]],
      ["s4", "approve", ["s3"]],
      ["s5", "deploy", ["s4"]],
    ]);
  });
});
