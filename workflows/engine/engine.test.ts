import { gunzipSync } from "node:zlib";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { StoredRunEvent } from "../../shared/run/events.ts";
import { emptyRunView, reduceRunEvents } from "../../shared/run/reduceRun.ts";
import { runningProcesses } from "../testing/runningProcesses.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
  project = await fixture.project({
    "hello.txt": "from the repository\n",
    "site/index.html": "<h1>Live</h1>",
    "site/app.js": "let a",
  });
});
afterAll(() => fixture.close());

const ended = ["succeeded", "failed", "canceled"];
/** Runs a workflow to its end; `lines` are the body of the file. */
async function runToEnd(
  lines: string[],
  options: { inputs?: Record<string, unknown>; dryRun?: boolean } = {},
): Promise<string> {
  const runId = await fixture.start(project, ["name: Test", ...lines].join("\n"), options);
  await fixture.until(runId, ended);
  return runId;
}

test("commands run in order in one checkout, with their log, and the run succeeds", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: cat hello.txt; echo made > made.txt }",
    "  - { type: command, command: cat made.txt }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect(await fixture.log(runId, "s1")).toBe("from the repository\n");
  expect(await fixture.log(runId, "s2")).toBe("made\n");
  const types = (await fixture.events(runId)).map((event) => event.type);
  expect(types.filter((type) => type !== "step.log" && type !== "artifact.created")).toEqual([
    "run.queued",
    "run.started",
    "step.started",
    "step.finished",
    "step.started",
    "step.finished",
    "run.finished",
  ]);
});

test("the log bundle holds the whole log, and nothing of a finished run stays on the disk", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: echo one }",
    "  - { type: command, command: echo two }",
  ]);
  const [bundle] =
    await fixture.sql`select id, sha256, size, org_id from artifacts where run_id = ${runId} and kind = 'log_bundle'`;
  const bytes = fixture.objects.get(`artifacts/${bundle!.org_id}/${runId}/${bundle!.id}`)!;
  expect(bytes.byteLength).toBe(Number(bundle!.size));
  expect(gunzipSync(bytes).toString()).toBe("==> s1\none\n\n==> s2\ntwo\n\n");
  await vi.waitFor(() => expect(existsSync(join(fixture.directory, "work/runs", runId))).toBe(false), 5000);
});

test("W15 a failing command fails the run, later steps are skipped, and exit code and reason are kept", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, name: Break, command: exit 3 }",
    "  - { type: command, command: echo never }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({
    status: "failed",
    failure: { code: "command_failed", message: "Break: The command ended with exit code 3." },
  });
  expect(await fixture.steps(runId)).toMatchObject({
    s1: { status: "failed", exit_code: 3 },
    s2: { status: "skipped" },
  });
  expect(await fixture.log(runId, "s2")).not.toContain("never");
});

test("W234 fail_fast says what the file has it say, with the reason", async () => {
  const runId = await runToEnd([
    "steps:",
    '  - { type: command, command: exit 3, on_failure: { type: fail_fast, message: "Ask the platform team" } }',
  ]);
  expect((await fixture.steps(runId)).s1!.failure).toMatchObject({
    code: "command_failed",
    message: "Ask the platform team (The command ended with exit code 3.)",
  });
});

test("W15 on_failure continue lets the run go on, and its failure does not fail it", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: exit 1, on_failure: { type: continue } }",
    "  - { type: command, command: echo after }",
  ]);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  expect(await fixture.steps(runId)).toMatchObject({ s1: { status: "failed" }, s2: { status: "succeeded" } });
});

test("W64 on_failure retry runs a step again until it succeeds, and counts the attempts", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: 'echo x >> tries; test $(wc -l < tries) -ge 3', on_failure: { type: retry, max_attempts: 4, backoff_sec: 0.05 } }",
  ]);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  const attempts = (await fixture.events(runId)).flatMap((event) =>
    event.type === "step.started" ? [event.attempt] : [],
  );
  expect(attempts).toEqual([1, 2, 3]);
});

