import { randomBytes, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pino } from "pino";
import { freeOfCharge } from "../../../shared/billing/credits.ts";
import { CoderError } from "../../../shared/errors.ts";
import type { SecretKeys } from "../../../shared/secrets/secretKeys.ts";
import { makeCheckout } from "../../engine/checkout.ts";
import { connectDatabase, type Sql } from "../../engine/database.ts";
import { startEngine, type Engine } from "../../engine/startEngine.ts";
import { openPlainSandbox } from "../../sandbox/plain.ts";
import { probeSandbox } from "../../sandbox/probe.ts";
import type { OpenSandbox } from "../../sandbox/sandbox.ts";
import { openSrtSandbox } from "../../sandbox/srt.ts";
import { printApproval } from "../approvalCard.ts";
import { canAsk, confirm } from "../ask.ts";
import type { Cli } from "../cli.ts";
import type { RunOptions } from "../commands/run.ts";
import { cacheDirectory, configDirectory } from "../credentials.ts";
import { exitCodes } from "../exitCodes.ts";
import { RunPrinter, type Waiting } from "../runPrinter.ts";
import type { ChosenWorkflow } from "./chooseWorkflowFile.ts";
import type { LocalDatabase } from "./localDatabase.ts";
import {
  addLocalProject,
  cancelLocalRun,
  decideLocally,
  eventsAfter,
  setLocalSecrets,
  startLocalRun,
} from "./localRun.ts";
import { siteOf, startLocalServices, type LocalServices } from "./localServices.ts";
import { secretsFile, type LocalSecret } from "./readLocalSecrets.ts";
import { openRunFiles, type RunFiles } from "./runFiles.ts";
import { takeSnapshot } from "./snapshot.ts";

/*
 * `coder run --local`: the server's engine, sandbox, forge and SQL, in this process and on a Postgres of its own, over the
 * files as they are now. It is one piece because the order in which things start and end is one thought.
 */

/** A laptop that sleeps must find its run where it left it; nobody else could take it over. */
const leaseMs = 60_000;
const pauseMs = 25;

export interface LocalRun {
  cli: Cli;
  chosen: ChosenWorkflow;
  secrets: readonly LocalSecret[];
  options: RunOptions;
}

/** @param opening the database, which may be started while this file is loaded. */
export async function runLocally(
  { cli, chosen, secrets, options }: LocalRun,
  opening: Promise<LocalDatabase>,
): Promise<number> {
  const interrupts = listenForInterrupts();
  const database = await opening;
  // Files of a failed run are kept for whoever runs it again, who is nobody here, and a command may have put a secret into one.
  const ends: (() => Promise<unknown>)[] = [() => database.close(), () => removeFiles(database.directory)];
  try {
    const openSandbox = sandboxOpener(cli);
    const sql = connectDatabase(database.url, { max: 4 });
    ends.push(() => sql.end({ timeout: 2 }));
    await removeFiles(database.directory);
    const projectId = randomUUID();
    const [services, snapshot, registry] = await Promise.all([
      startLocalServices({ sql, directory: database.directory }),
      takeSnapshot(chosen.root, join(database.directory, "git", `${projectId}.git`)),
      cli.readRegistry(cacheDirectory(cli.env)),
    ]);
    ends.push(() => services.close());
    const slug = slugOf(chosen.root);
    // They end with this process: nobody can open what it has sealed.
    const secretKeys: SecretKeys = [{ id: "local", bytes: new Uint8Array(randomBytes(32)) }];
    const engineInput = {
      root: chosen.root,
      database,
      services,
      registry,
      openSandbox,
      projectId,
      secretKeys,
    };
    const [engine, { userId }] = await Promise.all([
      startLocalEngine(cli, engineInput),
      addLocalProject(sql, { id: projectId, slug, branch: snapshot.branch }),
    ]);
    ends.push(() => engine.stop());
    await setLocalSecrets(sql, projectId, { secrets, keys: secretKeys });
    const files = await openRunFiles(chosen.root, options.artifacts);
    ends.push(() => files.close());
    const where = `${snapshot.branch}@${snapshot.commit.slice(0, 7)}${snapshot.changed ? ", with what is not committed" : ""}`;
    cli.output.note(`${chosen.workflowPath} on ${where}`);
    const request = { ...chosen, projectId, snapshot, dryRun: options.dryRun ?? false };
    const runId = await startLocalRun(sql, request);
    return await watch({ cli, sql, services, files, userId, runId, options, interrupts });
  } finally {
    for (const end of ends.reverse()) await end().catch((error: unknown) => cli.output.note(String(error)));
    interrupts.close();
  }
}

/** All that runs have left below a command's directory, but for caches. */
async function removeFiles(directory: string): Promise<void> {
  for (const name of ["git", "objects", "work/runs", "work/kept"])
    await rm(join(directory, name), { recursive: true, force: true });
}

function sandboxOpener({ env, output }: Cli): OpenSandbox {
  if (env.CODER_SANDBOX === "none") {
    output.note("CODER_SANDBOX=none: commands run without any isolation, with all rights of this account.");
    return openPlainSandbox;
  }
  probeSandbox();
  return openSrtSandbox;
}

function slugOf(root: string): string {
  const slug = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  return slug.replace(/-+$/, "") || "project";
}

