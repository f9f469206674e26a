import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { CoderError } from "../../../shared/errors.ts";
import type { SecretForm } from "../../../shared/secrets/sealSecret.ts";
import {
  maxSecretBytes,
  normalizeSecretValue,
  secretNameProblem,
} from "../../../shared/secrets/secretName.ts";
import { runGit } from "./runGit.ts";

/** Below the root of a project; git must ignore it. */
export const secretsFile = ".coder/secrets.env";
const prefix = "CODER_SECRET_";
const maxFileBytes = 10 * maxSecretBytes;

/** A secret of a local run. */
export interface LocalSecret {
  name: string;
  value: string;
  givenAs: SecretForm;
}

export interface WantedSecrets {
  /** Of the project. */
  root: string;
  /** What the variables `CODER_SECRET_<NAME>` are taken out of: no program that is started later inherits them. */
  env: NodeJS.ProcessEnv;
  /** Those that the workflow's policy allows. */
  allowed: readonly string[];
  /** Those that are handed to commands themselves, not as placeholders. */
  plain: readonly string[];
}

/**
 * The values of a local run's secrets: from the environment, else from `.coder/secrets.env`; what the policy does not allow
 * stays where it is. A name without a value is no error here: the step that reads it fails, as on a server.
 * @throws CoderError `bad_input` naming the variable or file and the remedy, never a value: a file that others may read or
 *   that git does not ignore, a value that cannot be kept, a plain name that is not allowed.
 */
export async function readLocalSecrets(wanted: WantedSecrets): Promise<LocalSecret[]> {
  const { root, env, allowed, plain } = wanted;
  const unknown = plain.find((name) => !allowed.includes(name));
  if (unknown !== undefined)
    throw new CoderError(
      "bad_input",
      `--plain-secret ${unknown}: the workflow's policies.secrets.allowed does not list ${unknown}`,
    );
  const fromEnvironment = takeFromEnvironment(env);
  const fromFile = await readSecretsFile(root);
  return allowed.flatMap((name) => {
    const text = fromEnvironment.get(name) ?? fromFile.get(name);
    if (text === undefined) return [];
    const givenAs: SecretForm = plain.includes(name) ? "value" : "placeholder";
    const normal = normalizeSecretValue(text, givenAs);
    if (normal.ok) return [{ name, value: normal.value, givenAs }];
    const source = fromEnvironment.has(name) ? `${prefix}${name}` : `${name} in ${secretsFile}`;
    const remedy = /[\r\n]/.test(text.trim()) && givenAs === "placeholder" ? ` (--plain-secret ${name})` : "";
    throw new CoderError("bad_input", `${source}: ${normal.problem}${remedy}`);
  });
}

function takeFromEnvironment(env: NodeJS.ProcessEnv): Map<string, string> {
  const found = new Map<string, string>();
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || value === undefined) continue;
    found.set(variable.slice(prefix.length), value);
    delete env[variable];
  }
  return found;
}

async function readSecretsFile(root: string): Promise<Map<string, string>> {
  const text = await readPrivately(join(root, secretsFile));
  if (text === undefined) return new Map();
  await requireIgnored(root);
  const found = new Map<string, string>();
  for (const [name, value] of Object.entries(parseEnv(text))) {
    const problem = secretNameProblem(name);
    if (problem !== undefined) throw new CoderError("bad_input", `${secretsFile}: ${problem}`);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** The file's text if nobody else can read it; undefined where there is none. */
async function readPrivately(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    // A link could lead to a file whose place nobody has looked at.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const why = code === "ELOOP" ? "is a link; put the file itself there" : `cannot be read (${code})`;
    throw new CoderError("bad_input", `${secretsFile} ${why}`, { cause });
  }
  try {
    const stats = await file.stat();
    const refuse = (why: string): never => {
      throw new CoderError("bad_input", `${secretsFile} ${why}`);
    };
    if (!stats.isFile()) refuse("is no file");
    if ((stats.mode & 0o077) !== 0)
      refuse(
        `can be read by others (mode ${(stats.mode & 0o777).toString(8)}); run: chmod 600 ${secretsFile}`,
      );
    if (stats.uid !== process.getuid?.()) refuse("belongs to another account; make one of your own");
    if (stats.size > maxFileBytes) refuse(`is larger than ${maxFileBytes / 1024} kB`);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/** In a repository git must ignore the file, or the next `git add` would publish it. */
async function requireIgnored(root: string): Promise<void> {
  const inRepository = await runGit({ cwd: root }, ["rev-parse", "--is-inside-work-tree"]).catch(
    (error: unknown) => {
      // Anything else that it says is no answer.
      if (error instanceof CoderError && error.message.includes("not a git repository")) return "false";
      throw error;
    },
  );
  if (inRepository !== "true") return;
  if ((await runGit({ cwd: root }, ["ls-files", "--", secretsFile])) !== "")
    throw new CoderError(
      "bad_input",
      `${secretsFile} is tracked by git, so its values are no secrets; replace them, and run: git rm --cached ${secretsFile} && echo /${secretsFile} >> .gitignore`,
    );
  if (!(await isIgnored(root)))
    throw new CoderError(
      "bad_input",
      `${secretsFile} is not ignored by git, so the next commit could publish it; run: echo /${secretsFile} >> .gitignore`,
    );
}

async function isIgnored(root: string): Promise<boolean> {
  try {
    await runGit({ cwd: root }, ["check-ignore", "--quiet", "--", secretsFile]);
    return true;
  } catch (error) {
    // It ends with 1 for a path that is not ignored.
    if (error instanceof CoderError && (error.cause as { code?: unknown } | undefined)?.code === 1)
      return false;
    throw error;
  }
}
