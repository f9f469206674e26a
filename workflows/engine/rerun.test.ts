import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
  project = await fixture.project({ "a.txt": "a", "site/index.html": "<h1>Live</h1>" });
});
afterAll(() => fixture.close());

const ended = ["succeeded", "failed", "canceled"];
// The second step fails in the first attempt of the run and works in the next.
const yaml = [
  "name: T",
  "steps:",
  "  - { step_id: build, type: command, command: 'echo built; echo made > made.txt' }",
  "  - { step_id: test, type: command, env: { TRY: '${{ run.attempt }}' }, command: 'cat made.txt; test $TRY -gt 1' }",
  "  - { step_id: last, type: command, command: 'cat made.txt' }",
].join("\n");

async function failedRun(): Promise<string> {
  const runId = await fixture.start(project, yaml);
  await fixture.until(runId, ended);
  expect((await fixture.run(runId)).status).toBe("failed");
  return runId;
}

test("W66 a re-run from the failed steps takes over what succeeded, with its outputs and files, and says so", async () => {
  const first = await failedRun();
  const second = await fixture.rerunFailed(project, first, yaml);
  await fixture.until(second, ended);
  expect(await fixture.run(second)).toMatchObject({ status: "succeeded" });
  expect(await fixture.steps(second)).toMatchObject({
    build: { status: "succeeded", execs: 0, outputs: { exitCode: 0 } },
    test: { status: "succeeded", execs: 1 },
    last: { status: "succeeded", execs: 1 },
  });
  const [{ number }] = (await fixture.sql`select number from runs where id = ${first}`) as any;
  expect(await fixture.log(second, "build")).toBe(`Taken over from run #${number}.\n`);
  expect(await fixture.events(second)).toContainEqual(
    expect.objectContaining({
      type: "step.finished",
      stepId: "build",
      status: "succeeded",
      reusedFrom: { runId: first, number },
    }),
  );
  expect(await fixture.log(second, "last")).toBe("made\n");
});

test("W67 where the files are gone, the commands that made them are run again", async () => {
  const first = await failedRun();
  rmSync(join(fixture.directory, "work/kept"), { recursive: true });
  const second = await fixture.rerunFailed(project, first, yaml);
  await fixture.until(second, ended);
  expect((await fixture.run(second)).status).toBe("succeeded");
  expect((await fixture.steps(second)).build).toMatchObject({ status: "succeeded", execs: 1 });
  expect(await fixture.log(second, "build")).toMatch(
    /^Run again: the files that it left in run #\d+ are not on this machine any more\.\nbuilt\n$/,
  );
});

test("W66 what was done outside is not done again, whether or not the files are there", async () => {
  const deploying = [
    "name: T",
    "steps:",
    "  - { step_id: build, type: command, command: 'mkdir -p dist; cp site/index.html dist' }",
    "  - { step_id: show, type: deploy, target: preview }",
    "  - { step_id: fail, type: command, env: { TRY: '${{ run.attempt }}', URL: '${{ steps.show.outputs.url }}' }, command: 'echo $URL; test $TRY -gt 1' }",
  ].join("\n");
  const first = await fixture.start(project, deploying);
  await fixture.until(first, ["failed"]);
  rmSync(join(fixture.directory, "work/kept"), { recursive: true });
  const second = await fixture.rerunFailed(project, first, deploying);
  await fixture.until(second, ended);
  expect((await fixture.run(second)).status).toBe("succeeded");
  expect((await fixture.steps(second)).show).toMatchObject({ status: "succeeded", execs: 0 });
  expect(await fixture.log(second, "fail")).toBe(await fixture.log(first, "fail"));
  expect(await fixture.sql`select 1 from deployments where run_id in (${first}, ${second})`).toHaveLength(1);
});

test("W68 run.attempt counts the chain of re-runs", async () => {
  const echo =
    "name: T\nsteps:\n  - { type: command, env: { TRY: '${{ run.attempt }}' }, command: 'echo $TRY' }\n";
  const first = await fixture.start(project, echo);
  const second = await fixture.start(project, echo, { rerunOf: first });
  const third = await fixture.start(project, echo, { rerunOf: second });
  for (const [index, runId] of [first, second, third].entries()) {
    await fixture.until(runId, ended);
    expect(await fixture.log(runId, "s1")).toBe(`${index + 1}\n`);
  }
});

test("W69 agent_retry without an agent fails as not configured, names the role, and keeps what went wrong", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: 'echo tried; exit 3', on_failure: { type: agent_retry, role: tester, max_attempts: 2 } }\n",
  );
  await fixture.until(runId, ended);
  const { s1 } = await fixture.steps(runId);
  expect(s1).toMatchObject({
    status: "failed",
    execs: 1,
    exit_code: 3,
    failure: {
      code: "not_configured",
      message:
        "No agent is configured for the role tester, so nobody could repair this: The command ended with exit code 3.",
    },
  });
});
