import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { enableCompileCache } from "node:module";
import { readPrice } from "../../shared/billing/credits.ts";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import { readSecretKeys } from "../../shared/secrets/secretKeys.ts";
import { prepareDatabase, readDatabasePlan, withRole } from "./bootstrap.ts";
import { verifyJwt } from "./jwt.ts";
import { keepAlive, type KeptProcess } from "./keepAlive.ts";
import { readNpmRegistry } from "./npmRegistry.ts";
import { ensureOwner, ownerSession } from "./owner.ts";
import { startPostgres, type Postgres } from "./postgres.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import { startServer, type LocalServer, type Routes } from "./server.ts";
import { lockStack, waitForLock } from "./stackLock.ts";
import { isForeign } from "./hosts.ts";
import { missingToolPackages, provideTools } from "./systemTools.ts";
import { openWorkerLog } from "./workerLog.ts";

/*
 * `npm start`: the whole product on one loopback port. This file is the only one that knows all parts; it is longer than
 * others because the order in which they start and end is one thought.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));

// Compiled code is kept for the next start, of the worker too: most of a start is otherwise spent in parsing.
const compileCache = join(root, "node_modules/.cache/coder-compile");
enableCompileCache(compileCache);

/** Everything that answers requests. Loaded while the database starts, after the compile cache was switched on. */
async function loadParts() {
  return {
    createLite: (await import("./lite.ts")).createLite,
    startRealtimeGateway: (await import("./realtime/gateway.ts")).startRealtimeGateway,
    createStorage: (await import("./storage.ts")).createStorage,
    createSites: (await import("./sites.ts")).createSites,
    createStudio: (await import("./studio.ts")).createStudio,
    createMailCatcher: (await import("./mail.ts")).createMailCatcher,
    createHandler: (await import("../../functions/handler.ts")).createHandler,
    createNodeDeps: (await import("../../functions/serve.node.ts")).createNodeDeps,
    createNpmHandler: (await import("../../functions/npm/npmHandler.ts")).createNpmHandler,
    createForge: (await import("../../workflows/forges/embedded/forgeServer.ts")).createForge,
    keepSweeping: (await import("../../workflows/forges/embedded/keepSweeping.ts")).keepSweeping,
    connect: (await import("postgres")).default,
    // createLite imports them itself; begun here so that they are there when it does.
    lite: await Promise.all([import("@supabase/lite"), import("@supabase/lite/postgres")]),
  };
}
type Parts = Awaited<ReturnType<typeof loadParts>>;

interface Settings {
  dataDir: string;
  /** undefined: 3000 or the next free one. */
  port: number | undefined;
  isDev: boolean;
}

function readSettings(): Settings {
  const { CODER_PORT: port, CODER_DATA: dataDir } = process.env;
  if (port !== undefined && port !== "" && !(/^\d+$/.test(port) && Number(port) < 65_536)) {
    throw new CoderError("bad_input", `CODER_PORT is "${port}"; set it to a number from 0 to 65535.`);
  }
  // Refused here with one line, and not by a worker that dies again and again.
  readPrice(process.env.CODER_CREDITS_PER_MINUTE || "0", "CODER_CREDITS_PER_MINUTE");
  return {
    dataDir: resolve(dataDir || join(root, ".coder-data")),
    port: port === undefined || port === "" ? undefined : Number(port),
    isDev: process.argv.includes("--dev"),
  };
}

/** Ends what has been started, last first; every end is tried, whatever the others do. */
class Ends {
  readonly #ends: { name: string; end: () => Promise<unknown> }[] = [];

  add(name: string, end: () => Promise<unknown>): void {
    this.#ends.push({ name, end });
  }

