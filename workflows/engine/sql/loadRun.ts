import { z } from "zod";
import { runStatuses } from "../../../shared/run/events.ts";
import type { Sql } from "../database.ts";

const rowSchema = z.object({
  id: z.string(),
  org_id: z.string(),
  org_slug: z.string(),
  project_id: z.string(),
  project_slug: z.string(),
  default_branch: z.string(),
  number: z.number(),
  kind: z.enum(["workflow", "operationalize"]),
  workflow_path: z.string(),
  status: z.enum(runStatuses),
  ref: z.string(),
  commit: z.string(),
  trigger: z.string(),
  inputs: z.record(z.string(), z.json()),
  snapshot: z.looseObject({
    yaml: z.string().optional(),
    engineVersion: z.string().optional(),
    event: z.record(z.string(), z.json()).optional(),
  }),
  dry_run: z.boolean(),
  created_by: z.string().nullable(),
  attempt: z.number(),
  rerun_of: z.string().nullable(),
  taken_by: z.string().nullable(),
  owner: z.string().nullable(),
  received: z.number(),
  seed: z.record(
    z.string(),
    z.object({
      outputs: z.record(z.string(), z.json()),
      from: z.object({ runId: z.string(), number: z.number() }),
    }),
  ),
});
export type RunRow = z.infer<typeof rowSchema>;

/**
 * A run with the names of its project, or undefined when it was deleted; with the token of the execution that has it
 * (`owner`), and how many messages earlier executions have received.
 */
export async function loadRun(sql: Sql, runId: string): Promise<RunRow | undefined> {
  const [row] = await sql`
    select r.id, r.org_id, o.slug as org_slug, r.project_id, p.slug as project_slug, p.default_branch, r.number, r.kind,
      r.workflow_path, r.status, r.ref, r.commit, r.trigger, r.inputs, r.snapshot, r.dry_run, r.created_by, r.attempt, r.rerun_of, r.seed,
      r.taken_by, (select s.owner_xid from dbos.workflow_status s where s.workflow_uuid = r.id::text) as owner,
      (select count(*)::int from dbos.operation_outputs f where f.workflow_uuid = r.id::text and f.function_name = 'DBOS.recv') as received
    from public.runs r join public.projects p on p.id = r.project_id join public.orgs o on o.id = r.org_id
    where r.id = ${runId}`;
  return row && rowSchema.parse(row);
}
