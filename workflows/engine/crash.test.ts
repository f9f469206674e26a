import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { crashPoints } from "./crashPoint.ts";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

/**
 * Workers are killed outright at named points while a second one is there. A command may run again after that, at
 * least once; everything it leads to outside (events, artifacts, deployments, the end) exists once.
 */
let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  project = await fixture.project({ "site/index.html": "<h1>Live</h1>" });
});
afterAll(() => fixture.close());

// A deadline is only for what hangs: on a busy machine a take-over can take many times its usual five seconds.
vi.setConfig({ testTimeout: 120_000 });

const ended = ["succeeded", "failed", "canceled"];
const yaml = [
  "name: Crash",
  "steps:",
  // Outside the repository, so that every execution is seen: the cache directory lives longer than the run.
  "  - { type: command, on_interrupt: retry, command: 'mkdir -p dist; cp site/index.html dist; echo one; echo x >> $npm_config_cache.one' }",
  "  - { type: deploy, target: preview }",
  "  - { type: command, command: 'test -e dist/index.html; echo three' }",
].join("\n");

/** Starts a worker that will die at the point, lets it take the run, then a second one, and waits for the end. */
async function crashAt(point: string, workflow = yaml): Promise<{ runId: string; died: boolean }> {
  const doomed = await fixture.startWorker({ env: { CODER_CRASH_AT: point } });
  const runId = await fixture.start(project, workflow);
  await doomed.exited;
  const second = await fixture.startWorker();
  await fixture.until(runId, ended);
  await second.kill("SIGTERM");
  return { runId, died: doomed.child.signalCode === "SIGKILL" };
}

/** No step of the workflow above comes by these: each has a test of its own. */
const ownTest = ["mid-release", "mid-merge", "mid-cache-save", "mid-dispatch"];

describe.each(crashPoints.filter((point) => !ownTest.includes(point)))("killed at %s", (point) => {
  test("the run ends right on another worker, and its effects exist once", async () => {
    const { runId, died } = await crashAt(point);
    expect(died).toBe(true);
    expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
    expect(await fixture.steps(runId)).toMatchObject({
      s1: { status: "succeeded" },
      s2: { status: "succeeded" },
      s3: { status: "succeeded" },
    });
    const types = (await fixture.events(runId)).map((event) => event.type);
    const count = (type: string): number => types.filter((one) => one === type).length;
    expect([
      count("run.started"),
      count("step.started"),
      count("step.finished"),
      count("run.finished"),
    ]).toEqual([1, 3, 3, 1]);
    if (point !== "before-enqueue-ack" && point !== "after-take") expect(count("run.resumed")).toBe(1);
    expect(types.at(-1)).toBe("run.finished");
    expect(await fixture.sql`select 1 from deployments where run_id = ${runId}`).toHaveLength(1);
    const artifacts = await fixture.sql`select kind from artifacts where run_id = ${runId} order by kind`;
    expect(artifacts.map((row) => row.kind)).toEqual(["deploy_url", "log_bundle"]);
  });
});

test("killed at mid-release: the tag, its change and the notes exist once", async () => {
  const release = "name: T\nsteps:\n  - { step_id: rel, type: release, bump: minor }\n";
  const { runId, died } = await crashAt("mid-release", release);
  expect(died).toBe(true);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  const { rel } = await fixture.steps(runId);
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", project.directory, ...args], { encoding: "utf8" }).trim();
  expect(git("tag", "--list")).toBe(rel!.outputs.tag);
  expect(git("rev-parse", `${rel!.outputs.tag}^{commit}`)).toBe(rel!.outputs.commit);
  // One commit over the one that was released.
  expect(git("rev-list", "--count", `${project.commit}..${rel!.outputs.commit}`)).toBe("1");
  const changes = await fixture.sql`select number from changes where project_id = ${project.id}`;
  expect(changes.map((change) => change.number)).toEqual([rel!.outputs.change]);
  const artifacts = await fixture.sql`select kind from artifacts where run_id = ${runId} order by kind`;
  expect(artifacts.map((row) => row.kind)).toEqual(["log_bundle", "release_notes"]);
});

