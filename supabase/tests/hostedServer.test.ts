import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ApiFixture, TestUser } from "../../functions/contract/world.ts";
import { siteLabel, startHostedServer, type HostedServer } from "../hostedServer.ts";
import { startApiFixture, startNodeApi } from "./apiFixture.ts";

let supabase: ApiFixture;
let hosted: HostedServer;
let directory: string;
let user: TestUser;
beforeAll(async () => {
  supabase = await startApiFixture(startNodeApi);
  directory = await mkdtemp(join(tmpdir(), "coder-hosted-"));
  hosted = await startHostedServer({
    SUPABASE_URL: supabase.origin,
    SUPABASE_ANON_KEY: supabase.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: supabase.serviceKey,
    SUPABASE_DB_URL: supabase.databaseUrl,
    CODER_SITE_URL: "https://*.sites.example",
    CODER_GIT_DIRECTORY: join(directory, "git"),
    CODER_REGISTRY: "http://localhost:1",
    CODER_JWT_SECRET: supabase.jwtSecret,
    PORT: "0",
  });
  user = await supabase.addUser("owner");
});
afterAll(async () => {
  await hosted.close();
  await supabase.close();
  await rm(directory, { recursive: true, force: true });
});

/** A request with a Host header, which fetch does not let one choose. */
function ask(
  host: string,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: hosted.port,
        path,
        method: init.method ?? "GET",
        headers: { ...init.headers, host },
      },
      (response) => {
        void text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
      },
    );
    sent.on("error", reject);
    sent.end(init.body);
  });
}

test("repositories are made and read with a user's token, and by nobody else", async () => {
  const id = randomUUID();
  await supabase.sql`insert into projects (id, org_id, slug, name, source) values (${id}, ${user.orgId}, 'p', 'P', 'blank')`;
  const headers = { authorization: `Bearer ${user.token}`, "content-type": "application/json" };
  const files = [{ path: "a.txt", content: Buffer.from("a").toString("base64") }];
  const made = await ask("coder.example", `/forge/v1/${id}/`, {
    method: "POST",
    headers,
    body: JSON.stringify({ files }),
  });
  expect(made.status).toBe(200);
  expect(await ask("coder.example", `/forge/v1/${id}/blob?path=a.txt`, { headers })).toEqual({
    status: 200,
    body: "a",
  });
  expect((await ask("coder.example", `/forge/v1/${id}/refs`)).status).toBe(401);
  expect(
    (await ask("coder.example", `/git/${user.orgSlug}/p.git/info/refs?service=git-upload-pack`)).status,
  ).toBe(401);
});

test("a site's blobs come from storage; what was passed on to it arrives unchanged", async () => {
  const content = "<h1>Hosted</h1>";
  const sha256 = createHash("sha256").update(content).digest("hex");
  const headers = {
    authorization: `Bearer ${user.token}`,
    apikey: supabase.anonKey,
    "content-type": "text/html",
  };
  const path = `/storage/v1/object/sites/${user.orgId}/${sha256}`;
  expect((await ask("coder.example", path, { method: "POST", headers, body: content })).status).toBe(200);
  const [project] = await supabase.sql`select id from projects where org_id = ${user.orgId}`;
  const manifest = { "index.html": { sha256, size: content.length, type: "text/html" } };
  const [row] = await supabase.sql`
    select publish_deployment(${randomUUID()}, ${project!["id"]}, 'preview', 'main', ${supabase.sql.json(manifest)}) as slug`;
  expect(await ask(`${row!["slug"]}.sites.example`, "/")).toEqual({ status: 200, body: content });
  const part = await ask(`${row!["slug"]}.sites.example`, "/", { headers: { range: "bytes=4-9" } });
  expect(part).toEqual({ status: 206, body: "Hosted" });
  expect((await ask("nothing.sites.example", "/")).status).toBe(404);
});

test("it says whether it is well, and knows no other paths", async () => {
  expect(await ask("coder.example", "/healthz")).toEqual({ status: 200, body: "ok" });
  expect((await ask("coder.example", "/auth/v1/settings")).status).toBe(404);
});

test("a site's label is read from hosts of the sites' domain only", () => {
  const url = "https://*.sites.example:8443";
  expect(siteLabel(url, "shop-1.sites.example")).toBe("shop-1");
  for (const host of [
    "sites.example",
    "a.b.sites.example",
    "evil.example",
    "shop.sites.example.evil.com",
    "-a.sites.example",
  ]) {
    expect([host, siteLabel(url, host)]).toEqual([host, undefined]);
  }
});
