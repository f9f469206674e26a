import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { startEngineFixture, type EngineFixture } from "./testing.ts";

// A deadline is only for what hangs.
vi.setConfig({ testTimeout: 120_000 });

let fixture: EngineFixture;
afterEach(() => fixture.close());

const yaml =
  "name: T\nsteps:\n  - { type: command, command: 'echo ran', on_failure: { type: continue } }\n  - { type: approve, reason: Go? }\n";

test("without the sandbox's programs a command is refused with the line that installs them; other steps work", async () => {
  fixture = await startEngineFixture();
  const bin = join(fixture.directory, "bin");
  mkdirSync(bin);
  symlinkSync(execFileSync("which", ["git"], { encoding: "utf8" }).trim(), join(bin, "git"));
  const worker = await fixture.startWorker({ env: { PATH: bin } });
  expect(worker.said()).toContain("The sandbox needs bubblewrap, socat, ripgrep.");
  const runId = await fixture.start(await fixture.project({ a: "a" }), yaml);
  await fixture.until(runId, ["waiting"]);
  const { s1 } = await fixture.steps(runId);
  expect(s1).toMatchObject({ status: "failed", failure: { code: "sandbox_unavailable" } });
  expect(s1!.failure!.message).toMatch(/install.* bubblewrap socat ripgrep/);
  expect(await fixture.log(runId)).not.toContain("ran\n");
});

test("CODER_SANDBOX=none runs commands, and says so in the worker's log and in the run's", async () => {
  fixture = await startEngineFixture();
  const worker = await fixture.startWorker({ env: { CODER_SANDBOX: "none" } });
  expect(worker.said()).toContain("WITHOUT ANY ISOLATION");
  const runId = await fixture.start(await fixture.project({ a: "a" }), yaml);
  await fixture.until(runId, ["waiting"]);
  expect(await fixture.log(runId, "s1")).toBe(
    "CODER_SANDBOX=none: this command runs without any isolation.\nran\n",
  );
});
