import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { decisionOf, whatIf } from "../../shared/policy/whatIf.ts";
import type { RunEvent } from "../../shared/run/events.ts";
import { policiesSchema } from "../../shared/workflow/schema.ts";
import { runningProcesses, type RunningProcess } from "../testing/runningProcesses.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
/** Waits for a decision from the beginning of the file to its end. */
let parkedRun: string;
const ended = ["succeeded", "failed", "canceled"];
const gate = (action: string) =>
  `policies: { gates: { require_human_approval_for: [${action}], self_approval: true } }`;

beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
  project = await fixture.project({ "hello.txt": "hello\n", "site/index.html": "<h1>Live</h1>" });
  parkedRun = await start([
    "steps:",
    "  - { type: command, command: echo made > made.txt }",
    "  - { type: approve, reason: Go on? }",
  ]);
});
afterAll(() => fixture.close());

const start = (lines: string[]) => fixture.start(project, ["name: Test", ...lines].join("\n"));
const ofType = <T extends RunEvent["type"]>(events: RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
const audited = (runId: string) =>
  fixture.sql<{ action: string; decision: string; rule: string }[]>`
    select action, decision, rule from audit_log where run_id = ${runId} order by seq`;
const freeze = (projectId: string | null) =>
  fixture.sql`insert into freezes (org_id, project_id, reason, frozen_by) values (${project.orgId}, ${projectId}, 'Incident', ${fixture.ownerId})`;
const lift = () =>
  fixture.sql`update freezes set lifted_at = now() where org_id = ${project.orgId} and lifted_at is null`;
/** A command that goes on when the test lets it. */
const whenTold = (then: string) =>
  `for i in $(seq 600); do test -e told && break; sleep 0.05; done; test -e told; ${then}`;
const tell = (runId: string) => writeFileSync(join(fixture.directory, "work/runs", runId, "repo/told"), "go");

test("W135 what policy allows is an event and an audit entry, with the rule and what was asked", async () => {
  const runId = await start(["steps:", "  - { type: deploy, target: preview, inputs: { dir: site } }"]);
  await fixture.until(runId, ended);
  const [allowed] = ofType(await fixture.events(runId), "policy.allowed");
  expect(allowed).toMatchObject({
    stepId: "s1",
    action: "deploy.preview",
    rule: "default",
    input: { action: "deploy.preview" },
  });
  expect(await audited(runId)).toEqual([
    { action: "deploy.preview", decision: "allow", rule: "default" },
    { action: "site.publish", decision: "allow", rule: "policies" },
  ]);
});

test("W135 a question names its gate, and what the approval lets through names the approval", async () => {
  const runId = await start([
    gate("deploy.prod"),
    "steps:",
    "  - { type: deploy, target: prod, inputs: { dir: site } }",
  ]);
  await fixture.until(runId, ["waiting"]);
  const rule = "gates.require_human_approval_for[0]";
  const [asked] = ofType(await fixture.events(runId), "step.waiting");
  expect(asked).toMatchObject({ action: "deploy.prod", rule, input: { action: "deploy.prod" } });
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  const [allowed] = ofType(await fixture.events(runId), "policy.allowed");
  expect(allowed).toMatchObject({ rule, approvalId: asked!.approvalId, contentHash: asked!.contentHash });
  expect(await audited(runId)).toEqual([
    { action: "deploy.prod", decision: "ask", rule },
    { action: "approval.approved", decision: "allow", rule: "gates.approvers" },
    { action: "deploy.prod", decision: "allow", rule },
    { action: "site.publish", decision: "allow", rule: "policies" },
  ]);
});

test("W230 production asks the newest word of each check on the commit, whichever run it is from", async () => {
  const project = await fixture.project({ "site/index.html": "newest" });
  const required = "name: T\npolicies: { checks: { required: [Unit tests, Lint] } }\nsteps:\n";
  const check = (name: string, command: string) =>
    `  - { type: command, name: ${name}, command: "${command}", on_failure: { type: continue } }\n`;
  const ship = "  - { type: deploy, target: prod, inputs: { dir: site } }\n";
  const outcome = async (steps: string, dryRun = false) => {
    const runId = await fixture.start(project, required + steps, { dryRun });
    await fixture.until(runId, ended);
    const [denied] = ofType(await fixture.events(runId), "policy.denied");
    return denied?.message ?? (await fixture.run(runId)).status;
  };
  const [unit, lint] = [check("Unit tests", "true"), check("Lint", "true")];
  expect(await outcome(unit + lint + ship)).toBe("succeeded");
  // Without its own tests: what has passed before on this commit counts.
  expect(await outcome(ship)).toBe("succeeded");
  // Flaky: what failed since then takes it back, also where this run's own other check passes.
  expect(await outcome(check("Unit tests", "exit 1"))).toBe("succeeded");
  expect(await outcome(lint + ship)).toContain("Unit tests");
  // The newest within one run, too.
  expect(await outcome(unit + check("Unit tests", "exit 1") + ship)).toContain("Unit tests");
  expect(await outcome(check("Unit tests", "exit 1") + unit + ship)).toBe("succeeded");
  // A dry run makes no checks, so it takes none back.
  expect(await outcome(check("Unit tests", "exit 1"), true)).toBe("succeeded");
  expect(await outcome(ship)).toBe("succeeded");
});

test("W246 what a command has reached and tried to is recorded once per step, and tried against an edited policy", async () => {
  const runId = await start([
    "policies: { network: { allowed_domains: [localhost, registry] } }",
    "steps:",
    `  - { type: command, command: "set +e; for i in 1 2 3; do curl -sS --noproxy '' http://localhost:9/; curl -sS https://a.example; done; curl -sS https://b.example:8443; true" }`,
    "  - { type: command, command: 'curl -sS https://a.example || true' }",
  ]);
  await fixture.until(runId, ended);
  const events = await fixture.events(runId);
  const asked = events.flatMap((event) =>
    event.type === "policy.allowed" || event.type === "policy.denied"
      ? [`${event.stepId} ${event.type} ${event.rule} ${event.input?.hosts?.join()}`]
      : [],
  );
  expect(asked).toEqual([
    "s1 policy.allowed network.allowed_domains[0] localhost:9",
    "s1 policy.denied network.allowed_domains a.example:443",
    "s1 policy.denied network.allowed_domains b.example:8443",
    "s2 policy.denied network.allowed_domains a.example:443",
  ]);
  expect(await audited(runId)).toMatchObject([
    { action: "network.connect", decision: "allow" },
    ...Array.from({ length: 3 }, () => ({ action: "network.connect", decision: "deny" })),
  ]);
  const decisions = events.flatMap((event) => decisionOf({ id: runId, number: 1 }, event) ?? []);
  const edited = policiesSchema.parse({ network: { allowed_domains: ["a.example", "registry"] } });
  expect(
    whatIf(decisions, edited).map(({ stepId, answer, newAnswer, message }) => [
      stepId,
      answer,
      newAnswer,
      message,
    ]),
  ).toEqual([
    ["s1", "allow", "deny", "localhost is not in policies.network.allowed_domains."],
    ["s1", "deny", "allow", ""],
    ["s2", "deny", "allow", ""],
  ]);
});

test("W137 a refused host is recorded by name; a budget of nothing refuses an agent by its rule", async () => {
  const runId = await start([
    "policies: { budget: { max_credits: 0 } }",
    "steps:",
    "  - { type: command, command: 'curl -sS https://example.com', on_failure: { type: continue } }",
    "  - { type: agent, role: implementer, goal: Fix it }",
  ]);
  await fixture.until(runId, ended);
  const denied = ofType(await fixture.events(runId), "policy.denied");
  expect(denied.map(({ rule, input }) => [rule, input?.action, input?.hosts])).toEqual([
    ["network.allowed_domains", "network.connect", ["example.com:443"]],
    ["budget.max_credits", "agent.run", undefined],
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "policy_denied" } });
});

