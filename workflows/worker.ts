import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { availableParallelism, hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { pino } from "pino";
import { z } from "zod";
import { readPrice } from "../shared/billing/credits.ts";
import { CoderError, toCoderError } from "../shared/errors.ts";
import { readSecretKeys } from "../shared/secrets/secretKeys.ts";
import { makeCheckout } from "./engine/checkout.ts";
import { startEngine } from "./engine/startEngine.ts";
import { openPlainSandbox } from "./sandbox/plain.ts";
import { probeSandbox } from "./sandbox/probe.ts";
import type { OpenSandbox } from "./sandbox/sandbox.ts";
import { openSrtSandbox } from "./sandbox/srt.ts";

/**
 * A worker: runs workflows for as long as it lives. Any number may run, on any machines that reach the same Postgres
 * (a direct connection) and the same stack. Prints one line of JSON when it is ready; its log is on stderr.
 */
const environmentSchema = z.object({
  CODER_DATABASE_URL: z.string().min(1),
  CODER_URL: z.url(),
  CODER_SERVICE_KEY: z.string().min(1),
  /** Opens the secrets of runs (docs/SELF_HOSTING.md). */
  CODER_SECRETS_KEY: z.string().optional(),
  CODER_WORK_DIR: z.string().min(1),
  CODER_REGISTRY: z.url(),
  CODER_SANDBOX: z.enum(["srt", "none"]).default("srt"),
  CODER_LEASE_MS: z.coerce.number().int().min(500).default(6000),
  CODER_MAX_STEPS: z.coerce.number().int().min(1).default(Math.max(2, availableParallelism())),
  /** For tests: where repositories are, with {org} and {project}. */
  CODER_GIT_REMOTE: z.string().optional(),
  /** Such as smtps://user:password@mail.example.com; without it mail stays in the local stack. */
  CODER_SMTP_URL: z.url().optional(),
  /** The sender of mail. */
  CODER_MAIL_FROM: z.string().default("Coder <coder@localhost>"),
  /** What a minute of a command costs, in credits (docs/SELF_HOSTING.md). */
  CODER_CREDITS_PER_MINUTE: z.string().default("0"),
  CODER_LOG_LEVEL: z.string().default("info"),
});

function readEnvironment() {
  const parsed = environmentSchema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CoderError("bad_input", `The worker cannot start: ${issue?.path.join(".")}: ${issue?.message}`);
}

async function main(): Promise<void> {
  const environment = readEnvironment();
  const logger = pino({ name: "worker", level: environment.CODER_LOG_LEVEL }, pino.destination(2));
  // Node's own warnings go to the log like everything else; those about its experiments are for us, not for who runs it.
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name === "ExperimentalWarning") logger.debug({ err: warning }, "Node warns");
    else logger.warn({ err: warning }, "Node warns");
  });
  const workerId = `${hostname()}-${randomUUID()}`;
  const workDir = resolve(environment.CODER_WORK_DIR);
  await mkdir(workDir, { recursive: true, mode: 0o700 });
  const serviceKey = environment.CODER_SERVICE_KEY;
  // Not in the environment any more, so that nothing started from here can inherit them.
  delete process.env.CODER_SERVICE_KEY;
  delete process.env.CODER_DATABASE_URL;
  delete process.env.CODER_SMTP_URL;
  const smtpUrl = environment.CODER_SMTP_URL;
  delete process.env.CODER_SECRETS_KEY;
  const remote = environment.CODER_GIT_REMOTE ?? `${environment.CODER_URL}/git/{org}/{project}.git`;
  const engine = await startEngine({
    workerId,
    databaseUrl: environment.CODER_DATABASE_URL,
    leaseMs: environment.CODER_LEASE_MS,
    settings: {
      url: environment.CODER_URL.replace(/\/$/, ""),
      serviceKey,
      registry: environment.CODER_REGISTRY,
      workDir,
      ...(smtpUrl === undefined ? {} : { smtp: { url: smtpUrl, from: environment.CODER_MAIL_FROM } }),
    },
    checkout: makeCheckout({
      remote: (run) => remote.replace("{org}", run.orgSlug).replace("{project}", run.projectSlug),
      serviceKey,
    }),
    openSandbox: sandboxOpener(environment.CODER_SANDBOX, logger),
    privateDirs: [dirname(workDir)],
    maxSteps: environment.CODER_MAX_STEPS,
    prices: {
      commandMinute: readPrice(environment.CODER_CREDITS_PER_MINUTE || "0", "CODER_CREDITS_PER_MINUTE"),
    },
    secrets: [
      serviceKey,
      environment.CODER_DATABASE_URL,
      decodeURIComponent(new URL(environment.CODER_DATABASE_URL).password),
      ...(smtpUrl === undefined ? [] : [smtpUrl, decodeURIComponent(new URL(smtpUrl).password)]),
      ...(environment.CODER_SECRETS_KEY ?? "").split(",").map((entry) => entry.slice(entry.indexOf(":") + 1)),
    ],
    secretKeys: readSecretKeys(environment.CODER_SECRETS_KEY),
    logger,
    onFenced: () => process.exit(fencedExitCode),
  });
  let leaving = false;
  const leave = (): void => {
    if (leaving) return;
    leaving = true;
    // DBOS repeats a statement until the database is back. Without a supervisor (which gives up on us) nobody else would end this.
    setTimeout(() => {
      logger.error("The worker could not leave in order: the database does not answer");
      process.exit(1);
    }, leaveWithinMs).unref();
    engine.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, "The worker could not leave in order");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
  process.stdout.write(`${JSON.stringify({ ready: true, workerId })}\n`);
}

/** Less than the patience of who stops the worker (supabase/local/keepAlive.ts), so that the reason can be logged. */
const leaveWithinMs = 6_000;

/** The lease is lost: whoever supervises the worker starts a new one. */
const fencedExitCode = 75;

function sandboxOpener(kind: "srt" | "none", logger: { warn(message: string): void }): OpenSandbox {
  if (kind === "none") {
    logger.warn(
      "CODER_SANDBOX=none: commands of workflows run WITHOUT ANY ISOLATION, as this user, with this user's files and network",
    );
    return openPlainSandbox;
  }
  try {
    probeSandbox();
  } catch (error) {
    logger.warn(toCoderError(error).message);
  }
  return (options) => {
    // Looked for again: what is installed meanwhile counts without a restart.
    probeSandbox();
    return openSrtSandbox(options);
  };
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${toCoderError(error).message}\n`);
  process.exit(1);
}
