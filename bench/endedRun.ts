import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";

export interface SeededRun {
  id: string;
  number: number;
}

/** Lines as a test runner prints them: colours, groups, and every so often a failure. */
function lineOf(index: number): string {
  if (index % 5000 === 0) return `::group::Suite ${index / 5000}`;
  if (index % 5000 === 4999) return "::endgroup::";
  if (index % 997 === 0) return `\u001b[31m✗\u001b[39m rounds half up ${index} expected 2 to be 3`;
  return `\u001b[32m✓\u001b[39m adds numbers ${index} \u001b[2m(${index % 40} ms)\u001b[22m`;
}

const linesPerEvent = 500;

/**
 * A run that has ended, with so many lines in its step `test`, as the engine stores one; its log is packed by the worker
 * as for any other.
 */
export async function seedEndedRun(
  sql: Sql,
  place: { orgId: string; projectId: string },
  lines: number,
): Promise<SeededRun> {
  const id = randomUUID();
  const startedAt = Date.now() - 60_000;
  const at = (ms: number) => new Date(startedAt + ms).toISOString();
  const steps = [
    { id: "install", type: "command", name: "Install", needs: [] as string[] },
    { id: "test", type: "command", name: "Run tests", needs: ["install"] },
  ];
  const commit = "3f2c".padEnd(40, "0");
  const queued = {
    workflowPath: "ci.yaml",
    name: "CI",
    commit,
    ref: "main",
    trigger: "manual",
    inputs: {},
    steps,
  };
  const [row] = await sql<{ number: number }[]>`
    update projects set last_run_number = last_run_number + 1 where id = ${place.projectId} returning last_run_number as number`;
  const number = row?.number ?? 1;
  await sql`insert into runs (id, org_id, project_id, number, kind, workflow_path, name, status, ref, commit, trigger, snapshot, created_at, started_at)
    values (${id}, ${place.orgId}, ${place.projectId}, ${number}, 'workflow', 'ci.yaml', 'CI', 'running', 'main', ${commit}, 'manual', '{}', ${at(0)}, ${at(20)})`;
  let seq = 0;
  const append = async (ms: number, key: string, event: object) => {
    seq += 1;
    await sql`insert into run_events (run_id, seq, org_id, key, at, event)
      values (${id}, ${seq}, ${place.orgId}, ${key}, ${at(ms)}, ${sql.json(event as never)})`;
  };
  const finished = { status: "succeeded", exitCode: 0, durationMs: 900, outputs: {}, failure: null };
  await append(0, "run.queued", { type: "run.queued", ...queued });
  await append(20, "run.started", { type: "run.started", workerId: "bench" });
  await append(30, "step.started:install", { type: "step.started", stepId: "install", attempt: 1 });
  await append(930, "step.finished:install", { type: "step.finished", stepId: "install", ...finished });
  await append(940, "step.started:test", { type: "step.started", stepId: "test", attempt: 1 });
  for (let from = 0; from < lines; from += linesPerEvent) {
    const count = Math.min(linesPerEvent, lines - from);
    const text = `${Array.from({ length: count }, (_, index) => lineOf(from + index)).join("\n")}\n`;
    const chunks = [{ stream: "out", text, at: startedAt + 1000 + from / 10 }];
    await append(1000 + from / 10, `log:test:1:${from}`, { type: "step.log", stepId: "test", chunks });
  }
  await append(50_000, "step.finished:test", { type: "step.finished", stepId: "test", ...finished });
  await append(50_010, "run.finished", {
    type: "run.finished",
    status: "succeeded",
    failure: null,
    outputs: {},
  });
  for (const [position, step] of steps.entries())
    await sql`insert into step_runs (run_id, step_id, org_id, position, type, name, status)
      values (${id}, ${step.id}, ${place.orgId}, ${position + 1}, ${step.type}, ${step.name}, 'succeeded')`;
  await sql`update runs set status = 'succeeded', finished_at = ${at(50_010)}, last_seq = ${seq} where id = ${id}`;
  return { id, number };
}

/** Milliseconds until the worker has packed the run's log. */
export async function untilPacked(sql: Sql, runId: string): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const [row] = await sql<
      { packed: boolean }[]
    >`select logs_packed_at is not null as packed from runs where id = ${runId}`;
    if (row?.packed === true) return performance.now() - startedAt;
    if (performance.now() - startedAt > 60_000)
      throw new Error(`The log of run ${runId} was not packed within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