test("W279 changes that pass a limit are kept as no patch, and each limit is a denial by its rule", async () => {
  const limits = "policies: { limits: { max_changed_files: 1, max_patch_bytes: 2000 } }";
  const both = await start([
    limits,
    "steps:",
    "  - { type: command, command: echo one >> hello.txt; echo two >> site/index.html }",
    "  - { type: command, command: git checkout -q .; seq 1000 >> hello.txt }",
    "  - { type: command, command: git checkout -q .; echo one >> hello.txt }",
  ]);
  await fixture.until(both, ended);
  const events = await fixture.events(both);
  expect(ofType(events, "policy.denied").map(({ stepId, rule }) => [stepId, rule])).toEqual([
    ["s1", "limits.max_changed_files"],
    ["s2", "limits.max_patch_bytes"],
  ]);
  const patches = ofType(events, "artifact.created").filter(({ artifact }) => artifact.kind === "patch");
  expect(patches.map(({ artifact }) => artifact.stepId)).toEqual(["s3"]);
});

test("W141 what changes after it was approved is void and asked again, with both subjects; only the second goes out", async () => {
  const runId = await start([
    gate("deploy.prod"),
    "steps:",
    "  - { step_id: build, type: command, command: cp -r site dist }",
    "  - { step_id: ship, type: deploy, target: prod, inputs: { dir: dist }, needs: [build] }",
    `  - { step_id: meddle, type: command, command: "${whenTold("echo later > dist/more.html")}", needs: [build] }`,
  ]);
  const [first] = ofType(
    await fixture.untilEvent(runId, (events) => ofType(events, "step.waiting").length === 1),
    "step.waiting",
  );
  tell(runId);
  await fixture.untilEvent(runId, (events) =>
    ofType(events, "step.finished").some((event) => event.stepId === "meddle"),
  );
  await fixture.decide(runId, "approved");
  const events = await fixture.untilEvent(runId, (all) => ofType(all, "step.waiting").length === 2);
  const second = ofType(events, "step.waiting")[1]!;
  expect(second).toMatchObject({
    replaces: first!.approvalId,
    subjectBefore: { files: 1 },
    subject: { files: 2 },
  });
  expect(second.contentHash).not.toBe(first!.contentHash);
  expect(second.subject["content"]).toContainEqual(expect.stringMatching(/^[0-9a-f]{12} more\.html$/));
  expect(
    ofType(events, "approval.decided").map(({ approvalId, decision }) => [approvalId, decision]),
  ).toEqual([
    [first!.approvalId, "approved"],
    [first!.approvalId, "void"],
  ]);
  expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(0);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  const deployed = await fixture.sql`select manifest from deployments where run_id = ${runId}`;
  expect(deployed.map((row) => Object.keys(row.manifest as object).sort())).toEqual([
    ["index.html", "more.html"],
  ]);
});

