import postgres from "postgres";
import { z } from "zod";
import { CoderError, toCoderError } from "../shared/errors.ts";
import { openSecret, sealSecret, secretForms } from "../shared/secrets/sealSecret.ts";
import { readSecretKeys, type SecretKeys } from "../shared/secrets/secretKeys.ts";

const rowSchema = z.object({
  id: z.uuid(),
  org_id: z.uuid(),
  project_id: z.uuid().nullable(),
  environment: z.string(),
  name: z.string(),
  given_as: z.enum(secretForms),
  ciphertext: z.string(),
  key_id: z.string(),
});
type Row = z.infer<typeof rowSchema>;

export interface Reencrypted {
  /** How many secrets are sealed with the first key now that were not before. */
  moved: number;
  /** Ids of those that no key opens; they stay as they are. */
  unreadable: string[];
}

/**
 * Seals every secret again that is not sealed with the first key. Each batch is one transaction, so whenever it ends, by
 * a crash too, each secret is sealed whole with one of the keys; run again, it goes on with the rest. Others may set
 * and read secrets meanwhile, as long as they hold the same keys.
 */
export async function reencryptSecrets(
  sql: postgres.Sql,
  keys: SecretKeys,
  options: { batch?: number; onBatch?: (moved: number) => void } = {},
): Promise<Reencrypted> {
  const { batch = 100, onBatch } = options;
  let moved = 0;
  const unreadable: string[] = [];
  for (;;) {
    const done = await sql.begin((tx) => moveBatch(tx, keys, { batch, unreadable }));
    moved += done.moved;
    unreadable.push(...done.unreadable);
    if (done.moved + done.unreadable.length === 0) return { moved, unreadable };
    onBatch?.(moved);
  }
}

async function moveBatch(
  tx: postgres.TransactionSql,
  keys: SecretKeys,
  { batch, unreadable }: { batch: number; unreadable: readonly string[] },
): Promise<Reencrypted> {
  const found = await tx`
    select id, org_id, project_id, environment, name, given_as, ciphertext, key_id from public.secrets
    where key_id <> ${keys[0].id} and id <> all (${[...unreadable]}::uuid[]) order by id limit ${batch} for update`;
  const done: Reencrypted = { moved: 0, unreadable: [] };
  const byOrg = new Map<string, number>();
  for (const row of z.array(rowSchema).parse([...found])) {
    const sealed = await sealAgain(row, keys);
    if (sealed === undefined) {
      done.unreadable.push(row.id);
      continue;
    }
    await tx`update public.secrets set ciphertext = ${sealed.ciphertext}, key_id = ${sealed.keyId} where id = ${row.id}`;
    done.moved += 1;
    byOrg.set(row.org_id, (byOrg.get(row.org_id) ?? 0) + 1);
  }
  // In one order, for each takes the lock of its organisation's chain.
  for (const [orgId, count] of [...byOrg].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const subject = { secrets: count, key: keys[0].id };
    const entry = { actor: "system", action: "secret.rotate", decision: "allow", rule: "operator", subject };
    await tx`select private.audit(${orgId}, ${tx.json(entry)})`;
  }
  return done;
}

async function sealAgain(row: Row, keys: SecretKeys) {
  const { org_id: orgId, project_id: projectId, environment, name, given_as: givenAs } = row;
  const place = { orgId, projectId, environment, name, givenAs };
  try {
    const value = await openSecret({ keyId: row.key_id, ciphertext: row.ciphertext }, place, keys);
    return await sealSecret(value, place, keys);
  } catch (error) {
    if (error instanceof CoderError && error.code === "unavailable") return undefined;
    throw error;
  }
}

/** `node supabase/reencryptSecrets.ts`, with the keys in CODER_SECRETS_KEY (the new one first) and CODER_DATABASE_URL. */
async function main(): Promise<void> {
  const { CODER_DATABASE_URL: url, CODER_SECRETS_KEY: text } = process.env;
  const keys = readSecretKeys(text);
  if (url === undefined || keys === undefined)
    throw new CoderError(
      "bad_input",
      "Set CODER_DATABASE_URL, and CODER_SECRETS_KEY with the new key first.",
    );
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    const { moved, unreadable } = await reencryptSecrets(sql, keys, {
      onBatch: (count) => console.error(`${count} secrets`),
    });
    console.error(`${moved} secrets were sealed again with the key "${keys[0].id}".`);
    if (unreadable.length === 0) return;
    console.error(`No key opens these; set them again: ${unreadable.join(", ")}`);
    process.exitCode = 1;
  } finally {
    await sql.end();
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(toCoderError(error).message);
    process.exitCode = 1;
  });
}
