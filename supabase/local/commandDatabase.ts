import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { toCoderError } from "../../shared/errors.ts";
import type { LocalDatabase } from "../../workflows/cli/local/localDatabase.ts";
import { prepareDatabase, readDatabasePlan, withRole } from "./bootstrap.ts";
import { startPostgres, type Postgres } from "./postgres.ts";
import { loadSecrets } from "./secrets.ts";
import { takeLock } from "./stackLock.ts";

/** What is in it is thrown away at the next use: it need not survive the machine. */
const notDurable = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  shared_buffers: "32MB",
  max_connections: "60",
};

/**
 * A Postgres for one command, in the first directory below `cacheDir` that no other command uses: the second command in
 * it starts on a cluster that is made and migrated. What the one before has left (also when it was killed, its server
 * included) is ended and emptied first.
 * @param onStarting called when the server's process is on its way, so that the wait for it can be used.
 */
export async function openCommandDatabase(
  cacheDir: string,
  onStarting: () => void = () => undefined,
): Promise<LocalDatabase> {
  const [plan, { directory, lock }] = await Promise.all([readDatabasePlan(), takePlace(cacheDir)]);
  let server: Postgres | undefined;
  try {
    for (let attempt = 1; ; attempt++) {
      const { databasePasswords } = await loadSecrets(directory);
      const { supabase_admin: password, ...passwords } = databasePasswords;
      const dataDir = join(directory, "postgres");
      try {
        server = await startPostgres({ dataDir, password, settings: notDurable, onStarting });
        await prepareDatabase({ adminUrl: server.adminUrl, passwords, plan });
        if (!server.created) await empty(server.adminUrl);
      } catch (error) {
        // A cluster that another version has migrated, or that a full disk has broken, is worth nothing: make a new one.
        await server?.stop();
        if (attempt === 2) throw toCoderError(error);
        await rm(dataDir, { recursive: true, force: true });
        continue;
      }
      const opened = server;
      return {
        url: withRole(opened.adminUrl, "postgres", passwords.postgres),
        directory,
        async close() {
          await opened.stop();
          await lock.release();
        },
      };
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function takePlace(cacheDir: string) {
  for (let number = 1; ; number++) {
    const directory = join(cacheDir, `local-${number}`);
    // Others may pass through to their own part of it: the database server has another account where we are root.
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const lock = await takeLock(join(directory, "command.lock"));
    if (lock) return { directory, lock };
  }
}

/** Takes out what the command before has left, and keeps what bootstrap and migrations have put there. */
async function empty(adminUrl: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => undefined });
  try {
    // Without triggers: an audit log refuses to be emptied, and this one's organisation goes with it.
    await sql.unsafe(`
      begin;
      set local session_replication_role = replica;
      truncate dbos.workflow_status, public.orgs, public.workers, auth.users, realtime.messages cascade;
      commit;`);
  } finally {
    await sql.end();
  }
}