test("W64 on_failure retry gives up after its attempts", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: exit 7, on_failure: { type: retry, max_attempts: 2 } }",
  ]);
  expect(await fixture.steps(runId)).toMatchObject({ s1: { status: "failed", execs: 2, exit_code: 7 } });
});

test("W15 an `if` over inputs and steps decides whether a step runs; after a failure only one that asks for it", async () => {
  const runId = await runToEnd(
    [
      "inputs: { deploy: { type: boolean, default: false } }",
      "steps:",
      "  - { type: command, step_id: a, command: exit 1, if: inputs.deploy }",
      "  - { type: command, step_id: b, command: exit 2 }",
      "  - { type: command, step_id: c, command: echo c }",
      "  - { type: command, step_id: d, command: echo cleanup, if: steps.b.status == 'failed' }",
    ],
    { inputs: { deploy: false } },
  );
  expect(await fixture.steps(runId)).toMatchObject({
    a: { status: "skipped" },
    b: { status: "failed" },
    c: { status: "skipped" },
    d: { status: "succeeded" },
  });
  expect((await fixture.run(runId)).status).toBe("failed");
});

test("W77 steps that do not need each other run at the same time, in one checkout", async () => {
  // Each waits for what the other writes: one after the other would time out.
  const wait = (mine: string, other: string) =>
    `touch ${mine}; for i in $(seq 100); do test -e ${other} && exit 0; sleep 0.1; done; exit 1`;
  const runId = await runToEnd([
    "steps:",
    `  - { type: command, step_id: a, needs: [], command: "${wait("a", "b")}" }`,
    `  - { type: command, step_id: b, needs: [], command: "${wait("b", "a")}" }`,
    "  - { type: command, step_id: c, needs: [a, b], command: echo both }",
  ]);
  expect((await fixture.run(runId)).status).toBe("succeeded");
});

test("W20 values reach a command as environment variables, never as shell text", async () => {
  const runId = await runToEnd(
    [
      "inputs: { title: { type: string } }",
      "steps:",
      "  - { type: command, command: 'echo \"[$TITLE]\"', env: { TITLE: '${{ inputs.title }}' } }",
    ],
    { inputs: { title: "$(touch pwned); `id`" } },
  );
  expect(await fixture.log(runId, "s1")).toBe("[$(touch pwned); `id`]\n");
});

test("W234 a command over its time is killed with everything it started", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: 'sleep 600 & sleep 600', timeout_sec: 1 }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "timeout" } });
});

test("W234 the wall-clock budget stops the run", async () => {
  const runId = await runToEnd([
    "policies: { budget: { max_wall_clock_sec: 1 } }",
    "steps:",
    "  - { type: command, command: sleep 600 }",
    "  - { type: command, command: echo never }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({
    status: "failed",
    failure: { code: "budget_wall_clock" },
  });
  expect(await fixture.steps(runId)).toMatchObject({ s1: { status: "canceled" }, s2: { status: "skipped" } });
});

test("cancel kills the process tree in under a second, also what ignores TERM", async () => {
  const mark = `600.${Math.floor(Math.random() * 1e6)}`;
  const runId = await fixture.start(
    project,
    `name: T\nsteps:\n  - { type: command, command: "trap '' TERM; setsid sleep ${mark} & echo up; sleep ${mark}; sleep ${mark}" }\n`,
  );
  await fixture.untilEvent(runId, (events) => events.some((event) => event.type === "step.log"));
  await vi.waitFor(() => expect(running(mark)).toBe(2), { timeout: 10_000, interval: 20 });
  const canceledAt = Date.now();
  await fixture.cancel(runId);
  await vi.waitFor(() => expect(running(mark)).toBe(0), { timeout: 3000, interval: 10 });
  expect(Date.now() - canceledAt).toBeLessThan(1000);
  await fixture.until(runId, ["canceled"]);
  expect(await fixture.steps(runId)).toMatchObject({ s1: { status: "canceled" } });
});

