import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explainEvent, maxDepth, readWorkflow } from "./explainEvent.ts";
import { matchTriggers } from "./matchTriggers.ts";
import { readTriggerEvent } from "./triggerEvent.ts";

const path = ".coder/workflows/ci.yaml";
const project = { provider: "coder", owner: "acme", repo: "shop", ref: "main" };

function workflowOf(triggers: string, more = ""): ReturnType<typeof readWorkflow> {
  const text = `name: CI\ntriggers: [${triggers}]\n${more}\nsteps: [{ type: command, command: "true" }]\n`;
  const file = readWorkflow(path, new TextEncoder().encode(text));
  if (!file.ok) throw new Error(file.problems.join("\n"));
  return file;
}

/** "fires", or `clause: reason` of each trigger. */
function ask(triggers: string, payload: object): string[] {
  const file = workflowOf(triggers);
  if (!file.ok) throw new Error("invalid");
  return matchTriggers(
    { workflow: file.workflow, path, project },
    readTriggerEvent(JSON.parse(JSON.stringify(payload))),
  ).map((verdict) => (verdict.fires ? "fires" : `${verdict.rejection.clause}: ${verdict.rejection.reason}`));
}

const ada = { id: "user:1", name: "ada", bot: false };
const bot = { id: "run:1", name: "coder", bot: true };
const push = { event: "push", branch: "main", commit: "a", actor: ada, paths: ["src/a.ts", "README.md"] };

describe("repository events", () => {
  test("W80 a trigger of another kind or event rejects by its type or event", () => {
    expect(
      ask(
        "{ type: manual }, { type: repo_event, event: issue.opened }, { type: repo_event, event: push }",
        push,
      ),
    ).toEqual([
      "triggers[0].type: waits for a start by hand, and this is a repository event",
      'triggers[1].event: "issue.opened" is not "push"',
      "fires",
    ]);
  });

  test("W81 branches match whole names; * stays within one part", () => {
    const on = (branches: string, branch: string) =>
      ask(`{ type: repo_event, event: push, branches: ${branches} }`, { ...push, branch });
    expect(on("[main]", "main")).toEqual(["fires"]);
    expect(on("[main]", "main/x")).toEqual(['triggers[0].branches: "main" does not match "main/x"']);
    expect(on('["release/*"]', "release/1")).toEqual(["fires"]);
    expect(on('["release/*"]', "release/1/x")[0]).toMatch(/^triggers\[0\]\.branches/);
    expect(on('["release/**", main]', "release/1/x")).toEqual(["fires"]);
    expect(on('["!main"]', "work")[0]).toMatch(/does not match "work"/);
    const nowhere = { event: "issue.opened", actor: ada };
    expect(ask("{ type: repo_event, event: issue.opened, branches: [main] }", nowhere)).toEqual([
      "triggers[0].branches: the event is of no branch",
    ]);
  });

  test("W82 one changed path that matches is enough", () => {
    const on = (paths: string, changed?: string[]) =>
      ask(`{ type: repo_event, event: push, paths: ${paths} }`, { ...push, paths: changed });
    expect(on('["src/**"]', ["src/a.ts", "README.md"])).toEqual(["fires"]);
    expect(on('["docs/", "*.txt"]', ["src/a.ts", "README.md"])).toEqual([
      'triggers[0].paths: "docs/" or "*.txt" does not match "src/a.ts", "README.md"',
    ]);
    expect(on("[src]", [])).toEqual(["triggers[0].paths: nothing has changed"]);
    expect(on("[src]")).toEqual(["triggers[0].paths: the event names no changed paths"]);
    const many = Array.from({ length: 9 }, (_, index) => `${index}.md`);
    expect(on("[src]", many)[0]).toMatch(/"4.md" and 4 more$/);
  });

  test("W83 a label that was just given counts alone; otherwise any that is there", () => {
    const trigger = (event: string) => `{ type: repo_event, event: ${event}, labels: [bug, urgent] }`;
    const change = { event: "pull_request.opened", branch: "main", actor: ada };
    expect(ask(trigger("pull_request.opened"), { ...change, labels: ["x", "bug"] })).toEqual(["fires"]);
    expect(ask(trigger("pull_request.opened"), { ...change, labels: ["x"] })).toEqual([
      'triggers[0].labels: "bug" or "urgent" is wanted, and the label is "x"',
    ]);
    expect(ask(trigger("pull_request.opened"), change)[0]).toMatch(/there is no label$/);
    const labeled = { event: "issue.labeled", labels: ["bug", "x"], actor: ada };
    expect(ask(trigger("issue.labeled"), { ...labeled, label: "bug" })).toEqual(["fires"]);
    expect(ask(trigger("issue.labeled"), { ...labeled, label: "x" })[0]).toMatch(/the label is "x"$/);
  });

  test("W84 bots fire nothing unless the trigger allows them; `allowed` lists who may", () => {
    const on = (actors: string, actor: object | undefined) =>
      ask(`{ type: repo_event, event: push, actors: ${actors} }`, { ...push, actor });
    expect(on("{}", bot)).toEqual([
      'triggers[0].actors.allow_bots: "coder" is a bot, and bots are not allowed',
    ]);
    expect(on("{ allow_bots: true }", bot)).toEqual(["fires"]);
    expect(on("{ allowed: [ada] }", ada)).toEqual(["fires"]);
    expect(on('{ allowed: ["user:1"] }', ada)).toEqual(["fires"]);
    expect(on("{ allowed: [bob] }", ada)).toEqual(['triggers[0].actors.allowed: "ada" is not one of "bob"']);
    expect(on("{ allowed: [bob] }", undefined)[0]).toMatch(/"nobody" is not one of/);
    expect(on("{ allowed: [coder] }", bot)[0]).toMatch(/allow_bots/);
  });

  test("W85 an `if` that is false, or that this event cannot answer, rejects with its text", () => {
    const on = (condition: string, payload: object) =>
      ask(`{ type: repo_event, event: push, if: ${JSON.stringify(condition)} }`, payload);
    expect(on('project.repo == "shop" && event.actor.name == "ada"', push)).toEqual(["fires"]);
    expect(on('event.branch == "x"', push)).toEqual(['triggers[0].if: `event.branch == "x"` is false']);
    expect(on("event.pull_request.draft == false", push)[0]).toMatch(
      /^triggers\[0\]\.if: The expression .* failed/,
    );
    expect(on("event.branch", push)[0]).toMatch(/not true or false/);
  });
});

