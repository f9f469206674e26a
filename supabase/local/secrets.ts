import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { access, constants, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import { signJwt } from "./jwt.ts";

const password = z.string().min(16);
const secretsSchema = z.object({
  jwtSecret: z.string().min(32),
  anonKey: z.string(),
  serviceRoleKey: z.string(),
  /** As `CODER_SECRETS_KEY`: seals the secrets that people keep here. */
  secretsKey: z.string().min(32),
  databasePasswords: z.object({
    supabase_admin: password,
    postgres: password,
    authenticator: password,
    supabase_lite: password,
    coder_storage: password,
  }),
});

/** What makes this installation its own; nothing of it is in the program. */
export type Secrets = z.infer<typeof secretsSchema>;

/**
 * The secrets of a data directory, made at its first start in `secrets.json`, readable by its owner only.
 * @throws CoderError `unavailable` when the directory cannot be written or the file is damaged.
 */
export async function loadSecrets(dataDir: string): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  try {
    await makeDirectory(dataDir);
    // Asked up front: a directory that can be read but not written would fail later, and less clearly.
    await access(dataDir, constants.W_OK);
  } catch (cause) {
    throw notWritable(dataDir, cause);
  }
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new CoderError(
      "unavailable",
      `${path} cannot be read (${error.code}); give this user access to it.`,
      { cause: error },
    );
  });
  if (text !== undefined) return withSecretsKey(dataDir, text);
  const secrets = await makeSecrets();
  await saveSecrets(dataDir, secrets).catch((cause: unknown) => {
    throw notWritable(dataDir, cause);
  });
  return secrets;
}

/** As `mkdir -p`. Node's own never ends where the kernel refuses with ENOENT, as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (!existsSync(parent)) await makeDirectory(parent);
  await mkdir(path, { mode: 0o711 });
}

function notWritable(dataDir: string, cause: unknown): CoderError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new CoderError(
    "unavailable",
    `The data directory ${dataDir} cannot be written (${code}); give write permission to it or set CODER_DATA to another directory.`,
    { cause },
  );
}

/** A directory from before secrets were kept gets its key now. */
async function withSecretsKey(dataDir: string, text: string): Promise<Secrets> {
  const path = join(dataDir, "secrets.json");
  const { secretsKey, ...others } = parse(text, path);
  if (secretsKey !== undefined) return { ...others, secretsKey };
  const secrets = { ...others, secretsKey: newSecretsKey() };
  await saveSecrets(dataDir, secrets).catch((cause: unknown) => {
    throw notWritable(dataDir, cause);
  });
  return secrets;
}

/** A fresh key under an id that no other has. */
export function newSecretsKey(): string {
  return `k${Date.now().toString(36)}:${randomBytes(32).toString("base64")}`;
}

const storedSchema = secretsSchema.partial({ secretsKey: true });

function parse(text: string, path: string): z.infer<typeof storedSchema> {
  try {
    return storedSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CoderError(
      "unavailable",
      `${path} is damaged; restore it from a backup (without it the database cannot be opened).`,
      { cause },
    );
  }
}

/** Fresh secrets; `passwords` where the database already has its own. */
export async function makeSecrets(passwords?: Secrets["databasePasswords"]): Promise<Secrets> {
  const jwtSecret = randomBytes(48).toString("base64url");
  const issuedAt = Math.floor(Date.now() / 1000);
  const key = (role: string) =>
    signJwt({ iss: "supabase", role, iat: issuedAt, exp: issuedAt + 20 * 365 * 24 * 3600 }, jwtSecret);
  const word = () => randomBytes(24).toString("base64url");
  return {
    jwtSecret,
    anonKey: await key("anon"),
    serviceRoleKey: await key("service_role"),
    secretsKey: newSecretsKey(),
    databasePasswords: passwords ?? {
      supabase_admin: word(),
      postgres: word(),
      authenticator: word(),
      supabase_lite: word(),
      coder_storage: word(),
    },
  };
}

/** Whole or not at all, and on disk before anything is encrypted with it or signed by it. */
export async function saveSecrets(dataDir: string, secrets: Secrets): Promise<void> {
  const path = join(dataDir, "secrets.json");
  const file = await open(`${path}.part`, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(secrets, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}
