import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture, type TestProject } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
let project: TestProject;
let worker: Awaited<ReturnType<EngineFixture["startWorker"]>>;
beforeAll(async () => {
  fixture = await startEngineFixture();
  worker = await fixture.startWorker();
  project = await fixture.project({ "a.txt": "a", "dir/b.txt": "b" });
});
afterAll(() => fixture.close());

const ended = ["succeeded", "failed", "canceled"];
async function runToEnd(...steps: string[]): Promise<string> {
  const runId = await fixture.start(project, ["name: T", "steps:", ...steps].join("\n"));
  await fixture.until(runId, ended);
  return runId;
}
const files = async (runId: string) =>
  fixture.sql`select id, org_id, name, sha256, size::int, step_id from artifacts where run_id = ${runId} and kind = 'file' order by name`;

test("W74 what a command writes to $CODER_OUTPUT is read by later steps, with its types", async () => {
  const runId = await runToEnd(
    `  - { step_id: a, type: command, command: 'echo "version=1.2" >> $CODER_OUTPUT; printf "list:json=[1,2]\\nnotes<<E\\none\\ntwo\\nE\\n" >> $CODER_OUTPUT' }`,
    "  - { step_id: b, type: command, if: 'steps.a.outputs.list.size() == 2', env: { V: '${{ steps.a.outputs.version }}', N: '${{ steps.a.outputs.notes }}' }, command: 'echo \"$V $N\"' }",
    // Each step has a file of its own.
    "  - { step_id: c, type: command, command: 'test ! -e $CODER_OUTPUT' }",
  );
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded" });
  expect((await fixture.steps(runId)).a!.outputs).toEqual({
    version: "1.2",
    list: [1, 2],
    notes: "one\ntwo",
    exitCode: 0,
  });
  expect(await fixture.log(runId, "b")).toBe("1.2 one\ntwo\n");
});

test.each([
  [
    "too large",
    "head -c 70000 /dev/zero | tr '\\\\0' x | sed 's/^/a=/' >> $CODER_OUTPUT",
    "more than 65536 bytes",
  ],
  ["no outputs", "echo hello >> $CODER_OUTPUT", 'Line 1 of its outputs is not name=value: "hello".'],
  // Nobody writes to it: reading must not wait.
  ["a pipe", "mkfifo $CODER_OUTPUT; exit 3", "The command ended with exit code 3."],
])("W74 outputs that are %s fail the step in words", async (_what, command, message) => {
  const runId = await runToEnd(`  - { step_id: a, type: command, command: "${command}" }`);
  expect((await fixture.steps(runId)).a).toMatchObject({
    status: "failed",
    failure: { message: expect.stringContaining(message) },
  });
});

test("W236 a run's outputs are told when it ends, from its steps, inputs and project", async () => {
  const runId = await runToEnd(
    `  - { step_id: a, type: command, command: 'echo "version=1.2" >> $CODER_OUTPUT' }`,
    "outputs: { tag: 'v${{ steps.a.outputs.version }}', code: '${{ steps.a.outputs.exitCode }}', ref: '${{ project.ref }}' }",
  );
  expect((await fixture.run(runId)).outputs).toEqual({ tag: "v1.2", code: "0", ref: "main" });
});

test("W75 named files are kept with their hash; links are not followed", async () => {
  const runId = await runToEnd(
    "  - { step_id: a, type: command, artifacts: [out/, '*.log', none/**], command: 'mkdir -p out/sub; echo one > out/one.txt; echo two > out/sub/two.txt; echo log > x.log; ln -s /etc/passwd out/link; ln -s /etc out/etc' }",
  );
  const kept = await files(runId);
  expect(kept.map((row) => row["name"])).toEqual(["out/one.txt", "out/sub/two.txt", "x.log"]);
  for (const row of kept) {
    const bytes = fixture.objects.get(`artifacts/${row["org_id"]}/${runId}/${row["id"]}`)!;
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(row["sha256"]);
  }
  expect(await fixture.log(runId, "a")).toContain("No file matches the artifact none/**.");
});

