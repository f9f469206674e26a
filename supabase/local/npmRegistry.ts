import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CoderError } from "../../shared/errors.ts";

const run = promisify(execFile);

/**
 * The package registry that npm is configured for on this machine, asked from npm itself. Asking takes a quarter of a
 * second, so the answer is kept in the data directory until one of npm's configuration files or variables changes.
 * @param options.projectDir the directory whose `.npmrc` counts.
 * @throws CoderError `unavailable` when npm cannot be asked.
 */
export async function readNpmRegistry(options: { dataDir: string; projectDir: string }): Promise<string> {
  const fromEnvironment = process.env.npm_config_registry ?? process.env.NPM_CONFIG_REGISTRY;
  if (fromEnvironment) return fromEnvironment;
  const file = join(options.dataDir, "npm-registry.json");
  const stamp = await configurationStamp(options.projectDir);
  const kept = JSON.parse(await readFile(file, "utf8").catch(() => "{}")) as {
    stamp?: string;
    registry?: string;
  };
  if (kept.stamp === stamp && kept.registry) return kept.registry;
  const registry = await ask(options.projectDir);
  await writeFile(file, JSON.stringify({ stamp, registry }));
  return registry;
}

async function ask(projectDir: string): Promise<string> {
  try {
    const { stdout } = await run("npm", ["config", "get", "registry"], { cwd: projectDir, timeout: 20_000 });
    return new URL(stdout.trim()).href;
  } catch (cause) {
    throw new CoderError(
      "unavailable",
      "npm could not be asked for its registry; check that `npm config get registry` answers.",
      { cause },
    );
  }
}

/** A hash that changes with the files and variables that npm reads its configuration from. */
async function configurationStamp(projectDir: string): Promise<string> {
  const { env } = process;
  const prefix = env.npm_config_prefix ?? env.PREFIX ?? "/usr/local";
  const files = [
    join(projectDir, ".npmrc"),
    env.npm_config_userconfig ?? env.NPM_CONFIG_USERCONFIG ?? join(homedir(), ".npmrc"),
    env.npm_config_globalconfig ?? env.NPM_CONFIG_GLOBALCONFIG ?? join(prefix, "etc/npmrc"),
    "/etc/npmrc",
    "/usr/etc/npmrc",
  ];
  const marks = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size }) => `${file} ${mtimeMs} ${size}`,
        () => `${file} none`,
      ),
    ),
  );
  return createHash("sha256").update(marks.join("\n")).digest("hex");
}
