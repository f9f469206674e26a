import { createHash, randomUUID } from "node:crypto";
import { createTRPCClient, httpLink, TRPCClientError } from "@trpc/client";
import type { Sql } from "postgres";
import type { ErrorCode } from "../../shared/errors.ts";
import type { AppRouter } from "../router.ts";
import type { ErrorData } from "../trpc.ts";

export interface TestUser {
  id: string;
  email: string;
  token: string;
  /** The personal organisation. */
  orgId: string;
  orgSlug: string;
}

/** The API under one runtime, on a real Postgres, with the real forge and storage. */
export interface ApiFixture {
  origin: string;
  /** As the owner of the schema. */
  sql: Sql;
  databaseUrl: string;
  jwtSecret: string;
  serviceKey: string;
  anonKey: string;
  /** What the API seals secrets with. */
  secretsKey: string;
  sign(claims: { [claim: string]: unknown }, secret?: string): Promise<string>;
  addUser(name: string): Promise<TestUser>;
  whileForgeIsDown<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export const utf8 = (text: string): string => Buffer.from(text).toString("base64");
export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const ciYaml = `name: CI
inputs:
  channel: { type: choice, options: [beta, stable], default: beta }
triggers:
  - { type: manual }
  - { type: cron, cron: "0 9 * * 1-5", timezone: Europe/Berlin }
steps:
  - { step_id: install, type: command, command: npm ci }
  - { step_id: test, type: command, name: Run tests, command: npm test }
`;

export interface People {
  api: ApiFixture;
  /** Of the organisation `orgId`, beside the personal one that each has. */
  owner: TestUser;
  member: TestUser;
  viewer: TestUser;
  /** Of no organisation but their own. */
  stranger: TestUser;
  orgId: string;
}

/** What every part of the contract asks with. `people` may be called once the fixture has started. */
export type World = ReturnType<typeof createWorld>;

export function createWorld(people: () => People) {
  const clientOf = (token: string | undefined) =>
    createTRPCClient<AppRouter>({
      links: [
        httpLink({
          url: `${people().api.origin}/functions/v1/api/trpc`,
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        }),
      ],
    });
  const as = (user: TestUser) => clientOf(user.token);

  /** The closed code that a call fails with. */
  async function failure(call: Promise<unknown>): Promise<ErrorData & { message: string }> {
    try {
      await call;
    } catch (error) {
      if (error instanceof TRPCClientError && error.data !== undefined && error.data !== null) {
        return { ...(error.data as ErrorData), message: error.message };
      }
      throw error;
    }
    throw new Error("The call succeeded");
  }
  const codeOf = async (call: Promise<unknown>): Promise<ErrorCode> => (await failure(call)).code;

  let shops = 0;
  async function newProject(
    files: Record<string, string> = { "README.md": "# Hello\n" },
    name = `Shop ${(shops += 1)}`,
  ) {
    const id = randomUUID();
    const list = Object.entries(files).map(([path, content]) => ({ path, content: utf8(content) }));
    const made = await as(people().owner).projects.create.mutate({
      id,
      orgId: people().orgId,
      name,
      source: "blank",
      files: list,
    });
    const { head } = await as(people().owner).files.refs.query({ projectId: id });
    // An empty project has no head; whoever made one does not ask for it.
    return { id, slug: made.slug, head: head ?? "" };
  }
  async function commit(projectId: string, branch: string, files: Record<string, string | null>) {
    const { refs, head } = await as(people().owner).files.refs.query({ projectId });
    const current = refs.find((one) => one.name === branch)?.commit ?? null;
    const list = Object.entries(files).map(([path, content]) => ({ path, content }));
    const message = `Change ${Object.keys(files).join(", ")}`;
    const made = await as(people().owner).files.commit.mutate({
      projectId,
      branch,
      expectedHead: current,
      message,
      files: list,
    });
    return { commit: made.commit, mainHead: head };
  }

  /** What the worker would write. */
  const append = (runId: string, key: string, event: object) =>
    people().api
      .sql`select private.append_run_events(${runId}, ${people().api.sql.json([{ key, event }] as never)})`;

  async function startedRun() {
    const path = ".coder/workflows/ci.yaml";
    const { id: projectId, head } = await newProject({ [path]: ciYaml });
    const id = randomUUID();
    await as(people().owner).runs.start.mutate({ id, projectId, workflowPath: path });
    await append(id, "started", { type: "run.started", workerId: "w" });
    return { id, projectId, head };
  }

  return { people, clientOf, as, failure, codeOf, newProject, commit, append, startedRun };
}