test.each([
  ["control characters", String.raw`touch $'out/a\nb'`],
  ["text that turns", String.raw`touch $'out/a\u202etxt.exe'`],
  ["a name of Windows", "touch 'out/c:d'"],
  ["a backslash", String.raw`touch 'out/a\b'`],
  ["git's own", "mkdir out/.GIT; touch out/.GIT/x"],
  ["too many", "for i in $(seq 201); do touch out/$i; done"],
])("W75 a file whose name is or holds %s is refused, and nothing else happens", async (_what, command) => {
  const runId = await fixture.start(
    project,
    [
      "name: T",
      "steps:",
      "  - step_id: a",
      "    type: command",
      "    artifacts: out",
      "    command: |",
      `      mkdir out`,
      `      ${command}`,
    ].join("\n"),
  );
  await fixture.until(runId, ended);
  expect((await fixture.steps(runId)).a).toMatchObject({
    status: "failed",
    failure: { code: "output_invalid" },
  });
});

test("W76 named files are there for later steps when the run goes on on another machine", async () => {
  const runId = await fixture.start(
    project,
    [
      "name: T",
      "steps:",
      "  - { type: command, artifacts: [dir/made.txt, a.txt], command: 'echo made > dir/made.txt; echo changed > a.txt' }",
      "  - { type: command, artifacts: [], command: 'true' }",
      "  - { type: command, on_interrupt: retry, command: 'echo x >> $npm_config_cache.tries; test $(wc -l < $npm_config_cache.tries) = 2 || { echo up; sleep 600; }; cat dir/made.txt a.txt dir/b.txt' }",
      "  - { type: command, command: 'cat dir/made.txt' }",
    ].join("\n"),
  );
  await fixture.untilEvent(runId, (all) =>
    all.some((event) => event.type === "step.log" && event.stepId === "s3"),
  );
  await worker.kill("SIGKILL");
  rmSync(join(fixture.directory, "work/runs", runId), { recursive: true, force: true, maxRetries: 5 });
  worker = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect(await fixture.log(runId, "s3")).toContain("made\nchanged\nb");
  expect(await fixture.log(runId, "s4")).toBe("made\n");
});

test("W76 a re-run from the failed steps need not make named files again", async () => {
  const yaml = [
    "name: T",
    "steps:",
    "  - { step_id: build, type: command, artifacts: dist, command: 'mkdir dist; echo built > dist/x' }",
    "  - { step_id: test, type: command, env: { TRY: '${{ run.attempt }}' }, command: 'cat dist/x; test $TRY -gt 1' }",
  ].join("\n");
  const first = await fixture.start(project, yaml);
  await fixture.until(first, ["failed"]);
  rmSync(join(fixture.directory, "work/kept"), { recursive: true });
  const second = await fixture.rerunFailed(project, first, yaml);
  await fixture.until(second, ended);
  expect(await fixture.steps(second)).toMatchObject({
    build: { status: "succeeded", execs: 0 },
    test: { status: "succeeded" },
  });
  expect(await fixture.log(second, "test")).toBe("built\n");
});

test("W78 without named files a run that lost its machine says so, and makes nothing up", async () => {
  const runId = await fixture.start(
    project,
    "name: T\nsteps:\n  - { type: command, command: 'echo made > made.txt' }\n  - { type: command, on_interrupt: retry, command: 'echo up; sleep 600' }\n",
  );
  await fixture.untilEvent(runId, (all) =>
    all.some((event) => event.type === "step.log" && event.stepId === "s2"),
  );
  await worker.kill("SIGKILL");
  rmSync(join(fixture.directory, "work/runs", runId), { recursive: true, force: true, maxRetries: 5 });
  worker = await fixture.startWorker();
  await fixture.until(runId, ended);
  expect(await fixture.run(runId)).toMatchObject({ status: "failed", failure: { code: "interrupted" } });
});
