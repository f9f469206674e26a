import { randomUUID } from "node:crypto";
import { CoderError } from "../../../shared/errors.ts";
import { engineVersion } from "../../../shared/run/engineVersion.ts";
import type { StoredRunEvent } from "../../../shared/run/events.ts";
import type { Value } from "../../../shared/workflow/expressions.ts";
import { planWorkflow, toPlannedSteps } from "../../../shared/workflow/planWorkflow.ts";
import type { Workflow } from "../../../shared/workflow/schema.ts";
import { sealSecret } from "../../../shared/secrets/sealSecret.ts";
import type { SecretKeys } from "../../../shared/secrets/secretKeys.ts";
import type { Sql } from "../../engine/database.ts";
import type { LocalSecret } from "./readLocalSecrets.ts";
import type { Snapshot } from "./snapshot.ts";

export interface LocalRunRequest {
  projectId: string;
  workflowPath: string;
  workflow: Workflow;
  yaml: string;
  inputs: Record<string, Value>;
  snapshot: Snapshot;
  dryRun: boolean;
}

/** Makes somebody who decides, and the project; answers who it is. */
export async function addLocalProject(
  sql: Sql,
  project: { id: string; slug: string; branch: string },
): Promise<{ userId: string }> {
  const userId = randomUUID();
  // A new account gets an organisation of its own.
  await sql`insert into auth.users (id, email) values (${userId}, 'local@localhost')`;
  await sql`
    insert into public.projects (id, org_id, slug, name, source, default_branch)
    select ${project.id}, m.org_id, ${project.slug}, ${project.slug}, 'upload', ${project.branch}
    from public.members m where m.user_id = ${userId}`;
  return { userId };
}

/** Keeps the secrets as a server does, sealed for the project; the keys are in this process alone. */
export async function setLocalSecrets(
  sql: Sql,
  projectId: string,
  { secrets, keys }: { secrets: readonly LocalSecret[]; keys: SecretKeys },
): Promise<void> {
  if (secrets.length === 0) return;
  const [project] = await sql<{ orgId: string }[]>`
    select org_id as "orgId" from public.projects where id = ${projectId}`;
  if (project === undefined) throw new CoderError("internal", `Project ${projectId} is gone`);
  const { orgId } = project;
  for (const { name, value, givenAs } of secrets) {
    const sealed = await sealSecret(value, { orgId, projectId, environment: "", name, givenAs }, keys);
    await sql`
      select public.set_secret(${orgId}, ${projectId}, '', ${name}, ${givenAs}, ${sealed.ciphertext}, ${sealed.keyId})`;
  }
}

/** Starts the run as the API does. It is nobody's own, so that whoever runs it here may also approve it. */
export async function startLocalRun(sql: Sql, request: LocalRunRequest): Promise<string> {
  const id = randomUUID();
  const { workflow, snapshot } = request;
  const steps = toPlannedSteps(planWorkflow(workflow));
  await sql`
    select public.start_run(
      p_id => ${id}, p_project => ${request.projectId}, p_kind => 'workflow', p_workflow_path => ${request.workflowPath},
      p_name => ${workflow.name}, p_ref => ${snapshot.branch}, p_commit => ${snapshot.commit}, p_trigger => 'manual',
      p_inputs => ${sql.json(request.inputs)}, p_snapshot => ${sql.json({ yaml: request.yaml, engineVersion })},
      p_steps => ${sql.json(steps)}, p_dry_run => ${request.dryRun})`;
  return id;
}

export async function eventsAfter(sql: Sql, runId: string, afterSeq: number): Promise<StoredRunEvent[]> {
  return sql<StoredRunEvent[]>`
    select run_id as "runId", seq, at, event from public.run_events
    where run_id = ${runId} and seq > ${afterSeq} order by seq limit 1000`;
}

export async function cancelLocalRun(sql: Sql, runId: string): Promise<void> {
  await sql`select public.cancel_run(${runId})`;
}

export async function decideLocally(
  sql: Sql,
  userId: string,
  decided: {
    approvalId: string;
    decision: "approved" | "rejected";
    contentHash: string;
    comment: string | null;
  },
): Promise<void> {
  const claims = JSON.stringify({ sub: userId, role: "authenticated", via: "functions" });
  await sql.begin(async (tx) => {
    await tx`select set_config('request.jwt.claims', ${claims}, true)`;
    await tx`select public.decide_approval(${decided.approvalId}, ${decided.decision}, ${decided.contentHash}, ${decided.comment})`;
  });
}