test("W86 a webhook fires the triggers of its name", () => {
  const triggers = `{ type: webhook, name: alert, secret_ref: A, if: event.body.severity == "high" }, { type: webhook, name: other, secret_ref: B }`;
  const hook = (severity: string) => ({ event: "webhook", name: "alert", body: { severity } });
  expect(ask(triggers, hook("high"))).toEqual(["fires", 'triggers[1].name: "other" is not "alert"']);
  expect(ask(triggers, hook("low"))[0]).toMatch(/^triggers\[0\]\.if/);
  expect(ask(triggers, { ...hook("high"), secret_ref: "B" })[0]).toBe(
    'triggers[0].secret_ref: "A" is not "B"',
  );
});

test("W88 a workflow fires those that name its path or file and the way it ended", () => {
  const on = (trigger: string, status: string, workflow = ".coder/workflows/build.yaml") =>
    ask(`{ type: workflow, ${trigger} }`, { event: "workflow", workflow, status })[0];
  expect(on("workflow: build.yaml", "succeeded")).toBe("fires");
  expect(on("workflow: .coder/workflows/build.yaml, on: failed", "failed")).toBe("fires");
  expect(on("workflow: build.yaml, on: finished", "canceled")).toBe("fires");
  expect(on("workflow: build.yaml", "failed")).toBe('triggers[0].on: "succeeded" is not "failed"');
  expect(on("workflow: other.yaml", "succeeded")).toMatch(/^triggers\[0\]\.workflow: "other.yaml" is not/);
});

test("W89 a schedule fires at its due minute, for its own file", () => {
  const trigger = `{ type: cron, cron: "0 9 * * *", timezone: Europe/Berlin }`;
  expect(ask(trigger, { event: "cron", workflow: path, due: "2026-11-21T08:00:00Z" })).toEqual(["fires"]);
  expect(ask(trigger, { event: "cron", due: "2026-11-21T08:00:30Z" })).toEqual(["fires"]);
  expect(ask(trigger, { event: "cron", workflow: path, due: "2026-11-21T09:00:00Z" })).toEqual([
    'triggers[0].cron: "0 9 * * *" (Europe/Berlin) is not due at 2026-11-21T09:00:00Z',
  ]);
  expect(ask(trigger, { event: "cron", workflow: "b.yaml", due: "2026-11-21T08:00:00Z" })[0]).toMatch(
    /what is due is b.yaml$/,
  );
});

