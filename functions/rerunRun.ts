import { CoderError } from "../shared/errors.ts";
import { seedFromFailed, type RunSeed } from "../shared/run/seedFromFailed.ts";
import type { CallerTransaction, SignedIn } from "./context.ts";
import { plannedSteps } from "./sql/plannedSteps.ts";
import { findRun, requireRun, type StoredRun } from "./sql/requireRun.ts";
import { startRun } from "./sql/startRun.ts";
import { stepStates } from "./sql/stepStates.ts";

export interface RerunIntent {
  id: string;
  runId: string;
  /** `failed`: the new run takes over what succeeded and goes on from there. */
  from: "all" | "failed";
}

/**
 * Runs a run again, as a new one with the same file, commit, event and inputs; answers its number. The second call of
 * one intent answers what the first did.
 * @throws CoderError `not_found`; `conflict` when it has not ended, or nothing of it failed, and `failed` is asked for.
 */
export function rerunRun(caller: SignedIn, intent: RerunIntent): Promise<number> {
  return caller.asCaller(async (tx) => {
    const original = await requireRun(tx, intent.runId);
    const existing = await findRun(tx, intent.id);
    if (existing !== undefined && existing.projectId === original.projectId) return existing.number;
    const steps = await plannedSteps(tx, original.id);
    const seed = intent.from === "failed" ? await seedOf(tx, original, steps) : {};
    const { number: _, status: __, concurrency, ...same } = original;
    return startRun(tx, {
      ...same,
      id: intent.id,
      trigger: "rerun",
      steps,
      rerunOf: original.id,
      concurrency: concurrency ?? undefined,
      seed,
    });
  });
}

async function seedOf(
  tx: CallerTransaction,
  run: StoredRun,
  planned: Awaited<ReturnType<typeof plannedSteps>>,
): Promise<RunSeed> {
  if (run.status === "queued" || run.status === "running" || run.status === "waiting")
    throw new CoderError("conflict", `Run #${run.number} has not ended: cancel it, or wait for its end`);
  const states = new Map((await stepStates(tx, run.id)).map((state) => [state.id, state]));
  const failed = [...states.values()].some(({ status }) => status === "failed" || status === "canceled");
  if (run.status === "succeeded" && !failed)
    throw new CoderError("conflict", `Nothing of run #${run.number} failed: run all of it again`);
  const own = { runId: run.id, number: run.number };
  return seedFromFailed(
    planned.map((step) => {
      const { status, outputs, execs } = states.get(step.id) ?? { status: "pending", outputs: {}, execs: 0 };
      // A step that it took over itself, and did not have to do again, is still the earlier run's work.
      const from = execs === 0 ? (run.seed[step.id]?.from ?? own) : own;
      return { ...step, status, outputs, from };
    }),
  );
}
