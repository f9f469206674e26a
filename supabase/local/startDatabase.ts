import { join } from "node:path";
import { toCoderError, type CoderError } from "../../shared/errors.ts";
import { readSecretKeys } from "../../shared/secrets/secretKeys.ts";
import { prepareDatabase, readDatabasePlan, withRole } from "./bootstrap.ts";
import type { Ends } from "./ends.ts";
import { logLine } from "./logLine.ts";
import { startPostgres, type Postgres } from "./postgres.ts";
import type { Secrets } from "./secrets.ts";

/** The database as each part of the stack reaches it. */
export interface Urls {
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

/**
 * Starts Postgres, keeps it running, and brings the database up to this version. `changed`: something was migrated.
 * `onFailed`: it ended unasked and does not start again.
 */
export async function startDatabase(options: {
  dataDir: string;
  secrets: Secrets;
  ends: Ends;
  onFailed(error: CoderError): void;
}): Promise<{ urls: Urls; changed: boolean }> {
  const { secrets, ends, onFailed } = options;
  const dataDir = join(options.dataDir, "postgres");
  const { supabase_admin: password, ...passwords } = secrets.databasePasswords;
  const [plan, server] = await Promise.all([readDatabasePlan(), startPostgres({ dataDir, password })]);
  const keeper = keepPostgres(server, { dataDir, password, onFailed });
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
    if (moved > 0) logLine(`${moved} secrets are sealed with the key "${keys[0].id}" now.`);
    if (unreadable.length > 0)
      logLine(`${unreadable.length} secrets are sealed with a key that is not here; set them again.`);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** Starts Postgres again on its port when it ends unasked: pools reconnect, and the engine resumes what it interrupted. */
function keepPostgres(
  first: Postgres,
  { onFailed, ...options }: { dataDir: string; password: string; onFailed(error: CoderError): void },
): { stop(): Promise<void> } {
  let current = first;
  let stopped = false;
  const watch = async (): Promise<void> => {
    for (;;) {
      const reason = await current.died;
      if (stopped) return;
      logLine(`Postgres ended unasked (${reason}); starting it again.`);
      current = await startPostgres({ ...options, port: first.port });
    }
  };
  watch().catch((error: unknown) => onFailed(toCoderError(error)));
  return {
    async stop() {
      stopped = true;
      await current.stop();
    },
  };
}
