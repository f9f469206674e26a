import { connectDatabase } from "./database.ts";
import type { Deps } from "./deps.ts";
import { readSecretKeys } from "../shared/secrets/secretKeys.ts";
import { makeSecretOf } from "./secretOf.ts";
import { verifyWithSecret } from "./verifyWithSecret.ts";

export interface NodeOptions {
  /** Connects as a role that may become `authenticated` and `service_role`, such as `authenticator`. */
  databaseUrl: string;
  /** The installation's HS256 secret. */
  jwtSecret: string;
  /** Where the stack listens, such as `http://localhost:3000`: base of the forge's and storage's paths. */
  origin: string;
  siteUrl(slug: string): string;
  serviceKey: string;
  anonKey: string;
  /** As `CODER_SECRETS_KEY`: `id:key`, with commas between several. Without it no secrets are kept. */
  secretsKey?: string | undefined;
  /** Default: `origin` alone. */
  allowedOrigins?: readonly string[];
  /** Default: one JSON line on standard error. */
  logError?: Deps["logError"];
  fetch?: typeof globalThis.fetch;
}

/** What the handler needs when it runs inside the local stack's Node process. `close` ends the pool. */
export function createNodeDeps(options: NodeOptions): Deps & { close(): Promise<void> } {
  const db = connectDatabase(options.databaseUrl);
  const secretKeys = readSecretKeys(options.secretsKey);
  return {
    db,
    secretKeys,
    secretOf: makeSecretOf(db, secretKeys),
    verifyToken: verifyWithSecret(options.jwtSecret),
    forgeUrl: `${options.origin}/forge/v1`,
    storageUrl: `${options.origin}/storage/v1`,
    hooksUrl: `${options.origin}/hooks`,
    siteUrl: (slug) => options.siteUrl(slug),
    serviceKey: options.serviceKey,
    anonKey: options.anonKey,
    allowedOrigins: options.allowedOrigins ?? [options.origin],
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    now: () => Date.now(),
    logError: options.logError ?? writeError,
    close: () => db.destroy(),
  };
}

function writeError(error: unknown, where: { path: string }): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${JSON.stringify({ level: "error", part: "functions", ...where, error: text })}\n`);
}