test("a run that is canceled while it is queued or waiting never starts anything", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: command, command: echo never }\n",
  );
  await fixture.until(runId, ["waiting"]);
  await fixture.cancel(runId);
  await fixture.until(runId, ["canceled"]);
  const [approval] = await fixture.sql`select status from approvals where run_id = ${runId}`;
  expect(approval!.status).toBe("void");
});

test("W235 an approved step goes on", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: command, command: echo went }\n",
  );
  await fixture.until(runId, ["waiting"]);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  expect(await fixture.log(runId, "s2")).toBe("went\n");
});

test("W235 a rejected step fails the run", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: approve, reason: Go? }\n  - { type: command, command: echo never }\n",
  );
  await fixture.until(runId, ["waiting"]);
  await fixture.decide(runId, "rejected");
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "rejected" } });
});

test("W235 an approval that nobody gives in time expires", async () => {
  const runId = await runToEnd([
    "policies: { gates: { expires_sec: 1 } }",
    "steps:",
    "  - { type: approve, reason: Go? }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "expired" } });
  const [approval] = await fixture.sql`select status from approvals where run_id = ${runId}`;
  expect(approval!.status).toBe("expired");
});

test("W234 waiting for people is not counted against the wall-clock budget", async () => {
  const runId = await fixture.start(
    project,
    "name: T\npolicies: { budget: { max_wall_clock_sec: 1 } }\nsteps:\n  - { type: approve, reason: Go? }\n",
  );
  await fixture.until(runId, ["waiting"]);
  const [asked] = await fixture.sql<
    { at: Date }[]
  >`select requested_at as at from approvals where run_id = ${runId}`;
  await vi.waitFor(() => expect(Date.now() - asked!.at.getTime()).toBeGreaterThan(1800), {
    timeout: 5000,
    interval: 50,
  });
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
});

test("W237 deploy publishes the static site once, and the URL serves it", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: mkdir dist && cp site/* dist }",
    "  - { type: deploy, target: preview }",
    "outputs: { url: '${{ steps.s2.outputs.url }}' }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({
    status: "succeeded",
    outputs: { url: expect.stringMatching(/^http:\/\/.+-preview-.+\.localhost:\d+\/$/) },
  });
  const [deployment] = await fixture.sql`select manifest, commit from deployments where run_id = ${runId}`;
  expect(Object.keys(deployment!.manifest)).toEqual(["app.js", "index.html"]);
  const [site] =
    await fixture.sql`select kind, name from sites where project_id = ${project.id} and kind = 'preview'`;
  expect(site!.name).toBe("main");
  const [artifact] =
    await fixture.sql`select data from artifacts where run_id = ${runId} and kind = 'deploy_url'`;
  expect(artifact!.data).toMatchObject({ target: "preview", url: (await fixture.run(runId)).outputs.url });
});

test("W237 a deployment does not follow links out of the checkout", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: 'mkdir dist; echo hi > dist/index.html; ln -s /etc/passwd dist/passwd; ln -s / dist/all' }",
    "  - { type: deploy, target: preview }",
  ]);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  const [deployment] = await fixture.sql`select manifest from deployments where run_id = ${runId}`;
  expect(Object.keys(deployment!.manifest)).toEqual(["index.html"]);
});

test("W237 nothing to deploy is a typed failure that says where was looked", async () => {
  const runId = await runToEnd(["steps:", "  - { type: deploy, target: preview, inputs: { dir: nowhere } }"]);
  expect(await fixture.run(runId)).toMatchObject({
    failure: { code: "deploy_failed", message: expect.stringContaining("nowhere") },
  });
});

test("W237 a site with too many files is refused before anything leaves", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: 'mkdir dist; cd dist; touch index.html; seq 5001 | xargs touch' }",
    "  - { type: deploy, target: preview }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({
    failure: { code: "deploy_failed", message: expect.stringContaining("more than 5000 files") },
  });
});

test("many runs at once all end, with few sandboxes open at a time", async () => {
  const runIds = await Promise.all(
    Array.from({ length: 8 }, () =>
      fixture.start(
        project,
        "name: T\nsteps: [{ type: command, command: 'true' }, { type: command, command: 'true' }]\n",
      ),
    ),
  );
  for (const runId of runIds) await fixture.until(runId, ended);
  for (const runId of runIds) expect((await fixture.run(runId)).status).toBe("succeeded");
});

test("a gate on deploy.prod asks for exactly the content that then goes out", async () => {
  const runId = await fixture.start(
    project,
    "name: T\npolicies: { gates: { require_human_approval_for: [deploy.prod], self_approval: true } }\nsteps:\n  - { type: deploy, target: prod, inputs: { dir: site } }\n",
  );
  await fixture.until(runId, ["waiting"]);
  const waiting = (await fixture.events(runId)).find((event) => event.type === "step.waiting")!;
  expect(waiting).toMatchObject({ action: "deploy.prod", subject: { files: 2, directory: "site" } });
  expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(0);
  await fixture.decide(runId, "approved");
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(1);
});

test("W230 production asks for the required checks on this very commit", async () => {
  const lines = (name: string) => [
    "policies: { checks: { required: [Unit tests] } }",
    "steps:",
    `  - { type: command, name: ${name}, command: 'true' }`,
    "  - { type: deploy, target: prod, inputs: { dir: site } }",
  ];
  const other = await fixture.project({ "site/index.html": "checked" });
  const start = async (name: string): Promise<string> => {
    const runId = await fixture.start(other, ["name: T", ...lines(name)].join("\n"));
    await fixture.until(runId, ended);
    return runId;
  };
  const refused = await start("Something else");
  expect(await fixture.run(refused)).toMatchObject({ failure: { code: "policy_denied" } });
  const denied = (await fixture.events(refused)).find((event) => event.type === "policy.denied");
  expect(denied).toMatchObject({ rule: "checks.required", stepId: "s2" });
  expect((await fixture.run(await start("Unit tests"))).status).toBe("succeeded");
});

test("a refused host is said with the rule that refuses it", async () => {
  const runId = await runToEnd(["steps:", "  - { type: command, command: 'curl -sS https://example.com' }"]);
  const denied = (await fixture.events(runId)).find((event) => event.type === "policy.denied");
  expect(denied).toMatchObject({
    rule: "network.allowed_domains",
    message: expect.stringContaining("Allowed here: registry"),
  });
});

test("W70 a dry run runs commands and has no effect", async () => {
  const runId = await runToEnd(
    [
      "steps:",
      "  - { type: command, command: echo really }",
      "  - { type: approve, reason: Go? }",
      "  - { type: deploy, target: prod, inputs: { dir: site } }",
      "  - { type: release }",
    ],
    { dryRun: true },
  );
  expect((await fixture.run(runId)).status).toBe("succeeded");
  expect(await fixture.log(runId, "s1")).toBe("really\n");
  expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(0);
  expect(await fixture.sql`select 1 from approvals where run_id = ${runId}`).toHaveLength(0);
});

test("an agent step fails and says that no agent is configured", async () => {
  const runId = await runToEnd(["steps:", "  - { type: agent, role: implementer, goal: Fix it }"]);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "not_configured" } });
});

test("a secret that cannot be had is said to be missing, not empty", async () => {
  const runId = await runToEnd([
    "policies: { secrets: { allowed: [TOKEN] } }",
    "steps:",
    "  - { type: command, command: 'true', env: { TOKEN: '${{ secrets.TOKEN }}' } }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "not_configured" } });
});

test("W238 a command's test results become an artifact with the names of failing tests", async () => {
  const junit =
    '<testsuites><testsuite><testcase classname="cart" name="adds"/><testcase classname="cart" name="removes"><failure>no</failure></testcase></testsuite></testsuites>';
  const runId = await runToEnd([
    "steps:",
    `  - { type: command, name: Tests, command: 'mkdir out; echo ''${junit}'' > out/j.xml; exit 1', reports: { junit: "out/*.xml" } }`,
  ]);
  const [artifact] =
    await fixture.sql`select name, data from artifacts where run_id = ${runId} and kind = 'test_report'`;
  expect(artifact).toMatchObject({
    name: "Tests",
    data: { source: "junit", passed: 1, failed: 1, total: 2, failures: ["cart > removes"] },
  });
  expect((await fixture.run(runId)).failure!.message).toContain("1 of 2 tests failed");
});

test("W239 changes to tracked files are kept as a patch, once", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { type: command, command: echo more >> hello.txt }",
    "  - { type: command, command: echo nothing }",
  ]);
  const patches =
    await fixture.sql`select id, org_id, step_id, data from artifacts where run_id = ${runId} and kind = 'patch'`;
  expect(patches).toHaveLength(1);
  expect(patches[0]).toMatchObject({ step_id: "s1", data: { base: project.commit, files: ["hello.txt"] } });
  expect(
    fixture.objects.get(`artifacts/${patches[0]!.org_id}/${runId}/${patches[0]!.id}`)!.toString(),
  ).toContain("+more");
});

test("secrets of the worker are in no event and no artifact, in any encoding, also cut into pieces", async () => {
  const key = fixture.serviceKey;
  const forms = [
    key,
    Buffer.from(key).toString("base64"),
    Buffer.from(key).toString("hex"),
    encodeURIComponent(key),
  ];
  const pieces = forms
    .map((form) => `printf %s '${form.slice(0, 9)}'; sleep 0.15; printf '%s\\n' '${form.slice(9)}'`)
    .join("; ");
  const runId = await runToEnd([
    "steps:",
    `  - type: command\n    command: "${pieces}; echo before${key}after >&2"`,
  ]);
  const text = JSON.stringify(await fixture.events(runId));
  for (const form of forms) expect(text).not.toContain(form);
  expect(text).toContain("before***after");
  for (const [name, bytes] of fixture.objects)
    if (name.includes(runId) && bytes[0] === 0x1f) expect(gunzipSync(bytes).toString()).not.toContain(key);
});

test("a repository that cannot be had is a typed failure", async () => {
  const gone = { ...project, commit: "0".repeat(40) };
  const runId = await fixture.start(gone, "name: T\nsteps: [{ type: command, command: echo hi }]\n");
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "checkout_failed" } });
});

test("W232 events are numbered without gaps, and folding them gives the statuses of the rows", async () => {
  const rows =
    await fixture.sql`select run_id, array_agg(seq order by seq) as seqs, max(last_seq) as last from run_events join runs on runs.id = run_id group by run_id`;
  expect(rows.length).toBeGreaterThan(10);
  for (const row of rows) {
    expect(row.seqs).toEqual(Array.from({ length: row.last }, (_, index) => index + 1));
    const stored = await fixture.sql<StoredRunEvent[]>`
      select run_id as "runId", seq, at::text, event from run_events where run_id = ${row.run_id} order by seq`;
    const view = reduceRunEvents(emptyRunView(row.run_id), stored);
    const steps = await fixture.steps(row.run_id);
    expect(view.status).toBe((await fixture.run(row.run_id)).status);
    expect(Object.fromEntries(view.steps.map(({ id, status }) => [id, status]))).toEqual(
      Object.fromEntries(Object.entries(steps).map(([id, { status }]) => [id, status])),
    );
  }
});

/** How many processes of the machine carry the mark in their command line. */
function running(mark: string): number {
  return runningProcesses().filter(({ args }) => args.join(" ").startsWith(`sleep ${mark}`)).length;
}

test("a step that needs no files before one that does leaves the checkout to be made", async () => {
  const runId = await runToEnd([
    "steps:",
    "  - { step_id: say, type: notify, message: Hi }",
    "  - { step_id: look, type: command, command: cat hello.txt }",
  ]);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
});
