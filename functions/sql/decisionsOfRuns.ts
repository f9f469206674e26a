import { sql } from "kysely";
import { decisionOf, type RecordedDecision } from "../../shared/policy/whatIf.ts";
import { runEventSchema } from "../../shared/run/events.ts";
import type { CallerTransaction } from "../context.ts";

/** What the last runs of a workflow asked of policy, newest run first, each in the order of its events. */
export async function decisionsOfRuns(
  tx: CallerTransaction,
  wanted: { projectId: string; workflowPath: string; lastRuns: number },
): Promise<{ runs: number; decisions: RecordedDecision[] }> {
  const runs = await tx
    .selectFrom("runs")
    .select(["id", "number"])
    .where("project_id", "=", wanted.projectId)
    .where("workflow_path", "=", wanted.workflowPath)
    .orderBy("number", "desc")
    .limit(wanted.lastRuns)
    .execute();
  const ids = runs.map((run) => run.id);
  // The condition on the type is that of the index run_events_decisions.
  const { rows } = await sql<{ run_id: string; event: unknown }>`
    select run_id, event from public.run_events
    where run_id = any(${ids}::uuid[]) and event ->> 'type' in ('policy.allowed', 'policy.denied', 'step.waiting')
    order by run_id, seq limit 20000`.execute(tx);
  const decisions = runs.flatMap((run) =>
    rows
      .filter((row) => row.run_id === run.id)
      .flatMap((row) => {
        const event = runEventSchema.safeParse(row.event);
        const decision = event.success ? decisionOf(run, event.data) : undefined;
        return decision === undefined ? [] : [decision];
      }),
  );
  return { runs: runs.length, decisions };
}
