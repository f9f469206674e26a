import { readFileSync, existsSync } from "node:fs";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploy, deployDatabase, readDeployEnvironment } from "../deploy.ts";
import { createTestDatabase, type TestDatabase } from "../local/testing.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const environment = () => ({
  SUPABASE_PROJECT_REF: "abcdefghijklmnopqrst",
  SUPABASE_ACCESS_TOKEN: "token",
  SUPABASE_DB_URL: database.databaseUrl,
  CODER_FORGE_URL: "https://coder.example/forge/v1",
  CODER_SITE_URL: "https://*.sites.example",
  CODER_ORIGINS: "https://coder.example",
});

const unauthenticated = () =>
  Response.json({ error: { data: { code: "unauthenticated" } } }, { status: 401 });

describe("deploy", () => {
  test("an incomplete environment is told in one go", () => {
    expect(() =>
      readDeployEnvironment({ ...environment(), SUPABASE_DB_URL: "x", CODER_SITE_URL: "https://a.b" }),
    ).toThrow(/SUPABASE_DB_URL: .*\nCODER_SITE_URL: /);
  });

  test("applies what is missing and nothing twice; the engine stays closed to client roles", async () => {
    const sql = postgres(database.databaseUrl, { max: 1, onnotice: () => undefined });
    await sql.unsafe("grant usage on schema dbos to authenticated");
    expect(await deployDatabase(database.databaseUrl)).toEqual([]);
    const [row] = await sql`select has_schema_privilege('authenticated', 'dbos', 'usage') as open`;
    await sql.end();
    expect(row).toEqual({ open: false });
  });

  test("sets secrets from a file that is gone afterwards, deploys the function, and asks it", async () => {
    const calls: string[][] = [];
    let secretsFile = "";
    let secrets = "";
    const asked: string[] = [];
    await deploy(readDeployEnvironment(environment()), {
      async supabase(args) {
        calls.push([...args].slice(0, 4));
        if (args[0] === "secrets") {
          secretsFile = args.at(-1)!;
          secrets = readFileSync(secretsFile, "utf8");
        }
      },
      async fetch(input) {
        if (typeof input === "string") asked.push(input);
        return unauthenticated();
      },
      log: () => undefined,
    });
    expect(calls).toEqual([
      ["secrets", "set", "--remote=abcdefghijklmnopqrst", "--env-file"],
      ["functions", "deploy", "api", "--remote=abcdefghijklmnopqrst"],
    ]);
    expect(secrets).toContain('CODER_SITE_URL="https://*.sites.example"\n');
    expect(secrets).not.toContain("CODER_REGISTRY");
    expect(existsSync(secretsFile)).toBe(false);
    expect(asked).toEqual(["https://abcdefghijklmnopqrst.supabase.co/functions/v1/api/trpc/session.me"]);
  });

  test("a function that answers something else is a failure", async () => {
    const failing = deploy(readDeployEnvironment(environment()), {
      supabase: () => Promise.resolve(),
      fetch: async () => new Response("BOOT_ERROR", { status: 503 }),
      log: () => undefined,
    });
    await expect(failing).rejects.toThrow(/answered 503: BOOT_ERROR/);
  });
});