interface EngineInput {
  root: string;
  database: LocalDatabase;
  services: LocalServices;
  registry: string;
  openSandbox: OpenSandbox;
  projectId: string;
  secretKeys: SecretKeys;
}

function startLocalEngine(cli: Cli, input: EngineInput): Promise<Engine> {
  const { database, services } = input;
  const workDir = join(database.directory, "work");
  return startEngine({
    workerId: `local-${randomUUID()}`,
    databaseUrl: database.url,
    leaseMs,
    settings: { url: services.url, serviceKey: services.serviceKey, registry: input.registry, workDir },
    checkout: makeCheckout({
      remote: () => join(database.directory, "git", `${input.projectId}.git`),
      serviceKey: services.serviceKey,
    }),
    openSandbox: input.openSandbox,
    privateDirs: [database.directory, configDirectory(cli.env), join(input.root, secretsFile)],
    maxSteps: Math.max(2, availableParallelism()),
    // One's own machine.
    prices: freeOfCharge,
    secretKeys: input.secretKeys,
    whereToSetSecret: (name) => `Set CODER_SECRET_${name}, or put ${name}=… into ${secretsFile}.`,
    secrets: [services.serviceKey, database.url, decodeURIComponent(new URL(database.url).password)],
    logger: pino({ level: cli.env.CODER_LOG_LEVEL ?? "error" }, pino.destination(2)),
    onFenced: () => process.exit(exitCodes.unavailable),
  });
}

interface Interrupts {
  /** Whether Ctrl-C has been pressed. */
  readonly asked: boolean;
  close(): void;
}

/** The first one asks the run to end, and its end is waited for; the second one leaves at once. */
function listenForInterrupts(): Interrupts {
  let presses = 0;
  const onInterrupt = (): void => {
    presses += 1;
    // The database and the sandboxes die with this process.
    if (presses > 1) process.exit(exitCodes.canceled);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onInterrupt);
  return {
    get asked() {
      return presses > 0;
    },
    close: () => signals.forEach((signal) => process.off(signal, onInterrupt)),
  };
}

interface WatchInput {
  cli: Cli;
  sql: Sql;
  services: LocalServices;
  files: RunFiles;
  userId: string;
  runId: string;
  options: RunOptions;
  interrupts: Interrupts;
}

async function watch(input: WatchInput): Promise<number> {
  const { cli, sql, files, runId, options, interrupts } = input;
  const printer = new RunPrinter(cli.output, { silent: options.json ?? false });
  let afterSeq = 0;
  let cancelAsked = false;
  let finished = false;
  while (!finished) {
    if (interrupts.asked && !cancelAsked) {
      cancelAsked = true;
      cli.output.note("Canceling the run; press Ctrl-C again to leave at once.");
      await cancelLocalRun(sql, runId);
    }
    const events = await eventsAfter(sql, runId, afterSeq);
    for (const stored of events) {
      const { event } = stored;
      afterSeq = stored.seq;
      files.addEvent(stored);
      printer.add(event);
      if (event.type === "artifact.created") await keepArtifact(input, event.artifact);
      else if (event.type === "step.waiting" && !cancelAsked) await decide(input, event);
      else if (event.type === "run.finished") finished = true;
    }
    if (events.length === 0) await delay(pauseMs);
  }
  if (options.json) cli.output.json({ id: runId, ...printer.report, directory: files.directory });
  else {
    printer.summary();
    cli.output.note(`Events and artifacts: ${files.directory}`);
  }
  if (interrupts.asked) return exitCodes.canceled;
  return printer.status === "succeeded" ? exitCodes.ok : exitCodes.failed;
}

async function decide({ cli, sql, userId, options }: WatchInput, waiting: Waiting): Promise<void> {
  const { approvalId, contentHash } = waiting;
  const expiresAt = waiting.expiresAt === null ? null : new Date(waiting.expiresAt).toISOString();
  if (!options.json) printApproval(cli.output, { ...waiting, expiresAt });
  let comment: string | null = null;
  let approved = options.yes ?? false;
  if (!approved && canAsk() && !options.json) approved = await confirm("Approve exactly this?");
  else if (!approved) comment = "Nobody could be asked; run it in a terminal, or with --yes.";
  await decideLocally(sql, userId, {
    approvalId,
    contentHash,
    decision: approved ? "approved" : "rejected",
    comment,
  });
}

/** Copies an artifact's bytes, and the files of what was deployed, to where they stay. */
async function keepArtifact(
  { sql, services, files, runId }: WatchInput,
  artifact: Parameters<RunFiles["addArtifact"]>[0],
): Promise<void> {
  if (artifact.size > 0) {
    const [run] = await sql<{ org_id: string }[]>`select org_id from public.runs where id = ${runId}`;
    if (run === undefined) throw new CoderError("internal", `Run ${runId} is gone`);
    const bytes = await services.readObject("artifacts", `${run.org_id}/${runId}/${artifact.id}`);
    await files.addArtifact(artifact, bytes);
  }
  const url = artifact.kind === "deploy_url" ? artifact.data["url"] : undefined;
  if (typeof url !== "string") return;
  const site = await siteOf(sql, new URL(url).hostname.split(".")[0] ?? "");
  for (const [path, { sha256 }] of Object.entries(site?.manifest ?? {}))
    await files.addSiteFile(
      artifact.name,
      path,
      await services.readObject("sites", `${site?.orgId}/${sha256}`),
    );
}
