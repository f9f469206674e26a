import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSecret, sealSecret, type SecretPlace } from "../../shared/secrets/sealSecret.ts";
import { readSecretKeys, type SecretKeys } from "../../shared/secrets/secretKeys.ts";
import { loadSecrets, makeSecrets, saveSecrets } from "../local/secrets.ts";
import { rotateSecretsKey } from "../local/rotateSecretsKey.ts";
import { createTestDatabase, type TestDatabase } from "../local/testing.ts";
import { reencryptSecrets } from "../reencryptSecrets.ts";

const key = (id: string, fill: number): string => `${id}:${Buffer.alloc(32, fill).toString("base64")}`;
const keys = (...texts: string[]): SecretKeys => readSecretKeys(texts.join(","))!;
const [oldKey, newKey] = [key("old", 1), key("new", 2)];

let database: TestDatabase;
let sql: postgres.Sql;
let orgId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  sql = postgres(database.databaseUrl, { max: 3, onnotice: () => undefined });
  const [org] = await sql<
    { id: string }[]
  >`insert into orgs (slug, name) values ('acme', 'Acme') returning id`;
  orgId = org!.id;
});
afterAll(async () => {
  await sql?.end();
  await database?.close();
});

const placeOf = (name: string): SecretPlace => ({
  orgId,
  projectId: null,
  environment: "",
  name,
  givenAs: "placeholder",
});

async function set(name: string, value: string, ring: SecretKeys): Promise<void> {
  const sealed = await sealSecret(value, placeOf(name), ring);
  await sql`select set_secret(${orgId}, null, '', ${name}, 'placeholder', ${sealed.ciphertext}, ${sealed.keyId})`;
}

async function readAll(ring: SecretKeys): Promise<Record<string, string>> {
  const rows = await sql`select name, ciphertext, key_id from secrets order by name`;
  const values: Record<string, string> = {};
  for (const row of rows) {
    const sealed = { keyId: row["key_id"] as string, ciphertext: row["ciphertext"] as string };
    values[row["name"] as string] = await openSecret(sealed, placeOf(row["name"] as string), ring);
  }
  return values;
}

test("W132 a rotation that ends in the middle leaves every secret readable, and goes on where it ended", async () => {
  const ring = keys(newKey, oldKey);
  for (let index = 0; index < 120; index++) await set(`S${index}`, `value ${index}`, keys(oldKey));
  const expected = await readAll(keys(oldKey));
  const crashing = reencryptSecrets(sql, ring, {
    batch: 25,
    onBatch: (moved) => {
      if (moved >= 50) throw new Error("killed");
    },
  });
  await expect(crashing).rejects.toThrow("killed");
  const [half] = await sql`select count(*)::int as count from secrets where key_id = 'new'`;
  expect(half!["count"]).toBe(50);
  expect(await readAll(ring)).toEqual(expected);

  // Set while it goes on: by an API that holds the new ring, and by one that has not been started anew.
  const resumed = reencryptSecrets(sql, ring, { batch: 10 });
  await Promise.all([set("S0", "newer", ring), set("S119", "newest", keys(oldKey))]);
  await resumed;
  await reencryptSecrets(sql, ring);
  expect(await readAll(keys(newKey))).toEqual({ ...expected, S0: "newer", S119: "newest" });
  const versions = await sql`select name, version from secrets where version > 1 order by name`;
  expect(versions.map((row) => [row["name"], row["version"]])).toEqual([
    ["S0", 2],
    ["S119", 2],
  ]);
  const [audited] = await sql`select count(*)::int as count from audit_log where action = 'secret.rotate'`;
  expect(audited!["count"]).toBeGreaterThan(2);
  expect(await reencryptSecrets(sql, ring)).toEqual({ moved: 0, unreadable: [] });
});

test("W132 what no key opens stays as it is and is named", async () => {
  await set("LOST", "of a key that is gone", keys(key("gone", 9)));
  const [lost] = await sql`select id, ciphertext from secrets where name = 'LOST'`;
  expect(await reencryptSecrets(sql, keys(newKey, oldKey))).toEqual({ moved: 0, unreadable: [lost!["id"]] });
  const [after] = await sql`select ciphertext from secrets where name = 'LOST'`;
  expect(after!["ciphertext"]).toBe(lost!["ciphertext"]);
});

test("W132 the local stack makes its key once; a new one goes before it, and an older directory gets one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "coder-keys-"));
  const first = await loadSecrets(directory);
  expect(readSecretKeys(first.secretsKey)).toHaveLength(1);
  expect((await loadSecrets(directory)).secretsKey).toBe(first.secretsKey);
  const id = await rotateSecretsKey(directory);
  const rotated = await loadSecrets(directory);
  expect(readSecretKeys(rotated.secretsKey)?.map((one) => one.id)).toEqual([
    id,
    readSecretKeys(first.secretsKey)![0].id,
  ]);
  expect((await stat(join(directory, "secrets.json"))).mode & 0o777).toBe(0o600);
  const { secretsKey: _none, ...before } = await makeSecrets();
  await saveSecrets(directory, before as typeof rotated);
  const upgraded = await loadSecrets(directory);
  expect(readSecretKeys(upgraded.secretsKey)).toHaveLength(1);
  expect(upgraded.jwtSecret).toBe(before.jwtSecret);
  expect(await readFile(join(directory, "secrets.json"), "utf8")).toContain(upgraded.secretsKey);
  await rm(directory, { recursive: true });
});