test("W141 an approve step is for the patches that were there: another one asks again", async () => {
  const runId = await start([
    "steps:",
    "  - { step_id: edit, type: command, command: echo one >> hello.txt }",
    "  - { step_id: ok, type: approve, reason: Looks right?, needs: [edit] }",
    `  - { step_id: more, type: command, command: "${whenTold("echo two >> hello.txt")}", needs: [edit] }`,
  ]);
  await fixture.untilEvent(runId, (events) => ofType(events, "step.waiting").length === 1);
  tell(runId);
  await fixture.untilEvent(runId, (events) =>
    ofType(events, "step.finished").some((event) => event.stepId === "more"),
  );
  await fixture.decide(runId, "approved");
  const events = await fixture.untilEvent(runId, (all) => ofType(all, "step.waiting").length === 2);
  const [first, second] = ofType(events, "step.waiting");
  expect(second!.replaces).toBe(first!.approvalId);
  expect([first!.subject["patches"], second!.subject["patches"]]).toEqual([
    [expect.objectContaining({ step: "edit", files: ["hello.txt"] })],
    [expect.objectContaining({ step: "edit" }), expect.objectContaining({ step: "more" })],
  ]);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
});

test("W138 a frozen project's effects are refused by the rule `freeze`; its commands, tests and dry runs go on", async () => {
  await freeze(project.id);
  const lines = [
    "steps:",
    "  - { type: command, command: cat hello.txt }",
    "  - { type: deploy, target: preview, inputs: { dir: site } }",
  ];
  try {
    const runId = await start(lines);
    await fixture.until(runId, ended);
    expect(await fixture.steps(runId)).toMatchObject({
      s1: { status: "succeeded" },
      s2: {
        status: "failed",
        failure: { code: "policy_denied", message: expect.stringContaining("Incident") },
      },
    });
    expect(ofType(await fixture.events(runId), "policy.denied")).toMatchObject([
      { rule: "freeze", action: "deploy.preview" },
    ]);
    const dry = await fixture.start(project, ["name: Test", ...lines].join("\n"), { dryRun: true });
    await fixture.until(dry, ended);
    expect((await fixture.run(dry)).status).toBe("succeeded");
  } finally {
    await lift();
  }
});

test("W139 a deploy that has passed its gate and is not yet published when the freeze lands is refused", async () => {
  const other = await fixture.project({ "site/index.html": "<h1>Race</h1>" });
  const runId = await fixture.start(
    other,
    `name: Test\nsteps:\n  - { type: command, command: "echo up; ${whenTold("true")}" }\n  - { type: deploy, target: prod, inputs: { dir: site } }\n`,
  );
  await fixture.untilEvent(runId, (events) => ofType(events, "step.log").length > 0);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let hold = (): void => undefined;
  const isHeld = new Promise<void>((resolve) => (hold = resolve));
  // Publishing begins with the project's row: whoever holds it stops the deploy just before its effect.
  const holding = fixture.sql.begin(async (tx) => {
    await tx`select 1 from projects where id = ${other.id} for no key update`;
    hold();
    await held;
  });
  await isHeld;
  tell(runId);
  await fixture.untilEvent(runId, (events) => ofType(events, "policy.allowed").length === 1);
  await vi.waitFor(
    async () => {
      const waiting = await fixture.sql`
        select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%publish_deployment%' and pid <> pg_backend_pid()`;
      expect(waiting).toHaveLength(1);
    },
    { timeout: 20_000, interval: 20 },
  );
  await freeze(null);
  release();
  await holding;
  await fixture.until(runId, ended);
  await lift();
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "policy_denied" } });
  expect(ofType(await fixture.events(runId), "policy.denied")).toMatchObject([{ rule: "freeze" }]);
  expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(0);
});

test("W144 a run that waits for a person holds no process: no sandbox, no command", async () => {
  await fixture.until(parkedRun, ["waiting"]);
  await vi.waitFor(() => expect(processesOf(parkedRun)).toEqual([]), { timeout: 30_000, interval: 100 });
  await fixture.decide(parkedRun, "approved");
  await fixture.until(parkedRun, ended);
  expect((await fixture.run(parkedRun)).status).toBe("succeeded");
});

/** Processes of the machine that have to do with the run's directory. */
function processesOf(runId: string): RunningProcess[] {
  return runningProcesses().filter(({ args }) => args.some((arg) => arg.includes(runId)));
}
