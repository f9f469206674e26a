import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { expect, vi } from "vitest";
import { startTestStack, type TestStack, type TestUser } from "../../supabase/local/testing.ts";

/** A project on a whole stack: the worker, the sandbox, the forge and the API are the real ones. */
export interface StackProject {
  stack: TestStack;
  sql: postgres.Sql;
  /** Who owns the project's organisation. */
  user: TestUser;
  projectId: string;
  /** A mutation of the API as `user`. */
  api<T>(path: string, input: unknown): Promise<T>;
  /** Starts the workflow `.coder/workflows/<name>.yaml`; answers the run's id. */
  start(name: string, options?: { dryRun?: boolean }): Promise<string>;
  /** Resolves when the run has one of the statuses. */
  until(runId: string, ...statuses: string[]): Promise<void>;
  close(): Promise<void>;
}

/** @param workflows Texts of `.coder/workflows/<name>.yaml` by name. */
export async function startStackProject(
  files: Record<string, string>,
  workflows: Record<string, string>,
): Promise<StackProject> {
  const stack = await startTestStack();
  const sql = postgres(await stack.databaseUrl(), { max: 2, onnotice: () => undefined });
  const user = await stack.createUser("ada@example.com");
  const [org] = await sql<{ org_id: string }[]>`select org_id from public.members where user_id = ${user.id}`;
  const projectId = randomUUID();
  const api = async <T>(path: string, input: unknown): Promise<T> => {
    const response = await fetch(`${stack.url}/functions/v1/api/trpc/${path}`, {
      method: "POST",
      headers: {
        apikey: stack.anonKey,
        authorization: `Bearer ${user.session.access_token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(input),
    });
    const body = (await response.json()) as { result?: { data: T } };
    if (body.result === undefined) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body.result.data;
  };
  const paths = Object.entries(workflows).map(([name, yaml]) => [`.coder/workflows/${name}.yaml`, yaml]);
  await api("projects.create", {
    id: projectId,
    orgId: org!.org_id,
    name: "Shop",
    source: "test",
    files: Object.entries({ ...files, ...Object.fromEntries(paths) }).map(([path, content]) => ({
      path,
      content: Buffer.from(content as string).toString("base64"),
    })),
  });
  return {
    stack,
    sql,
    user,
    projectId,
    api,
    async start(name, { dryRun = false } = {}) {
      const id = randomUUID();
      await api("runs.start", { id, projectId, workflowPath: `.coder/workflows/${name}.yaml`, dryRun });
      return id;
    },
    async until(runId, ...statuses) {
      await vi.waitFor(
        async () => {
          const [row] = await sql`select status from public.runs where id = ${runId}`;
          expect(statuses).toContain(row!["status"]);
        },
        { timeout: 25_000, interval: 50 },
      );
    },
    async close() {
      await sql.end();
      await stack.stop();
    },
  };
}
