import { spawn, execFileSync, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { getRequestListener } from "@hono/node-server";
import postgres from "postgres";
import { parseWorkflow } from "../../shared/workflow/parseWorkflow.ts";
import { planWorkflow, toPlannedSteps } from "../../shared/workflow/planWorkflow.ts";
import { projectVariables } from "../../shared/workflow/projectVariables.ts";
import { resolveConcurrency } from "../../shared/workflow/resolveConcurrency.ts";
import { seedFromFailed, type EndedStep, type RunSeed } from "../../shared/run/seedFromFailed.ts";
import { engineVersion } from "../../shared/run/engineVersion.ts";
import type { RunEvent, StepStatus } from "../../shared/run/events.ts";
import { createTestDatabase, type TestDatabase } from "../../supabase/local/testing.ts";
import { createForge } from "../forges/embedded/forgeServer.ts";
import type { SiteManifest } from "../steps/step.ts";
import { workerFlags } from "../workerFlags.ts";

/**
 * What engine tests start from: a real Postgres, real workers as processes of their own, git over file://, and an HTTP
 * server for blobs, sites and the embedded forge.
 */
export interface EngineFixture {
  sql: postgres.Sql;
  databaseUrl: string;
  /** Where the HTTP server listens. */
  url: string;
  /** A secret of the worker that must never be seen. */
  serviceKey: string;
  /** Requests that wrote an object, by `<bucket>/<name>`. */
  objects: Map<string, Buffer>;
  directory: string;
  ownerId: string;
  /** @param options `through`: a command that the worker is started by, with its arguments. */
  startWorker(options?: { env?: Record<string, string>; through?: readonly string[] }): Promise<TestWorker>;
  /** A project with one commit of these files; of the owner's organisation, or of another one. */
  project(files: Record<string, string>, org?: { id: string; slug: string }): Promise<TestProject>;
  /** An organisation of somebody else. */
  anotherOrg(): Promise<{ id: string; slug: string }>;
  /** Runs a run of this file again from where it failed, as the API does. */
  rerunFailed(project: TestProject, runId: string, yaml: string): Promise<string>;
  start(project: TestProject, yaml: string, options?: StartOptions): Promise<string>;
  /** Resolves when the run has one of the statuses; rejects with its log after the deadline. */
  until(runId: string, statuses: readonly string[], timeoutMs?: number): Promise<void>;
  /** Resolves when the condition over the run's events holds. */
  untilEvent(runId: string, holds: (events: RunEvent[]) => boolean, timeoutMs?: number): Promise<RunEvent[]>;
  events(runId: string): Promise<RunEvent[]>;
  log(runId: string, stepId?: string): Promise<string>;
  steps(runId: string): Promise<
    Record<
      string,
      {
        status: StepStatus;
        execs: number;
        failure: { code: string; message: string } | null;
        outputs: any;
        exit_code: number | null;
      }
    >
  >;
  run(
    runId: string,
  ): Promise<{ status: string; failure: { code: string; message: string } | null; outputs: any }>;
  cancel(runId: string): Promise<void>;
  decide(runId: string, decision: "approved" | "rejected"): Promise<void>;
  close(): Promise<void>;
}

export interface TestProject {
  id: string;
  orgId: string;
  orgSlug: string;
  slug: string;
  commit: string;
  /** The bare repository. */
  directory: string;
}

interface StartOptions {
  inputs?: Record<string, unknown>;
  dryRun?: boolean;
  /** Default: main, at the project's commit. */
  at?: { ref: string; commit: string };
  /** The run that it repeats, and what it takes over from it. */
  rerunOf?: string;
  seed?: RunSeed;
}

interface TestWorker {
  id: string;
  pid: number;
  child: ChildProcess;
  /** What it wrote to stderr. */
  said(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
  exited: Promise<void>;
}

const worker = new URL("../worker.ts", import.meta.url).pathname;
const compileCache = new URL("../../node_modules/.cache/coder-compile", import.meta.url).pathname;

export async function startEngineFixture(
  options: { database?: Pick<TestDatabase, "databaseUrl" | "close"> } = {},
): Promise<EngineFixture> {
  const directory = mkdtempSync(join(tmpdir(), "coder-engine-"));
  const database = options.database ?? (await createTestDatabase());
  const sql = postgres(database.databaseUrl, { max: 4, onnotice: () => undefined });
  const serviceKey = `service-${randomUUID()}`;
  const objects = new Map<string, Buffer>();
  const forge = createForge({
    sql,
    gitDirectory: join(directory, "forge"),
    serviceKey,
    verifyToken: () => Promise.reject(new Error("Only the server reads here")),
  });
  const serveForge = getRequestListener((request) => forge.fetch(request), { overrideGlobalObjects: false });
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/forge/")) void serveForge(request, response);
    else void serve({ request, response, sql, objects, serviceKey });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  mkdirSync(join(directory, "forge"));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const ownerId = randomUUID();
  await sql`insert into auth.users (id, email) values (${ownerId}, ${`owner-${ownerId.slice(0, 8)}@example.com`})`;
  const [org] = await sql<{ id: string; slug: string }[]>`
    select o.id, o.slug from orgs o join members m on m.org_id = o.id where m.user_id = ${ownerId}`;
  const workers: TestWorker[] = [];
  const events = async (runId: string): Promise<RunEvent[]> =>
    (await sql<{ event: RunEvent }[]>`select event from run_events where run_id = ${runId} order by seq`).map(
      (row) => row.event,
    );
  const describe = async (runId: string): Promise<string> => {
    const tail = (await events(runId)).slice(-30).map((event) => JSON.stringify(event).slice(0, 600));
    return [...tail, ...workers.map((one) => one.said().slice(-3000))].join("\n");
  };
  const untilEvent: EngineFixture["untilEvent"] = async (runId, holds, timeoutMs = 60_000) => {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const all = await whileReachable(() => events(runId));
      if (all && holds(all)) return all;
      if (Date.now() > deadline)
        throw new Error(`Run ${runId} did not get there in ${timeoutMs} ms:\n${await describe(runId)}`);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  const fixture: EngineFixture = {
    sql,
    databaseUrl: database.databaseUrl,
    url,
    serviceKey,
    objects,
    directory,
    ownerId,
    events,
    untilEvent,
    async startWorker({ env = {}, through = [] } = {}) {
      const started = await startWorkerProcess(through, {
        CODER_DATABASE_URL: database.databaseUrl,
        CODER_URL: url,
        CODER_SERVICE_KEY: serviceKey,
        CODER_WORK_DIR: join(directory, "work"),
        CODER_REGISTRY: "http://registry.invalid/",
        CODER_GIT_REMOTE: `file://${directory}/git/{org}/{project}.git`,
        CODER_LEASE_MS: "3000",
        CODER_LOG_LEVEL: "warn",
        ...env,
      });
      workers.push(started);
      return started;
    },
    async project(files, inOrg = org!) {
      const slug = `p-${randomUUID().slice(0, 8)}`;
      const id = randomUUID();
      const bare = join(directory, "git", inOrg.slug, `${slug}.git`);
      const commit = makeRepository(bare, files);
      // The forge's name for the same repository.
      symlinkSync(bare, join(directory, "forge", `${id}.git`));
      await sql`insert into projects (id, org_id, slug, name, source) values (${id}, ${inOrg.id}, ${slug}, ${slug}, 'upload')`;
      // As after an import: with a branch nobody knows of, each event might be somebody's.
      await sql`select private.know_refs(${id}, ${sql.json([{ name: "main", commit }])})`;
      return { id, orgId: inOrg.id, orgSlug: inOrg.slug, slug, commit, directory: bare };
    },
    async anotherOrg() {
      const userId = randomUUID();
      await sql`insert into auth.users (id, email) values (${userId}, ${`other-${userId.slice(0, 8)}@example.com`})`;
      const [row] = await sql<{ id: string; slug: string }[]>`
        select o.id, o.slug from orgs o join members m on m.org_id = o.id where m.user_id = ${userId}`;
      return row!;
    },
    async rerunFailed(project, runId, yaml) {
      const [queued] = await events(runId);
      const [run] = await sql`select number from runs where id = ${runId}`;
      const states = await sql`select step_id, status, outputs from step_runs where run_id = ${runId}`;
      const from = { runId, number: run!.number as number };
      const ended = (queued as Extract<RunEvent, { type: "run.queued" }>).steps.map((step): EndedStep => {
        const state = states.find((row) => row.step_id === step.id)!;
        return { ...step, status: state.status, outputs: state.outputs, from };
      });
      return fixture.start(project, yaml, { rerunOf: runId, seed: seedFromFailed(ended) });
    },
    async start(project, yaml, { inputs = {}, dryRun = false, rerunOf, seed = {}, at } = {}) {
      const id = randomUUID();
      const parsed = parseWorkflow(yaml, { path: ".coder/workflows/test.yaml" });
      if (!parsed.ok) throw new Error(parsed.problems.map((problem) => problem.message).join("\n"));
      const steps = toPlannedSteps(planWorkflow(parsed.workflow));
      const place = { orgSlug: project.orgSlug, projectSlug: project.slug, ref: at?.ref ?? "main" };
      const concurrency = resolveConcurrency(parsed.workflow, {
        inputs: inputs as any,
        event: {},
        project: projectVariables(parsed.workflow, place),
      });
      await sql`select public.start_run(${id}, ${project.id}, 'workflow', '.coder/workflows/test.yaml', ${parsed.workflow.name}, ${at?.ref ?? "main"}, ${at?.commit ?? project.commit},
        'manual', ${sql.json(inputs as any)}, ${sql.json({ yaml, engineVersion })}, ${sql.json(steps)}, ${dryRun},
        ${rerunOf ?? null}, ${sql.json({ concurrency: concurrency ?? null, seed } as any)})`;
      return id;
    },
    async until(runId, statuses, timeoutMs = 60_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const rows = await whileReachable(() => sql`select status from runs where id = ${runId}`);
        if (rows && statuses.includes(rows[0]?.status as string)) return;
        if (Date.now() > deadline)
          throw new Error(
            `Run ${runId} is ${rows?.[0]?.status}, not ${statuses.join(" or ")}, after ${timeoutMs} ms:\n${await describe(runId)}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    },
    async log(runId, stepId) {
      const chosen = (await events(runId)).filter(
        (event) => event.type === "step.log" && (stepId === undefined || event.stepId === stepId),
      );
      return chosen
        .flatMap((event) => (event.type === "step.log" ? event.chunks.map((chunk) => chunk.text) : []))
        .join("");
    },
    async steps(runId) {
      const rows =
        await sql`select step_id, status, execs, failure, outputs, exit_code from step_runs where run_id = ${runId}`;
      return Object.fromEntries(rows.map((row) => [row.step_id, row]));
    },
    async run(runId) {
      const [row] = await sql`select status, failure, outputs from runs where id = ${runId}`;
      return row as any;
    },
    async cancel(runId) {
      await sql`select public.cancel_run(${runId})`;
    },
    async decide(runId, decision) {
      const [approval] =
        await sql`select id, content_hash from approvals where run_id = ${runId} and status = 'waiting'`;
      await sql.begin(async (tx) => {
        await tx`select set_config('request.jwt.claims', ${JSON.stringify({ sub: ownerId, role: "authenticated" })}, true)`;
        await tx`select public.decide_approval(${approval!.id}, ${decision}, ${approval!.content_hash})`;
      });
    },
    async close() {
      await Promise.all(workers.map((one) => one.kill("SIGKILL")));
      await closeServer(server);
      await sql.end({ timeout: 1 });
      await database.close();
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return fixture;
}

async function whileReachable<T>(query: () => Promise<T>): Promise<T | undefined> {
  try {
    return await query();
  } catch (error) {
    const { code } = error as { code?: string };
    if (
      [
        "CONNECTION_CLOSED",
        "ECONNREFUSED",
        "ECONNRESET",
        "57P01",
        "57P03",
        "CONNECTION_ENDED",
        "CONNECTION_DESTROYED",
      ].includes(code ?? "")
    )
      return undefined;
    throw error;
  }
}

async function startWorkerProcess(
  through: readonly string[],
  env: Record<string, string>,
): Promise<TestWorker> {
  const inherited: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
    const value = process.env[name];
    if (value !== undefined) inherited[name] = value;
  }
  const command = [...through, process.execPath, ...workerFlags, worker];
  const child = spawn(command[0]!, command.slice(1), {
    // Compiled code is kept between the workers of a test run, as npm start keeps it between starts.
    env: { ...inherited, NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const exited = once(child, "exit").then(() => undefined);
  const ready = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) =>
      resolve((JSON.parse(line) as { workerId: string }).workerId),
    );
    child.once("exit", (code) => reject(new Error(`The worker ended with ${code}: ${said}`)));
  });
  const id = await ready;
  return {
    id,
    pid: child.pid!,
    child,
    said: () => said,
    exited,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await exited;
    },
  };
}

function makeRepository(bare: string, files: Record<string, string>): string {
  const work = mkdtempSync(join(tmpdir(), "coder-repo-"));
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", work, "-c", "user.name=Test", "-c", "user.email=test@example.com", ...args], {
      encoding: "utf8",
    }).trim();
  git("init", "-q", "-b", "main");
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), content);
  }
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", "Start");
  const commit = git("rev-parse", "HEAD");
  mkdirSync(dirname(bare), { recursive: true });
  git("clone", "-q", "--bare", work, bare);
  rmSync(work, { recursive: true, force: true });
  return commit;
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  sql: postgres.Sql;
  objects: Map<string, Buffer>;
  serviceKey: string;
}

/** The two parts of the stack that deployments touch, as small as they can be: object storage and the site server. */
async function serve({ request, response, sql, objects, serviceKey }: Exchange): Promise<void> {
  const end = (status: number, body: string | Buffer = ""): void => {
    response.writeHead(status).end(body);
  };
  const site = /^([a-z0-9-]+)\.localhost/.exec(request.headers.host ?? "")?.[1];
  if (site) {
    const [row] = await sql<{ org_id: string; manifest: SiteManifest }[]>`
      select d.org_id, d.manifest from sites s join deployments d on d.id = s.current_deployment_id where s.slug = ${site}`;
    const blob = row && objects.get(`sites/${row.org_id}/${row.manifest["index.html"]?.sha256}`);
    return blob ? end(200, blob) : end(404);
  }
  if (request.headers.authorization !== `Bearer ${serviceKey}`) return end(403);
  const name = (request.url ?? "").replace("/storage/v1/object/", "");
  if (request.method === "HEAD") return end(objects.has(name) ? 200 : 404);
  if (request.method === "GET") {
    const object = objects.get(name);
    return object ? end(200, object) : end(404);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    objects.set(name, Buffer.concat(chunks));
  } catch (error) {
    return end(500, String(error));
  }
  end(200, "{}");
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
