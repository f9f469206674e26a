import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { enableCompileCache } from "node:module";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readPrice } from "../../shared/billing/credits.ts";
import { CoderError, toCoderError } from "../../shared/errors.ts";
import { addVite } from "./addVite.ts";
import { causeOf } from "./causeOf.ts";
import { Ends } from "./ends.ts";
import { ensureWebBuild } from "./ensureWebBuild.ts";
import { keepAlive, type KeptProcess } from "./keepAlive.ts";
import { logLine } from "./logLine.ts";
import { readNpmRegistry } from "./npmRegistry.ts";
import { ensureOwner } from "./owner.ts";
import { routesOf } from "./routes.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import { startServer } from "./server.ts";
import { loadParts, startServices, type ServiceInput } from "./services.ts";
import { lockStack } from "./stackLock.ts";
import { startDatabase, type Urls } from "./startDatabase.ts";
import { missingToolPackages, provideTools } from "./systemTools.ts";
import { openWorkerLog } from "./workerLog.ts";

/* `npm start`: the whole product on one loopback port. Here is the order in which its parts start and end. */

const root = fileURLToPath(new URL("../..", import.meta.url));

// Compiled code is kept for the next start, of the worker too: most of a start is otherwise spent in parsing.
const compileCache = join(root, "node_modules/.cache/coder-compile");
enableCompileCache(compileCache);

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
  logLine(error.code === "internal" ? causeOf(error) : error.message);
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
      : ensureWebBuild(root);
  // Their failures are awaited below; until then they are nobody's.
  registryAsked.catch(() => undefined);
  webBuilt.catch(() => undefined);
  const database = startDatabase({ dataDir: settings.dataDir, secrets, ends, onFailed: fail });
  const onLog = await openWorkerLog(join(settings.dataDir, "worker.log"), logLine);
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
  const { dataDir } = settings;
  const input: ServiceInput = { parts, root, dataDir, secrets, urls, server, registry, health, ends };
  const services = await startServices(input);
  // Last in, first out: requests end before what answers them.
  ends.add("The server", () => server.close());
  if (changed) await services.lite.clearSchemaCache();
  await Promise.all([ensureOwner(services.lite.accounts), webBuilt]);
  const routes = routesOf(services, input);
  server.setRoutes(settings.isDev ? await addVite(routes, { root, ends }) : routes);
  await worker.ready;
  process.stdout.write(`Coder is ready at ${server.origin}\n`);
  if (process.env.CODER_SANDBOX === "none") {
    logLine("CODER_SANDBOX=none: workflow runs are not in a sandbox and have all rights of this account.");
  }
  // Nobody waits for these: first requests get faster, and what an end between a write and its commit left is removed.
  Promise.all([services.studio.warm(), services.storage.sweep()]).catch((error: unknown) =>
    logLine(`after the start: ${toCoderError(error).message}`),
  );
  const outcome = await tools;
  if (outcome.advice) logLine(outcome.advice);
  if (outcome.installed) await worker.restart();
}

// A terminal that was closed is no reason to end in disorder; its SIGHUP is one to end.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
process.once("SIGHUP", () => end(0));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(0));
process.on("uncaughtException", (error) => fail(toCoderError(error)));
// One request that went wrong in an unforeseen way must not end everybody's work; it is shown with its stack.
process.on("unhandledRejection", (reason) => logLine(`Unhandled: ${causeOf(toCoderError(reason))}`));
main().catch((error: unknown) => fail(toCoderError(error)));