  async run(): Promise<void> {
    for (const { name, end } of this.#ends.splice(0).reverse()) {
      await end().catch((error: unknown) => log(`${name} did not end well: ${toCoderError(error).message}`));
    }
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

interface Urls {
  admin: string;
  owner: string;
  authenticator: string;
  lite: string;
  storage: string;
}

function urlsOf(adminUrl: string, { databasePasswords: passwords }: Secrets): Urls {
  return {
    admin: adminUrl,
    owner: withRole(adminUrl, "postgres", passwords.postgres),
    authenticator: withRole(adminUrl, "authenticator", passwords.authenticator),
    lite: withRole(adminUrl, "supabase_lite", passwords.supabase_lite),
    storage: withRole(adminUrl, "coder_storage", passwords.coder_storage),
  };
}

async function startDatabase(
  settings: Settings,
  secrets: Secrets,
  ends: Ends,
): Promise<{ urls: Urls; changed: boolean }> {
  const dataDir = join(settings.dataDir, "postgres");
  const { supabase_admin: password, ...passwords } = secrets.databasePasswords;
  const [plan, server] = await Promise.all([readDatabasePlan(), startPostgres({ dataDir, password })]);
  const keeper = keepPostgres(server, { dataDir, password });
  ends.add("Postgres", () => keeper.stop());
  const changed = await prepareDatabase({ adminUrl: server.adminUrl, passwords, plan });
  const urls = urlsOf(server.adminUrl, secrets);
  await sealWithFirstKey(urls.owner, secrets);
  return { urls, changed };
}

/** After `npm run rotate-key`: before the API and the worker start, so that both read what is there. */
async function sealWithFirstKey(databaseUrl: string, { secretsKey }: Secrets): Promise<void> {
  const keys = readSecretKeys(secretsKey);
  if (keys === undefined || keys.length === 1) return;
  const { default: connect } = await import("postgres");
  const { reencryptSecrets } = await import("../reencryptSecrets.ts");
  const sql = connect(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    const { moved, unreadable } = await reencryptSecrets(sql, keys);
    if (moved > 0) log(`${moved} secrets are sealed with the key "${keys[0].id}" now.`);
    if (unreadable.length > 0)
      log(`${unreadable.length} secrets are sealed with a key that is not here; set them again.`);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** Starts Postgres again on its port when it ends unasked: pools reconnect, and the engine resumes what it interrupted. */
function keepPostgres(
  first: Postgres,
  options: { dataDir: string; password: string },
): { stop(): Promise<void> } {
  let current = first;
  let stopped = false;
  const watch = async (): Promise<void> => {
    for (;;) {
      const reason = await current.died;
      if (stopped) return;
      log(`Postgres ended unasked (${reason}); starting it again.`);
      current = await startPostgres({ ...options, port: first.port });
    }
  };
  watch().catch((error: unknown) => fail(toCoderError(error)));
  return {
    async stop() {
      stopped = true;
      await current.stop();
    },
  };
}

function startWorker(input: {
  settings: Settings;
  secrets: Secrets;
  urls: Urls;
  origin: string;
  registry: string;
  onLog(line: string): void;
}): KeptProcess {
  const { settings, secrets, urls, origin, registry, onLog } = input;
  return keepAlive({
    file: join(root, "workflows/worker.ts"),
    onLog,
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: compileCache,
      CODER_DATABASE_URL: urls.owner,
      CODER_URL: origin,
      CODER_SERVICE_KEY: secrets.serviceRoleKey,
      CODER_SECRETS_KEY: secrets.secretsKey,
      CODER_WORK_DIR: join(settings.dataDir, "work"),
      CODER_REGISTRY: registry,
      CODER_SANDBOX: process.env.CODER_SANDBOX ?? "srt",
      CODER_LEASE_MS: process.env.CODER_LEASE_MS ?? "6000",
    },
  });
}

interface ServiceInput {
  parts: Parts;
  settings: Settings;
  secrets: Secrets;
  urls: Urls;
  server: LocalServer;
  registry: string;
  health(): { ok: boolean; body: object };
  ends: Ends;
}

async function startServices(input: ServiceInput) {
  const { parts, settings, secrets, urls, server, ends } = input;
  const { jwtSecret, anonKey, serviceRoleKey } = secrets;
  const [mail, realtime] = await Promise.all([
    parts.createMailCatcher(join(settings.dataDir, "mail")),
    parts.startRealtimeGateway({
      databaseUrl: urls.owner,
      adminDatabaseUrl: urls.admin,
      jwtSecret,
      anonKey,
      serviceRoleKey,
    }),
  ]);
  ends.add("Realtime", () => realtime.close());
  const github = githubSettings();
  const lite = await parts.createLite({
    databaseUrl: urls.lite,
    jwtSecret,
    anonKey,
    serviceRoleKey,
    origin: server.origin,
    mail,
    ...(github ? { github } : {}),
  });
  ends.add("Auth", () => lite.close());
  const storage = parts.createStorage({
    databaseUrl: urls.storage,
    directory: join(settings.dataDir, "storage"),
    jwtSecret,
  });
  ends.add("Storage", () => storage.close());
  const sites = parts.createSites({ databaseUrl: urls.storage, storage });
  ends.add("Sites", () => sites.close());
  return {
    mail,
    realtime,
    lite,
    storage,
    sites,
    functions: makeFunctions(input),
    forge: makeForge(input),
    npm: parts.createNpmHandler({ registry: input.registry }),
    studio: parts.createStudio(join(root, "web/dist")),
    hasGitHub: github !== undefined,
  };
}
type Services = Awaited<ReturnType<typeof startServices>>;

function makeFunctions({ parts, secrets, urls, server, ends }: ServiceInput) {
  const deps = parts.createNodeDeps({
    databaseUrl: urls.authenticator,
    jwtSecret: secrets.jwtSecret,
    origin: server.origin,
    siteUrl: (slug) => `http://${slug}.localhost:${server.port}/`,
    serviceKey: secrets.serviceRoleKey,
    anonKey: secrets.anonKey,
    secretsKey: secrets.secretsKey,
    allowedOrigins: [server.origin, `http://127.0.0.1:${server.port}`, `http://[::1]:${server.port}`],
  });
  ends.add("Functions", () => deps.close());
  return parts.createHandler(deps);
}

function makeForge({ parts, settings, secrets, urls, ends }: ServiceInput) {
  const sql = parts.connect(urls.owner, { max: 6, onnotice: () => undefined });
  ends.add("Forge", () => sql.end({ timeout: 2 }));
  const forge = parts.createForge({
    sql,
    gitDirectory: join(settings.dataDir, "git"),
    serviceKey: secrets.serviceRoleKey,
    async verifyToken(token) {
      const claims = await verifyJwt(token, secrets.jwtSecret);
      if (claims?.sub) return { ...claims, sub: claims.sub };
      throw new CoderError("unauthenticated", "The token is not valid or has expired; sign in again");
    },
    onError: (error) => log(`forge: ${error.stack ?? error.message}`),
  });
  ends.add(
    "Forge's sweep",
    parts.keepSweeping(forge, (error) => log(`forge: ${error.message}`)),
  );
  return forge;
}

function routesOf(services: Services, input: ServiceInput): Routes {
  const { lite, storage, realtime, functions, forge, npm, mail, studio, sites } = services;
  return {
    paths: {
      "/auth/v1/": ({ request, peerAddress }) => lite.fetch(request, peerAddress),
      "/rest/v1/": ({ request, peerAddress }) => lite.fetch(request, peerAddress),
      "/storage/v1/": ({ request }) => storage.fetch(request),
      "/realtime/v1/": ({ request }) => realtime.handleRequest(request),
      "/functions/v1/": ({ request }) => functions(request),
      // The address that people give to MCP clients.
      "/mcp": ({ request }) => functions(new Request(new URL("/functions/v1/api/mcp", request.url), request)),
      "/hooks/": ({ request }) => functions(request),
      "/git/": ({ request }) => forge.fetch(request),
      "/forge/v1/": ({ request }) => forge.fetch(request),
      "/npm/": ({ request }) => npm(request),
      "/mail": ({ request }) => mail.handle(request),
      "/mail.json": ({ request }) => mail.handle(request),
      "/mail/": ({ request }) => mail.handle(request),
      ...localPaths(services, input),
    },
    studio: ({ request, ownOrigin }) => studio.fetch(request, ownOrigin),
    site: (request, label) =>
      /--(preview|run)$/.test(label) ? studio.fetchPreviewOrigin(request) : sites.fetch(request, label),
    upgrade(request, socket, head) {
      if (pathOf(request.url) === "/realtime/v1/websocket") realtime.handleUpgrade(request, socket, head);
      else socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    },
    onError: (error, path) => log(`${path}: ${causeOf(error)}`),
  };
}

/** What only a local installation has. */
function localPaths({ lite, mail, hasGitHub }: Services, { secrets, health }: ServiceInput): Routes["paths"] {
  const apiKey = process.env.CODER_WEBCONTAINER_KEY;
  const config = {
    anonKey: secrets.anonKey,
    ownerSignIn: true,
    github: hasGitHub,
    git: true,
    mail: "/mail",
    npm: "/npm",
    ...(apiKey ? { webcontainer: { apiKey } } : {}),
  };
  return {
    "/local/config.json": ({ request, ownOrigin }) => {
      if (isForeign(request, ownOrigin))
        throw new CoderError("forbidden", "This configuration is for the Studio's own page.");
      const headers = { "cache-control": "no-cache" };
      return Response.json({ supabaseUrl: ownOrigin, ...config }, { headers });
    },
    "/local/owner-session": async ({ request, ownOrigin, peerAddress }) => {
      const session = await ownerSession({ request, ownOrigin, peerAddress, accounts: lite.accounts });
      return Response.json(session, { headers: { "cache-control": "no-store" } });
    },
    "/local/mail": ({ request }) => mail.receive(request, secrets.serviceRoleKey),
    "/healthz": () => {
      const { ok, body } = health();
      return Response.json(body, { status: ok ? 200 : 503, headers: { "cache-control": "no-store" } });
    },
  };
}

/** The path of a request line. Not by `new URL`, which throws on a line such as `//`. */
function pathOf(url = "/"): string {
  return url.split("?", 1)[0] ?? "/";
}

function causeOf(error: CoderError): string {
  const { cause } = error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : (error.stack ?? error.message);
}

function githubSettings(): { clientId: string; secret: string; url?: string } | undefined {
  const {
    CODER_GITHUB_CLIENT_ID: clientId,
    CODER_GITHUB_CLIENT_SECRET: secret,
    CODER_GITHUB_URL: url,
  } = process.env;
  if (!clientId && !secret) return undefined;
  if (!clientId || !secret) {
    throw new CoderError(
      "bad_input",
      "GitHub sign-in needs both CODER_GITHUB_CLIENT_ID and CODER_GITHUB_CLIENT_SECRET.",
    );
  }
  return { clientId, secret, ...(url ? { url } : {}) };
}

/**
 * Builds the Studio where it is missing or older than its sources, in a process of its own: it is the heaviest step.
 * `CODER_WEB_BUILD=skip` serves what is there.
 */
async function ensureWebBuild(): Promise<void> {
  const isBuilt = existsSync(join(root, "web/dist/index.html"));
  if (process.env.CODER_WEB_BUILD === "skip" && isBuilt) return;
  const { webBuildIsFresh } = await import("../../web/build.ts");
  if (await webBuildIsFresh()) return;
  // Two stacks of one checkout must not build into the same directory at once.
  const lock = await waitForLock(join(root, "node_modules/.coder-web-build.lock"));
  try {
    if (!(await webBuildIsFresh())) await buildWeb(isBuilt);
  } finally {
    await lock.release();
  }
}

async function buildWeb(isBuilt: boolean): Promise<void> {
  const child = spawn(process.execPath, [join(root, "web/build.ts")], {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const [code] = (await once(child, "close")) as [number | null];
  if (code === 0) return;
  const lines = errors.trim().split("\n");
  const reason = lines.find((line) => /error/i.test(line)) ?? lines.at(-1);
  if (!isBuilt) {
    throw new CoderError(
      "unavailable",
      `The Studio could not be built (${reason}); run npm run build to see why.`,
    );
  }
  log(`The Studio could not be rebuilt, the last build is served: ${reason}. Run npm run build to see why.`);
}

/** Hot reload of the Studio: Vite answers what is not ours. */
async function addVite(routes: Routes, ends: Ends): Promise<Routes> {
  const { createServer } = await import("vite");
  // Never listens: hot updates come over our own port, and are passed to it below.
  const hotServer = createHttpServer();
  const vite = await createServer({
    configFile: join(root, "web/vite.config.ts"),
    server: { middlewareMode: true, ws: { server: hotServer } },
    appType: "spa",
  });
  ends.add("Vite", () => vite.close());
  const ours = Object.keys(routes.paths);
  return {
    ...routes,
    upgrade(request, socket, head) {
      const isHot = request.headers["sec-websocket-protocol"]?.startsWith("vite-");
      if (isHot) hotServer.emit("upgrade", request, socket, head);
      else routes.upgrade(request, socket, head);
    },
    intercept(request, response, next) {
      const path = pathOf(request.url);
      const isOurs = ours.some((own) => path === own || (own.endsWith("/") && path.startsWith(own)));
      // Built by web/build.ts and not known to Vite.
      if (isOurs || path.startsWith("/runtime/") || path.startsWith("/preview-origin/")) return next();
      vite.middlewares(request, response, next);
    },
  };
}

const ends = new Ends();
let ending: Promise<void> | undefined;

let endingSince = 0;

/** Ends everything once; a second request leaves at once. npm passes on a Ctrl-C that we also get ourselves: that is one request. */
function end(code: number): void {
  if (ending) {
    if (Date.now() - endingSince > 1000) process.exit(code || 130);
    return;
  }
  endingSince = Date.now();
  ending = ends.run().finally(() => process.exit(code));
  // Whatever hangs must not keep the terminal; children that are still there die with this process.
  setTimeout(() => process.exit(code || 1), 20_000).unref();
}

/** One line with the remedy, and the end. */
function fail(error: CoderError): void {
  log(error.code === "internal" ? causeOf(error) : error.message);
  end(1);
}

async function main(): Promise<void> {
  const settings = readSettings();
  const secrets = await loadSecrets(settings.dataDir);
  const lock = await lockStack(settings.dataDir);
  ends.add("The lock", () => lock.release());
  // Before anything heavy: a taken port must not cost a start.
  const server = await startServer({ port: settings.port });
  // The directory itself lets the account of Postgres pass; what is in it is nobody else's to read.
  for (const name of ["work", "git", "storage"]) {
    await mkdir(join(settings.dataDir, name), { recursive: true, mode: 0o700 });
  }

  const missing = missingToolPackages();
  const tools = provideTools(missing);
  const registryAsked = readNpmRegistry({ dataDir: settings.dataDir, projectDir: root });
  const webBuilt =
    settings.isDev && existsSync(join(root, "web/dist/preview-origin"))
      ? Promise.resolve()
      : ensureWebBuild();
  // Their failures are awaited below; until then they are nobody's.
  registryAsked.catch(() => undefined);
  webBuilt.catch(() => undefined);
  const database = startDatabase(settings, secrets, ends);
  const onLog = await openWorkerLog(join(settings.dataDir, "worker.log"), log);
  const workerStarted = Promise.all([database, registryAsked]).then(([{ urls }, registry]) => {
    const worker = startWorker({ settings, secrets, urls, origin: server.origin, registry, onLog });
    ends.add("The worker", () => worker.stop());
    return worker;
  });
  // Loading keeps this thread busy, and the worker takes longest: so it goes first, unless the database takes its time.
  const partsLoaded = Promise.race([workerStarted, delay(200)]).then(loadParts);
  for (const early of [workerStarted, partsLoaded]) early.catch(() => undefined);
  const [{ urls, changed }, registry, worker] = await Promise.all([database, registryAsked, workerStarted]);
  const health = () => {
    const ok = worker.isReady() && ending === undefined;
    return {
      ok,
      body: {
        status: ok ? "ok" : "starting",
        worker: worker.isReady(),
        sandboxTools: missingToolPackages().length === 0,
      },
    };
  };
  const parts = await partsLoaded;
  const input: ServiceInput = { parts, settings, secrets, urls, server, registry, health, ends };
  const services = await startServices(input);
  // Last in, first out: requests end before what answers them.
  ends.add("The server", () => server.close());
  if (changed) await services.lite.clearSchemaCache();
  await Promise.all([ensureOwner(services.lite.accounts), webBuilt]);
  const routes = routesOf(services, input);
  server.setRoutes(settings.isDev ? await addVite(routes, ends) : routes);
  await worker.ready;
  process.stdout.write(`Coder is ready at ${server.origin}\n`);
  if (process.env.CODER_SANDBOX === "none") {
    log("CODER_SANDBOX=none: workflow runs are not in a sandbox and have all rights of this account.");
  }
  // Nobody waits for these: first requests get faster, and what an end between a write and its commit left is removed.
  Promise.all([services.studio.warm(), services.storage.sweep()]).catch((error: unknown) =>
    log(`after the start: ${toCoderError(error).message}`),
  );
  const outcome = await tools;
  if (outcome.advice) log(outcome.advice);
  if (outcome.installed) await worker.restart();
}

// A terminal that was closed is no reason to end in disorder; its SIGHUP is one to end.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
process.once("SIGHUP", () => end(0));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(0));
process.on("uncaughtException", (error) => fail(toCoderError(error)));
// One request that went wrong in an unforeseen way must not end everybody's work; it is shown with its stack.
process.on("unhandledRejection", (reason) => log(`Unhandled: ${causeOf(toCoderError(reason))}`));
main().catch((error: unknown) => fail(toCoderError(error)));