describe("explain", () => {
  const explain = (file: ReturnType<typeof readWorkflow>, depth = 0) =>
    explainEvent([file], readTriggerEvent(push), { project, depth })[0];

  test("W92 a file with errors is reported, never passed over", () => {
    const broken = readWorkflow(path, new TextEncoder().encode("name: CI\nsteps: []\n"));
    expect(explain(broken)).toMatchObject({
      kind: "invalid",
      path,
      problems: [expect.stringContaining("steps")],
    });
  });

  test("W92 one run per file however many triggers fire; without triggers it starts by hand only", () => {
    const twice = workflowOf(
      "{ type: manual }, { type: repo_event, event: push }, { type: repo_event, event: push }",
    );
    expect(explain(twice)).toMatchObject({ kind: "fires", trigger: 1 });
    expect(explain(workflowOf(""))).toMatchObject({ kind: "rejected", clauses: [{ clause: "triggers" }] });
  });

  test("W231 a file that would start and names a secret that does not exist has errors, with their places", () => {
    const file = workflowOf(
      "{ type: repo_event, event: push, branches: [main] }",
      "policies: { secrets: { allowed: [NPM_TOKEN] } }",
    );
    const ask = (branch: string, secrets?: string[]) =>
      explainEvent([file], readTriggerEvent({ ...push, branch }), {
        project,
        depth: 0,
        ...(secrets && { secrets }),
      })[0];
    expect(ask("main", ["NPM_TOKEN"])).toMatchObject({ kind: "fires" });
    expect(ask("main")).toMatchObject({ kind: "fires" });
    expect(ask("main", ["NPM_TOKN"])).toEqual({
      kind: "invalid",
      path,
      problems: [
        expect.stringMatching(
          /^\S+:\d+:\d+ unknown_secret the project has no secret NPM_TOKEN \(did you mean "NPM_TOKN"/,
        ),
      ],
    });
    // Another event is rejected by its own clause.
    expect(ask("other", [])).toMatchObject({
      kind: "rejected",
      clauses: [{ clause: "triggers[0].branches" }],
    });
  });

  test("W93 inputs have their defaults; a required one without rejects", () => {
    const trigger = "{ type: repo_event, event: push }";
    expect(
      explain(workflowOf(trigger, "inputs: { a: { type: string, default: x }, b: { type: number } }")),
    ).toMatchObject({ kind: "fires", inputs: { a: "x" } });
    expect(explain(workflowOf(trigger, "inputs: { a: { type: string, required: true } }"))).toMatchObject({
      kind: "rejected",
      clauses: [{ clause: "inputs.a", reason: "it is required and has no default" }],
    });
  });

  test("W94 a chain of workflows ends at its limit, and says so", () => {
    const file = workflowOf("{ type: repo_event, event: push }");
    expect(explain(file, maxDepth)).toMatchObject({ kind: "fires" });
    expect(explain(file, maxDepth + 1)).toMatchObject({ kind: "rejected", clauses: [{ clause: "depth" }] });
  });
});

test("W80 an event that does not say what it is, is refused with what is missing", () => {
  for (const [json, message] of [
    ["push", /is a JSON object/],
    [{}, /"event" is missing; it is one of push, /],
    [{ event: "pushed" }, /"event" is "pushed"/],
    [{ event: "webhook" }, /has a text "name"/],
    [{ event: "cron", due: "soon" }, /says when it is due/],
    [{ event: "workflow", workflow: "a" }, /has a text "status"/],
  ] as const) {
    expect(() => readTriggerEvent(json)).toThrow(message);
  }
});

const names = fc.constantFrom("main", "release/1", "work", "feature/x/y", "bug", "docs");
const eventNames = fc.constantFrom("push", "pull_request.opened", "issue.labeled");
const anyPayload = fc.record(
  {
    event: eventNames,
    branch: fc.oneof(names, fc.constant(null)),
    paths: fc.array(fc.constantFrom("src/a.ts", "docs/b.md", "x"), { maxLength: 3 }),
    labels: fc.array(names, { maxLength: 2 }),
    label: names,
    actor: fc.oneof(fc.constant(ada), fc.constant(bot), fc.constant("odd"), fc.constant(null)),
  },
  { requiredKeys: ["event"] },
);
const filters = {
  branches: fc.uniqueArray(fc.constantFrom("main", "release/*", "**"), { minLength: 1, maxLength: 2 }),
  paths: fc.uniqueArray(fc.constantFrom("src/", "**/*.md"), { minLength: 1, maxLength: 2 }),
  labels: fc.uniqueArray(fc.constantFrom("bug", "docs"), { minLength: 1, maxLength: 2 }),
  if: fc.constantFrom('has(event.branch) && event.branch == "main"', "true"),
};

test("W80 more filters never fire more; a rejection names a clause that the trigger has", () => {
  fc.assert(
    fc.property(
      eventNames,
      fc.record(filters, { requiredKeys: [] }),
      anyPayload,
      (event, filter, payload) => {
        const one = (keys: readonly string[]) => {
          const kept = Object.fromEntries(Object.entries(filter).filter(([key]) => keys.includes(key)));
          return ask(JSON.stringify({ type: "repo_event", event, ...kept }), payload)[0] ?? "";
        };
        const keys = Object.keys(filter);
        const whole = one(keys);
        if (whole === "fires") {
          for (const key of keys) expect(one(keys.filter((other) => other !== key))).toBe("fires");
        } else {
          const clause = /^triggers\[0\]\.(\w+)/.exec(whole)?.[1] ?? "";
          expect([...keys, "event", "actors"]).toContain(clause);
          // Without the clause that rejected, something later decides, never the same.
          if (keys.includes(clause)) expect(one(keys.filter((key) => key !== clause))).not.toBe(whole);
        }
      },
    ),
    { numRuns: 300 },
  );
});
