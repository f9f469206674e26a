import { globSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { evaluateCondition, evaluateExpression, type ExpressionContext } from "../workflow/expressions.ts";
import { parseWorkflow } from "../workflow/parseWorkflow.ts";
import { problemText } from "../workflow/problemText.ts";
import type { Workflow } from "../workflow/schema.ts";
import { actionsConditionToCel, actionsToCel } from "./actionsToCel.ts";
import { celToActions } from "./celToActions.ts";
import { exportActions } from "./exportActions.ts";
import { importActions } from "./importActions.ts";
import { importAgenticWorkflow } from "./importAgenticWorkflow.ts";
import { noteText } from "./report.ts";

function load(text: string): Workflow {
  const parsed = parseWorkflow(text, { path: ".coder/workflows/x.yaml" });
  if (!parsed.ok)
    throw new Error(`${parsed.problems.map((problem) => problemText("x", problem)).join("\n")}\n${text}`);
  return parsed.workflow;
}

const commandsOf = (workflow: Workflow): string[] =>
  workflow.steps.flatMap((step) => (step.type === "command" ? [step.command] : []));

const nodeCi = `
name: CI
on:
  push:
    branches: [main]
  pull_request:
permissions: { contents: read }
env: { CI: true }
concurrency:
  group: ci-\${{ github.ref_name }}
  cancel-in-progress: true
jobs:
  test:
    runs-on: \${{ matrix.os }}
    timeout-minutes: 10
    strategy:
      matrix:
        os: [ubuntu-latest, windows-latest]
        node: [20, 22]
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with: { node-version: "\${{ matrix.node }}", cache: npm }
      - run: npm ci
      - name: Lint
        run: npm run lint
        continue-on-error: true
      - name: Test
        id: test
        run: npm test -- --sha '\${{ github.sha }}' --title "\${{ github.event.pull_request.title }}"
        env: { TOKEN: "\${{ secrets.NPM_TOKEN }}" }
        timeout-minutes: 5
      - uses: codecov/codecov-action@v5
      - name: Report
        if: always() && steps.test.outcome == 'failure'
        run: echo broken
  publish:
    needs: test
    if: github.event_name == 'push' && github.ref == 'refs/heads/main'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm publish
        working-directory: packages/core
`;

describe("import of GitHub Actions", () => {
  const { text, notes } = importActions(nodeCi, ".github/workflows/ci.yml");
  const workflow = load(text);

  it("W185 the commands come over in their order, and the file may run", () => {
    expect(commandsOf(workflow)).toEqual([
      "npm ci",
      "npm run lint",
      `npm test -- --sha ''"\${GITHUB_SHA}"'' --title "\${GITHUB_EVENT_PULL_REQUEST_TITLE}"`,
      "echo broken",
      "cd 'packages/core'\nnpm publish",
    ]);
    expect(workflow.name).toBe("CI");
    expect(workflow.concurrency).toEqual({
      group: "ci-${{ project.ref }}",
      max: 1,
      when_full: "cancel_oldest",
    });
    expect(workflow.policies.secrets.allowed).toEqual(["NPM_TOKEN"]);
  });

  it("W185 triggers keep their filters", () => {
    expect(workflow.triggers).toMatchObject([
      { type: "repo_event", event: "push", branches: ["main"] },
      { type: "repo_event", event: "pull_request.opened" },
      { type: "repo_event", event: "pull_request.updated" },
    ]);
  });

  it("W186 an expression of a command becomes a variable, so that a title cannot become a command", () => {
    const test = workflow.steps.find((step) => step.step_id === "test-test");
    expect(test).toMatchObject({
      env: {
        CI: "true",
        TOKEN: "${{ secrets.NPM_TOKEN }}",
        GITHUB_SHA: "${{ run.commit }}",
        GITHUB_EVENT_PULL_REQUEST_TITLE: '${{ event.?pull_request.?title.orValue("") }}',
      },
      timeout_sec: 300,
    });
  });

  it("W185 needs of jobs become needs of steps", () => {
    expect(workflow.steps.at(-1)).toMatchObject({
      needs: ["test-report"],
      if: '(event.?event.orValue("") == "push" && "refs/heads/" + project.ref == "refs/heads/main")',
    });
    expect(workflow.steps[1]).toMatchObject({ needs: ["test-npm-ci"], on_failure: { type: "continue" } });
  });

  it("W187 everything that is not the same is said, with its place", () => {
    expect(notes.map(noteText)).toEqual([
      expect.stringContaining("jobs: each job had a machine of its own"),
      expect.stringContaining("jobs.test.strategy: it runs once for all of os, node"),
      expect.stringContaining("jobs.test.steps[1]: actions/setup-node"),
      expect.stringContaining("jobs.test.steps[5]: left out: the action codecov/codecov-action@v5"),
      expect.stringContaining("permissions:"),
    ]);
  });

  it("W187 a step whose condition cannot be carried over is left out, never let loose", () => {
    const steps = "[{ run: npm test }, { run: rm -rf dist, if: \"hashFiles('x') != ''\" }]";
    const imported = importActions(`on: push\njobs: { a: { steps: ${steps} } }`, "a.yml");
    expect(commandsOf(load(imported.text))).toEqual(["npm test"]);
    expect(imported.notes.map(noteText)).toEqual([
      expect.stringMatching(/steps\[1\]: left out: it reads hashfiles/),
    ]);
  });

  it("W185 a matrix that the steps read is written out", () => {
    const source =
      "on: push\njobs: { t: { strategy: { matrix: { suite: [a, b] } }, steps: [{ run: 'npm test -- ${{ matrix.suite }}' }] } }";
    const copies = load(importActions(source, "t.yml").text);
    expect(copies.steps).toMatchObject([
      { command: "npm test -- ${MATRIX_SUITE}", env: { MATRIX_SUITE: '${{ "a" }}' } },
      { command: "npm test -- ${MATRIX_SUITE}", env: { MATRIX_SUITE: '${{ "b" }}' } },
    ]);
  });

  it("W185 outputs of steps and jobs find their way", () => {
    const source = `
on: workflow_dispatch
jobs:
  a:
    outputs: { version: "\${{ steps.v.outputs.version }}" }
    steps: [{ id: v, run: 'echo "version=1" >> "$GITHUB_OUTPUT"' }]
  b:
    needs: [a]
    steps: [{ run: 'echo \${{ needs.a.outputs.version }}' }]`;
    const imported = load(importActions(source, "t.yml").text);
    expect(imported.steps).toMatchObject([
      { step_id: "a-v", command: 'echo "version=1" >> "$CODER_OUTPUT"' },
      { env: { NEEDS_A_OUTPUTS_VERSION: '${{ steps["a-v"].outputs.?version.orValue("") }}' } },
    ]);
  });

  it.each([
    ["", "holds no mapping"],
    ["[1]", "holds no mapping"],
    ["on: push", "has no jobs"],
    ["on: push\njobs: { a: { steps: [{ uses: x/y@v1 }] } }", "no step that runs a command"],
    ["a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b", "is not YAML"],
    ["x".repeat(600_000), "larger than"],
  ])("W187 what is no workflow is refused: %j", (source, message) => {
    expect(() => importActions(source, "x.yml")).toThrow(message);
  });
});

describe("files that others wrote", () => {
  // Some packages are published with the workflows of their repositories.
  const packages = new URL("../../node_modules/", import.meta.url).pathname;
  const files = globSync(["*/.github/workflows/*.{yml,yaml}", "@*/*/.github/workflows/*.{yml,yaml}"], {
    cwd: packages,
  });

  it("W185 there are some", () => {
    expect(files.length).toBeGreaterThan(5);
  });

  it.each(files)("W185 %s is imported as a file that may run, or refused with a reason", (path) => {
    try {
      load(importActions(readFileSync(packages + path, "utf8"), path).text);
    } catch (error) {
      expect(error).toMatchObject({
        code: "bad_input",
        message: expect.stringContaining("no step that runs a command"),
      });
    }
  });
});

const agentic = readFileSync(new URL("examples/issue-fixer.md", import.meta.url), "utf8");

describe("import of GitHub Agentic Workflows", () => {
  const { text, notes } = importAgenticWorkflow(agentic, ".github/workflows/issue-fixer.md");
  const workflow = load(text);

  it("W188 the text becomes the goal of an agent, its steps come before, its outputs after", () => {
    expect(workflow.name).toBe("Issue fixer");
    expect(workflow.steps.map((step) => step.type)).toEqual(["command", "agent", "pull_request", "notify"]);
    expect(workflow.steps[1]).toMatchObject({
      agent: "claude-code",
      role: "implementer",
      timeout_sec: 900,
      goal: expect.stringContaining("Fix issue #${{ event.?issue.?number.orValue("),
    });
    expect(workflow.steps[2]).toMatchObject({ title: "[fix] Changes by an agent", draft: true });
  });

  it("W188 network, triggers and slash commands keep their meaning", () => {
    expect(workflow.policies.network.allowed_domains).toEqual(["registry", "api.example.com"]);
    expect(workflow.triggers).toMatchObject([
      { event: "issue.labeled", labels: ["bug"] },
      { event: "issue.commented", if: 'event.comment.body.startsWith("/fix")' },
      { event: "pull_request.commented" },
      { type: "cron", catch_up: "none" },
    ]);
  });

  it.each([
    ["daily", "17 6 * * *"],
    ["daily around 14:30", "30 14 * * *"],
    ["daily around 3pm utc-5", "0 20 * * *"],
    ["daily between 22:00 and 02:00", "0 0 * * *"],
    ["weekly on friday around 17:00", "0 17 * * 5"],
    ["weekly on monday around 1am utc+9", "0 16 * * 0"],
    ["hourly", "17 * * * *"],
    ["every 6 hours", "17 */6 * * *"],
    ["every 15m", "*/15 * * * *"],
    ["0 9 * * 1-5", "0 9 * * 1-5"],
  ])("W188 the schedule %s is cron %s", (words, cron) => {
    const inOn = importAgenticWorkflow(`---\non:\n  schedule: ${words}\n---\nDo it.\n`, "a.md");
    expect(load(inOn.text).triggers).toMatchObject([{ type: "cron", cron, timezone: "UTC" }]);
  });

  it("W187 W188 times that cron does not say are listed; the short forms of `on` are the long ones", () => {
    for (const words of ["bi-weekly", "every 7 hours", "daily around 25:00", "weekly on someday", "monthly"])
      expect(
        importAgenticWorkflow(`---\non: { schedule: ${words} }\n---\nDo it.\n`, "a.md").notes,
      ).toContainEqual({
        kind: "left_out",
        at: "on.schedule",
        message: expect.stringContaining(words),
      });
    const short = (on: string) => load(importAgenticWorkflow(`---\non: ${on}\n---\nDo it.\n`, "a.md").text);
    expect(short("weekly on tuesday").triggers).toMatchObject([{ type: "cron", cron: "17 6 * * 2" }]);
    expect(short("/fix").triggers).toMatchObject([
      { event: "issue.commented" },
      { event: "pull_request.commented" },
    ]);
  });

  it("W187 W188 each key that is documented is carried over or listed", () => {
    const values: Record<string, string> = {
      permissions: "read-all",
      roles: "[admin]",
      tools: "{ edit: null, bash: [ls] }",
      "mcp-servers": "{ a: { command: a } }",
      imports: "[shared/a.md]",
      environment: "production",
      container: "node:22",
      services: "{ db: { image: postgres } }",
      cache: "{ key: a, path: b }",
      "cache-memory": "true",
      concurrency: "one",
      env: "{ A: b }",
      if: "github.event_name == 'push'",
      "post-steps": "[{ run: ls }]",
    };
    for (const [key, value] of Object.entries(values)) {
      const { notes } = importAgenticWorkflow(`---\non: push\n${key}: ${value}\n---\nDo it.\n`, "a.md");
      expect({ key, listed: notes.some((note) => note.at === key) }).toEqual({ key, listed: true });
    }
    const carried = importAgenticWorkflow(
      "---\non: push\nengine: { id: codex, max-turns: 12 }\ntimeout-minutes: 7\nnetwork: { allowed: [node, a.example.com] }\nsafe-outputs: { create-pull-request: { draft: false } }\n---\nDo it.\n",
      "a.md",
    );
    expect(carried.notes).toEqual([]);
    expect(load(carried.text)).toMatchObject({
      policies: { limits: { max_turns: 12 }, network: { allowed_domains: ["registry", "a.example.com"] } },
      steps: [
        { type: "agent", agent: "codex", timeout_sec: 420 },
        { type: "pull_request", draft: false },
      ],
    });
  });

  it("W187 what could not be carried over is listed", () => {
    const said = notes.map(noteText).join("\n");
    for (const part of [
      "permissions",
      "tools",
      "safe-outputs.add-labels",
      "on.stop-after",
      '"python" is no host',
    ])
      expect(said).toContain(part);
  });

  it.each(["no frontmatter", "---\non: push\n---\n", "---\non: [push\n---\ntext"])(
    "W187 what is no agentic workflow is refused: %j",
    (source) => {
      expect(() => importAgenticWorkflow(source, "x.md")).toThrow("x.md");
    },
  );
});

describe("export to GitHub Actions", () => {
  const source = `
name: Ship
inputs: { channel: { type: choice, options: [beta, stable], default: beta } }
triggers:
  - { type: manual }
  - { type: cron, cron: "0 9 * * 1", timezone: Europe/Berlin }
  - { type: repo_event, event: pull_request.opened, branches: [main] }
  - { type: repo_event, event: pull_request.updated, branches: [main] }
concurrency: { group: "ship-\${{ project.ref }}", when_full: cancel_oldest }
policies: { secrets: { allowed: [TOKEN] } }
steps:
  - { step_id: publish, type: command, command: npm publish, needs: [test], env: { TOKEN: "\${{ secrets.TOKEN }}", TAG: "\${{ inputs.channel }}" }, if: inputs.channel == "stable" }
  - { step_id: test, type: command, command: npm test, needs: [], on_failure: { type: retry, max_attempts: 2 } }
  - { step_id: sorry, type: command, command: echo sorry, if: steps.test.status == "failed" }
  - { step_id: live, type: deploy, target: prod, needs: [publish] }
`;
  const { text, notes } = exportActions(load(source));
  const file = parse(text);

  it("W189 command steps run in the order of their needs", () => {
    const steps = file.jobs.workflow.steps;
    expect(steps.map((step: any) => step.id ?? step.uses)).toEqual([
      "actions/checkout@v4",
      "actions/setup-node@v4",
      "test",
      "publish",
      "sorry",
    ]);
    expect(steps[3]).toMatchObject({
      if: "${{ inputs.channel == 'stable' }}",
      env: { TOKEN: "${{ secrets.TOKEN }}", TAG: "${{ inputs.channel }}" },
    });
    expect(steps[4].if).toBe("${{ always() && steps.test.outcome == 'failure' }}");
  });

  it("W189 triggers, inputs and concurrency go along; what needs Coder is noted", () => {
    expect(file.on).toEqual({
      workflow_dispatch: {
        inputs: { channel: { type: "choice", options: ["beta", "stable"], default: "beta" } },
      },
      schedule: [{ cron: "0 9 * * 1" }],
      pull_request: { types: ["opened", "synchronize"], branches: ["main"] },
    });
    expect(file.concurrency).toEqual({ group: "ship-${{ github.ref_name }}", "cancel-in-progress": true });
    const said = notes.map(noteText).join("\n");
    for (const part of ["steps.live: left out", "not in Europe/Berlin", "policies.network"])
      expect(said).toContain(part);
  });
});

describe("there and back", () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
  const step = fc.record({
    command: fc.constantFrom("npm ci", "npm test", "npm run build", 'echo "a b"', "printf '%s' x | wc -c"),
    env: fc.dictionary(fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/), word, { maxKeys: 3 }),
    continues: fc.boolean(),
  });

  it("W189 commands, their environment and what a failure means survive an export and an import", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const yaml = JSON.stringify({
          name: "x",
          triggers: [{ type: "manual" }],
          steps: steps.map(({ command, env, continues }) => ({
            type: "command",
            command,
            env,
            ...(continues ? { on_failure: { type: "continue" } } : {}),
          })),
        });
        const there = exportActions(load(yaml)).text;
        const back = load(importActions(there, "x.yml").text);
        expect(
          back.steps.map(
            (one) =>
              one.type === "command" && {
                command: one.command,
                env: one.env,
                continues: one.on_failure?.type === "continue",
              },
          ),
        ).toEqual(steps);
      }),
    );
  });
});