test("W214 killed at mid-dispatch: each run of the delivery is started once, by whoever goes on", async () => {
  const hook = (name: string): string =>
    `name: ${name}\ntriggers: [{ type: webhook, name: alert, secret_ref: S }]\nsteps: [{ type: notify, message: ${name} }]\n`;
  const hooked = await fixture.project({
    ".coder/workflows/one.yaml": hook("One"),
    ".coder/workflows/two.yaml": hook("Two"),
  });
  const doomed = await fixture.startWorker({ env: { CODER_CRASH_AT: "mid-dispatch" } });
  const [{ id } = { id: "" }] = await fixture.sql`
    select private.record_delivery(${hooked.id}, 'webhook', 'alert', 'one', '{"body": {}}') as id`;
  await doomed.exited;
  expect(doomed.child.signalCode).toBe("SIGKILL");
  const second = await fixture.startWorker();
  await expect
    .poll(async () => (await fixture.sql`select status from deliveries where id = ${id}`)[0]!.status, {
      timeout: 60_000,
    })
    .toBe("handled");
  const runs = await fixture.sql`
    select id, workflow_path as path from runs where project_id = ${hooked.id} order by workflow_path`;
  expect(runs.map(({ path }) => path)).toEqual([".coder/workflows/one.yaml", ".coder/workflows/two.yaml"]);
  for (const run of runs) await fixture.until(run.id, ["succeeded"]);
  const [delivery] = await fixture.sql`select outcome from deliveries where id = ${id}`;
  const told = delivery!.outcome.map((one: { path: string; runId?: string }) => [one.path, one.runId]);
  expect(new Map(told)).toEqual(new Map(runs.map(({ path, id: runId }) => [path, runId])));
  await second.kill("SIGTERM");
});

test("W215 killed in a step that is part of the run's own workflow: it is done again, and its effect exists once", async () => {
  const { runId, died } = await crashAt(
    "after-command-before-event",
    "name: T\nsteps:\n  - { type: notify, message: one }\n  - { type: notify, message: two }\n",
  );
  expect(died).toBe(true);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect((await fixture.steps(runId)).s1!.execs).toBe(2);
  const told = await fixture.sql`select message from notifications where run_id = ${runId} order by message`;
  expect(told.map((row) => row.message)).toEqual(["one", "two"]);
  const children =
    await fixture.sql`select 1 from dbos.workflow_status where workflow_uuid like ${`${runId}/%`}`;
  expect(children).toHaveLength(0);
});

test("W245 killed at mid-merge: one change, merged once", async () => {
  const merging =
    "name: T\nsteps:\n  - { type: command, command: echo merged > merged.txt }\n  - { step_id: pr, type: pull_request, title: Merged, merge: true }\n";
  const { runId, died } = await crashAt("mid-merge", merging);
  expect(died).toBe(true);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  const { pr } = await fixture.steps(runId);
  const changes = await fixture.sql`
    select number, status, merged_commit from changes where project_id = ${project.id} and run_id = ${runId}`;
  expect([...changes]).toEqual([
    { number: pr!.outputs.number, status: "merged", merged_commit: pr!.outputs.mergedCommit },
  ]);
  const shown = execFileSync("git", ["-C", project.directory, "show", "main:merged.txt"], {
    encoding: "utf8",
  });
  expect(shown).toBe("merged\n");
  const asked = (await fixture.events(runId)).flatMap((event) =>
    event.type === "policy.allowed" ? [event.action] : [],
  );
  expect(asked).toEqual(["pull_request.open", "pull_request.merge", "push.protected"]);
});

test("W233 with on_interrupt retry a command that was interrupted runs again, and says so", async () => {
  const { runId } = await crashAt("mid-command");
  expect((await fixture.steps(runId)).s1!.execs).toBe(2);
  expect(await fixture.log(runId, "s1")).toContain("it is run again from its beginning");
});

