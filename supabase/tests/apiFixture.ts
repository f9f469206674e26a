import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createAdaptorServer } from "@hono/node-server";
import postgres from "postgres";
import type { ApiFixture, TestUser } from "../../functions/contract/world.ts";
import { createHandler } from "../../functions/handler.ts";
import { createNodeDeps } from "../../functions/serve.node.ts";
import { createForge } from "../../workflows/forges/embedded/forgeServer.ts";
import { signJwt, verifyJwt } from "../local/jwt.ts";
import { createStorage } from "../local/storage.ts";
import { createTestDatabase, type TestDatabase } from "../local/testing.ts";

const run = promisify(execFile);

type Answer = (request: Request) => Promise<Response>;

interface ApiOptions {
  database: TestDatabase;
  origin: string;
  jwtSecret: string;
  serviceKey: string;
  anonKey: string;
  secretsKey: string;
}

/** Starts the API under one runtime; `answer` takes a request of the front server. */
type StartApi = (options: ApiOptions) => Promise<{ answer: Answer; close(): Promise<void> }>;

/** The API inside this process. */
export const startNodeApi: StartApi = async ({ database, ...options }) => {
  const deps = createNodeDeps({
    ...options,
    databaseUrl: database.urlFor("authenticator"),
    siteUrl: (slug) => `http://${slug}.localhost`,
    logError: (error) => process.env["DEBUG_API"] && console.error(error),
  });
  return { answer: createHandler(deps), close: () => deps.close() };
};

const deno = fileURLToPath(new URL("../../node_modules/.bin/deno", import.meta.url));
const entry = fileURLToPath(new URL("../functions/api/index.ts", import.meta.url));
const config = fileURLToPath(new URL("../functions/api/deno.json", import.meta.url));

/** The Edge Function's own entry, in a Deno process that may do no more than an Edge Function may. */
export const startDenoApi: StartApi = async ({ database, ...options }) => {
  const flags = [
    "--no-prompt",
    "--allow-env",
    "--allow-net=127.0.0.1,localhost",
    "--allow-read",
    "--allow-sys",
    // Here the packages are installed; the platform's bundler takes them by the import map.
    "--node-modules-dir=manual",
  ];
  const child = spawn(deno, ["run", ...flags, "--config", config, entry], {
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
      DENO_NO_UPDATE_CHECK: "1",
      SUPABASE_URL: options.origin,
      SUPABASE_ANON_KEY: options.anonKey,
      SUPABASE_SERVICE_ROLE_KEY: options.serviceKey,
      SUPABASE_DB_URL: database.urlFor("authenticator"),
      CODER_FORGE_URL: `${options.origin}/forge/v1`,
      CODER_SITE_URL: "http://*.localhost",
      CODER_ORIGINS: options.origin,
      CODER_JWT_SECRET: options.jwtSecret,
      CODER_SECRETS_KEY: options.secretsKey,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // The package's command starts Deno as a child of its own: they end together, as a group.
    detached: true,
  });
  const port = await portOf(child);
  return {
    async answer(request) {
      const { pathname, search } = new URL(request.url);
      const url = `http://127.0.0.1:${port}${pathname}${search}`;
      const body = request.body === null ? null : await request.arrayBuffer();
      return fetch(url, { method: request.method, headers: request.headers, body });
    },
    async close() {
      if (child.exitCode !== null || child.pid === undefined) return;
      process.kill(-child.pid, "SIGKILL");
      await once(child, "exit");
    },
  };
};

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    const onLine = (line: string) => {
      said += `${line}\n`;
      const port = /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on("line", onLine);
    }
    child.once("exit", (code) => reject(new Error(`The Edge Function ended with ${code}:\n${said}`)));
  });
}

/** A repository of one commit that git fetches from plain files ("dumb HTTP"), as a project to import. */
async function makePublicRepository(path: string): Promise<void> {
  await run("git", ["init", "--quiet", "--bare", "--initial-branch=main", path]);
  const git = (args: string[]) =>
    run("git", ["-C", path, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args]);
  const blob = run("git", ["-C", path, "hash-object", "-w", "--stdin"]);
  blob.child.stdin?.end("<h1>Hi</h1>");
  await git(["update-index", "--add", "--cacheinfo", `100644,${(await blob).stdout.trim()},index.html`]);
  const { stdout: tree } = await git(["write-tree"]);
  const { stdout: commit } = await git(["commit-tree", "-m", "First", tree.trim()]);
  await git(["update-ref", "refs/heads/main", commit.trim()]);
  await git(["update-server-info"]);
}

async function servePublic(directory: string, pathname: string): Promise<Response> {
  const bytes = await readFile(join(directory, pathname)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return new Response(bytes ?? null, { status: bytes === undefined ? 404 : 200 });
}

/** A fresh database, the real forge and storage, and the API of `startApi`, behind one port. */
export async function startApiFixture(startApi: StartApi): Promise<ApiFixture> {
  const database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), "coder-api-"));
  const jwtSecret = randomBytes(32).toString("base64url");
  const serviceKey = await signJwt({ role: "service_role" }, jwtSecret);
  const anonKey = await signJwt({ role: "anon" }, jwtSecret);
  const sql = postgres(database.databaseUrl, { max: 4, onnotice: () => undefined });
  const forge = createForge({
    sql,
    gitDirectory: join(directory, "git"),
    serviceKey,
    allowInternalImport: true,
    async verifyToken(token) {
      const claims = await verifyJwt(token, jwtSecret);
      if (claims?.sub === undefined) throw new Error("not a user");
      return { sub: claims.sub };
    },
  });
  const storage = createStorage({
    databaseUrl: database.urlFor("coder_storage"),
    directory: join(directory, "storage"),
    jwtSecret,
  });
  await makePublicRepository(join(directory, "public/origin.git"));
  let forgeIsDown = false;
  let api: Awaited<ReturnType<StartApi>> | undefined;
  const route: Answer = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/storage/v1/")) return storage.fetch(request);
    if (pathname.startsWith("/forge/") || pathname.startsWith("/git/")) {
      return forgeIsDown ? new Response("bad gateway", { status: 502 }) : forge.fetch(request);
    }
    if (pathname.startsWith("/public/")) return servePublic(directory, pathname);
    return api === undefined ? new Response(null, { status: 503 }) : api.answer(request);
  };
  const server = createAdaptorServer({ fetch: route });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secretsKey = `test:${randomBytes(32).toString("base64")}`;
  api = await startApi({ database, origin, jwtSecret, serviceKey, anonKey, secretsKey });
  const started = api;

  return {
    origin,
    sql,
    databaseUrl: database.databaseUrl,
    jwtSecret,
    serviceKey,
    anonKey,
    secretsKey,
    sign: (claims, secret) => signJwt(claims, secret ?? jwtSecret),
    async addUser(name): Promise<TestUser> {
      const id = randomUUID();
      const email = `${name}-${id.slice(0, 8)}@example.com`;
      await sql`insert into auth.users (id, email) values (${id}, ${email})`;
      const [org] = await sql<{ id: string; slug: string }[]>`
        select o.id, o.slug from orgs o join members m on m.org_id = o.id where m.user_id = ${id}`;
      const expires = Math.floor(Date.now() / 1000) + 3600;
      const token = await signJwt({ sub: id, role: "authenticated", email, exp: expires }, jwtSecret);
      return { id, email, token, orgId: org!.id, orgSlug: org!.slug };
    },
    async whileForgeIsDown(work) {
      forgeIsDown = true;
      try {
        return await work();
      } finally {
        forgeIsDown = false;
      }
    },
    async close() {
      await started.close();
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await storage.close();
      await sql.end();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