describe("expressions", () => {
  const scope = {
    steps: new Map([["t", "t"]]),
    before: ["t"],
    env: { LEVEL: "2" },
    matrix: {},
    jobOutputs: new Map(),
    secrets: false,
  };
  const context: ExpressionContext = {
    inputs: { deep: true },
    event: { event: "pull_request.opened", labels: ["bug"], pull_request: { draft: false, title: "Fix it" } },
    project: { provider: "coder", owner: "acme", repo: "shop", ref: "main" },
    run: { id: "r", number: 7, commit: "c0ffee", trigger: "repo_event", attempt: 1 },
    steps: { t: { status: "failed", outputs: { changed: "yes" } } },
  };
  it.each([
    ["github.event_name == 'pull_request'", true],
    ["github.event_name != 'push'", true],
    ["github.event.pull_request.draft == false", true],
    ["!github.event.pull_request.draft", true],
    ["github.event.issue.number == 3", false],
    ["contains(github.event.pull_request.labels.*.name, 'bug')", true],
    [
      "startsWith(github.event.pull_request.title, 'Fix') && !contains(github.event.pull_request.title, 'wip')",
      true,
    ],
    ["failure()", true],
    ["always() && steps.t.outcome == 'failure'", true],
    ["steps.t.outputs.changed == 'yes' || github.ref_name == 'x'", true],
    ["env.LEVEL == '2'", true],
    ["github.repository == 'acme/shop'", true],
    ["format('{0}-{1}', github.ref_name, 'x') == 'main-x'", true],
    ["inputs.deep && github.sha == 'c0ffee'", true],
  ])("W185 %s means the same in CEL", (source, expected) => {
    expect(evaluateCondition(actionsConditionToCel(source, scope), context)).toBe(expected);
  });

  it.each([
    ["github.head_ref || github.ref", "main"],
    ["github.event.issue.title || 'none'", "none"],
    ["github.event.pull_request.draft && 'draft' || 'ready'", "ready"],
    ["steps.t.outcome", "failure"],
  ])("W185 the value of %s is the same in CEL", (source, expected) => {
    expect(evaluateExpression(actionsToCel(source, scope), context)).toBe(expected);
  });

  it.each([
    "hashFiles('a')",
    "github.token",
    "secrets.X",
    "steps.gone.outcome",
    "a ==",
    "runner.temp",
    "github.workspace == 'x'",
  ])("W187 what has no counterpart is named: %s", (source) => {
    expect(() => actionsToCel(source, scope)).toThrow();
  });

  it("W187 any text is translated or refused, and nothing else", () => {
    fc.assert(
      fc.property(fc.string(), (source) => {
        try {
          actionsToCel(source, scope);
        } catch (error) {
          expect((error as Error).name).toBe("UnknownExpression");
        }
      }),
    );
  });

  it.each([
    ['steps.t.status == "failed"', "steps.t.outcome == 'failure'"],
    [
      'event.?pull_request.?title.orValue("").startsWith("Fix")',
      "startsWith(github.event.pull_request.title, 'Fix')",
    ],
    ['inputs.channel in ["a", "b"]', `contains(fromJSON('["a","b"]'), inputs.channel)`],
    [
      '!(inputs.a == "it\'s") && project.ref != "main"',
      "(!(inputs.a == 'it''s') && github.ref_name != 'main')",
    ],
  ])("W189 %s is written for GitHub", (source, expected) => {
    expect(celToActions(source)).toBe(expected);
  });

  it.each(["size(inputs.a) > 2", "run.trigger", "[1].map(x, x)", "a b"])(
    "W189 %s has no counterpart there",
    (source) => {
      expect(() => celToActions(source)).toThrow();
    },
  );
});
