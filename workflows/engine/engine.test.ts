import { afterAll, beforeAll, expect, test } from "vitest";
import { startEngineFixture, type EngineFixture } from "./testing.ts";

let fixture: EngineFixture;
beforeAll(async () => {
  fixture = await startEngineFixture();
  await fixture.startWorker();
});
afterAll(() => fixture.close());

const workflow = (body: string): string => `name: Test\n${body}`;

test("commands run in order in one checkout, with their log, and the run succeeds", async () => {
  const project = await fixture.project({ "hello.txt": "from the repository\n" });
  const runId = await fixture.start(project, workflow("steps:\n  - { type: command, command: cat hello.txt; echo made > made.txt }\n  - { type: command, command: cat made.txt }\n"));
  await fixture.until(runId, ["succeeded", "failed"]);
  expect(await fixture.run(runId)).toMatchObject({ status: "succeeded", failure: null });
  expect(await fixture.log(runId, "s1")).toBe("from the repository\n");
  expect(await fixture.log(runId, "s2")).toBe("made\n");
  const types = (await fixture.events(runId)).map((event) => event.type);
  expect(types.filter((type) => type !== "step.log" && type !== "artifact.created")).toEqual([
    "run.queued", "run.started", "step.started", "step.finished", "step.started", "step.finished", "run.finished",
  ]);
});