test("a step that was done is not done again", async () => {
  const before = executions();
  await crashAt("mid-deploy");
  expect(executions() - before).toBe(1);
});

test("W233 on_interrupt fail ends the run instead of running a command twice", async () => {
  const doomed = await fixture.startWorker({ env: { CODER_CRASH_AT: "mid-command" } });
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, on_interrupt: fail, command: 'echo once' }\n",
  );
  await doomed.exited;
  const second = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "interrupted" } });
  await second.kill("SIGTERM");
});

test("W233 the commands of a killed worker die with it", async () => {
  const worker = await fixture.startWorker();
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: 'while true; do date +%s%N > beat; sleep 0.02; done', on_interrupt: fail }\n  - { type: command, command: 'echo never' }\n",
  );
  const beat = join(fixture.directory, "work/runs", runId, "repo/beat");
  await fixture.untilEvent(runId, (events) => events.some((event) => event.type === "step.started"));
  await expect.poll(() => read(beat), { timeout: 10_000 }).not.toBe("");
  await worker.kill("SIGKILL");
  await expect.poll(async () => await stable(beat, 300), { timeout: 5000 }).toBe(true);
  await fixture.cancel(runId);
  const second = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("canceled");
  await second.kill("SIGTERM");
});

test("a worker that is told to leave hands its runs over at once", async () => {
  const leaseMs = 60_000;
  const first = await fixture.startWorker({ env: { CODER_LEASE_MS: String(leaseMs) } });
  const second = await fixture.startWorker({ env: { CODER_LEASE_MS: String(leaseMs) } });
  const yaml =
    "name: T\ndefaults: { on_interrupt: retry }\nsteps:\n  - { type: command, command: 'echo up; test -e again && exit 0; touch again; sleep 600' }\n";
  const runId = await fixture.start(project, yaml);
  const events = await fixture.untilEvent(runId, (all) => all.some((event) => event.type === "step.log"));
  const owner = events.find((event) => event.type === "run.started")!.workerId;
  const [leaving, staying] = owner === first.id ? [first, second] : [second, first];
  const leftAt = Date.now();
  await leaving.kill("SIGTERM");
  expect(leaving.child.exitCode).toBe(0);
  await fixture.untilEvent(runId, (all) => all.some((event) => event.type === "run.resumed"));
  expect(Date.now() - leftAt).toBeLessThan(leaseMs / 2);
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  await staying.kill("SIGTERM");
});

test("a worker that hangs loses its lease, is refused its events, and stops itself when it wakes", async () => {
  const hanging = await fixture.startWorker();
  const runId = await fixture.start(
    project,
    "name: T\ndefaults: { on_interrupt: retry }\nsteps:\n  - { type: command, command: 'echo up; test -e again && exit 0; touch again; sleep 600' }\n",
  );
  await fixture.untilEvent(runId, (all) => all.some((event) => event.type === "step.log"));
  process.kill(hanging.pid, "SIGSTOP");
  const second = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("succeeded");
  process.kill(hanging.pid, "SIGCONT");
  await hanging.exited;
  expect(hanging.child.exitCode).toBe(75);
  await second.kill("SIGTERM");
});

test("a run whose workflow was ended behind our back is closed by the reconciler", async () => {
  const worker = await fixture.startWorker();
  const runId = await fixture.start(project, "name: T\nsteps:\n  - { type: approve, reason: Go? }\n");
  await fixture.until(runId, ["waiting"]);
  await fixture.sql`update dbos.workflow_status set status = 'CANCELLED', updated_at = 0 where workflow_uuid = ${runId}`;
  await fixture.until(runId, ended, 15_000);
  expect((await fixture.run(runId)).status).toBe("canceled");
  await worker.kill("SIGTERM");
});

function executions(): number {
  return read(join(fixture.directory, "work/cache", project.id, "npm.one")).split("\n").length - 1;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function stable(path: string, forMs: number): Promise<boolean> {
  const before = read(path);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  return read(path) === before;
}
