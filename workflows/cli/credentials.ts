import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";

const credentialsSchema = z.object({
  /** Server of the last sign-in. */
  current: z.string().nullable(),
  /** By the server's origin. */
  tokens: z.record(z.string(), z.string()),
});
export type Credentials = z.infer<typeof credentialsSchema>;

export function configDirectory(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "coder");
}

export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "coder");
}

function fileOf(env: NodeJS.ProcessEnv): string {
  return join(configDirectory(env), "credentials.json");
}

/** What `coder login` has kept. @throws CoderError `bad_input` for a damaged file. */
export async function readCredentials(env: NodeJS.ProcessEnv): Promise<Credentials> {
  const path = fileOf(env);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CoderError("unavailable", `${path} cannot be read (${error.code})`, { cause: error });
  });
  if (text === undefined) return { current: null, tokens: {} };
  try {
    return credentialsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CoderError("bad_input", `${path} is damaged; delete it and run coder login again`, { cause });
  }
}

/** Whole or not at all, readable by its owner only. */
export async function writeCredentials(env: NodeJS.ProcessEnv, credentials: Credentials): Promise<void> {
  const path = fileOf(env);
  await mkdir(configDirectory(env), { recursive: true, mode: 0o700 });
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600 });
  await chmod(part, 0o600);
  await rename(part, path);
}
