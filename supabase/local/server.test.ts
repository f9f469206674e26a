import { createClient, REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startTestStack, type TestStack, type TestUser } from "./testing.ts";

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.stop());

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** A request with any Host header; fetch does not let one choose it. */
function ask(
  path: string,
  options: { host?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const host = options.host ?? `localhost:${stack.port}`;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port: stack.port,
        path,
        method: options.method ?? "GET",
        headers: { ...options.headers, host },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    request.on("error", reject);
    request.end();
  });
}

describe("hosts", () => {
  test.each([
    "evil.example.com",
    "localhost.evil.com",
    "evil.com:80",
    "localhost.",
    "a.b.localhost",
    "-a.localhost",
    "0.0.0.0",
    "[::]",
  ])("a page of another name (%s) that points here is refused", async (host) => {
    for (const path of ["/", "/healthz", "/local/config.json", "/rest/v1/orgs", "/mail"]) {
      expect([path, (await ask(path, { host })).status]).toEqual([path, 421]);
    }
  });

  test("localhost and the loopback addresses of both families answer", async () => {
    for (const origin of [
      `http://localhost:${stack.port}`,
      `http://127.0.0.1:${stack.port}`,
      `http://[::1]:${stack.port}`,
    ]) {
      const response = await fetch(`${origin}/local/config.json`);
      expect(await response.json()).toMatchObject({
        supabaseUrl: origin,
        anonKey: stack.anonKey,
        ownerSignIn: true,
        mail: "/mail",
        npm: "/npm",
      });
    }
  });
});

describe("pages of other origins", () => {
  const foreign = [
    { origin: "http://evil.example.com" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];

  test("cannot change anything, on no API", async () => {
    for (const headers of [...foreign, { origin: `http://share.localhost:${stack.port}` }] as Record<
      string,
      string
    >[]) {
      for (const path of [
        "/auth/v1/token",
        "/rest/v1/orgs",
        "/storage/v1/bucket",
        "/functions/v1/api/trpc/x",
        "/forge/v1/x",
        "/npm/-/resolve",
        "/git/a/b.git/git-receive-pack",
      ]) {
        expect([path, (await ask(path, { method: "POST", headers })).status]).toEqual([path, 403]);
      }
    }
  });

  test("cannot read the configuration, and no answer lets them read it", async () => {
    for (const headers of foreign as Record<string, string>[]) {
      expect((await ask("/local/config.json", { headers })).status).toBe(403);
    }
    const paths = [
      "/healthz",
      "/auth/v1/settings",
      "/rest/v1/",
      "/storage/v1/bucket",
      "/mail.json",
      "/npm/x",
    ];
    for (const path of paths) {
      const { headers } = await ask(path, {
        headers: { origin: "http://evil.example.com", apikey: stack.anonKey },
      });
      expect([path, headers["access-control-allow-origin"]]).toEqual([path, undefined]);
      if (path !== "/local/config.json")
        expect([path, headers["cross-origin-resource-policy"]]).toEqual([path, "same-origin"]);
    }
  });

  test("cannot open a WebSocket", async () => {
    const open = (origin: string | undefined) =>
      new Promise<string>((resolve) => {
        const url = `ws://localhost:${stack.port}/realtime/v1/websocket?apikey=${stack.anonKey}&vsn=1.0.0`;
        const socket = new WebSocket(url, origin === undefined ? {} : { origin });
        socket.on("open", () => resolve("open"));
        socket.on("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
        socket.on("error", () => resolve("error"));
      });
    expect(await open("http://evil.example.com")).toBe("403");
    expect(await open(`http://share.localhost:${stack.port}`)).toBe("403");
    expect(await open(stack.url)).toBe("open");
    expect(await open(undefined)).toBe("open");
  });
});

describe("the Studio", () => {
  test("is isolated, and its policy lets it frame sites and run WebAssembly but no foreign script", async () => {
    const { status, headers } = await ask("/", { headers: { accept: "text/html" } });
    expect(status).toBe(200);
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect(headers["cross-origin-embedder-policy"]).toBe("credentialless");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain(`frame-src 'self' blob: http://*.localhost:${stack.port}`);
    expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval' 'sha256-[^']+'(;| ')/);
    expect(policy).not.toMatch(/script-src[^;]*'unsafe-(inline|eval)'/);
    expect(policy).toContain("frame-ancestors 'none'");
  });

  test("answers its router's paths with the page, and a missing file with 404", async () => {
    const page = await ask("/acme/todo/runs/3", { headers: { accept: "text/html" } });
    expect([page.status, page.text]).toEqual([200, (await ask("/")).text]);
    expect((await ask("/assets/missing-12345678.js", { headers: { accept: "text/html" } })).status).toBe(404);
    expect((await ask("/nothing.js")).status).toBe(404);
    expect((await ask("/acme", { method: "POST" })).status).toBe(404);
  });

  test("its files are compressed and kept for ever by their hashed names", async () => {
    const script = /src="(\/assets\/[^"]+\.js)"/.exec((await ask("/")).text)![1]!;
    const plainFile = await ask(script);
    expect(plainFile.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    expect(plainFile.headers["cross-origin-embedder-policy"]).toBe("credentialless");
    for (const encoding of ["br", "gzip"]) {
      const response = await ask(script, { headers: { "accept-encoding": encoding } });
      expect(response.headers["content-encoding"]).toBe(encoding);
      expect(Number(response.headers["content-length"])).toBeLessThan(
        Number(plainFile.headers["content-length"]),
      );
    }
    expect((await ask(script, { headers: { "if-none-match": String(plainFile.headers.etag) } })).status).toBe(
      304,
    );
  });

  test.each([
    "/../package.json",
    "/..%2fpackage.json",
    "/%2e%2e/%2e%2e/package.json",
    "/assets/..%2f..%2f..%2fpackage.json",
    "/%00",
    "/%",
  ])("no path leads out of its directory: %s", async (path) => {
    const { text } = await ask(path);
    expect(text).not.toContain("dependencies");
  });
});

describe("preview origins", () => {
  test("serve the runtime's documents and nothing of the Studio or the APIs", async () => {
    for (const kind of ["preview", "run"]) {
      const host = `0b7e1a52-5a0e-4d3c-9a7a-2f6b1c9d8e70--${kind}.localhost:${stack.port}`;
      const relay = await ask("/__coder/relay.html", { host });
      expect([relay.status, relay.text.includes("/__coder/relay.js")]).toEqual([200, true]);
      expect(relay.headers["cross-origin-embedder-policy"]).toBe("credentialless");
      expect(relay.headers["cross-origin-resource-policy"]).toBe("cross-origin");
      expect((await ask("/__coder/sw.js", { host })).headers["service-worker-allowed"]).toBe("/");
      expect((await ask("/__coder/missing.js", { host })).status).toBe(404);
      for (const path of ["/", "/any/page", "/local/config.json", "/mail", "/rest/v1/orgs", "/index.html"]) {
        const { text } = await ask(path, { host });
        expect([path, text.includes("/__coder/connect.js")]).toEqual([path, true]);
      }
    }
  });
});

describe("sites", () => {
  let user: TestUser;
  let sql: postgres.Sql;
  const site = { slug: "my-share", id: crypto.randomUUID(), org: "", project: "" };

  async function deploy(files: Record<string, string>): Promise<string> {
    const service = createClient(stack.url, stack.serviceRoleKey, { auth: { persistSession: false } });
    const manifest: Record<string, { sha256: string; size: number; type?: string }> = {};
    for (const [path, content] of Object.entries(files)) {
      const sha256 = createHash("sha256").update(content).digest("hex");
      await service.storage
        .from("sites")
        .upload(`${site.org}/${sha256}`, new Blob([content]), { upsert: true });
      manifest[path] = { sha256, size: Buffer.byteLength(content) };
    }
    const id = crypto.randomUUID();
    await sql`insert into deployments (id, org_id, project_id, site_id, manifest) values (${id}, ${site.org}, ${site.project}, ${site.id}, ${sql.json(manifest)})`;
    await sql`update sites set current_deployment_id = ${id} where id = ${site.id}`;
    return id;
  }

  const visit = (path: string, headers: Record<string, string> = {}) =>
    ask(path, { host: `${site.slug}.localhost:${stack.port}`, headers });

  beforeAll(async () => {
    user = await stack.createUser("sites@example.com");
    sql = postgres(await stack.databaseUrl(), { max: 1 });
    const [org] = await sql`select org_id from members where user_id = ${user.id}`;
    site.org = org!.org_id;
    const [project] =
      await sql`insert into projects (org_id, slug, name, source, created_by) values (${site.org}, 'p', 'P', 'upload', ${user.id}) returning id`;
    site.project = project!.id;
    await sql`insert into sites (id, org_id, project_id, slug, kind) values (${site.id}, ${site.org}, ${site.project}, ${site.slug}, 'share')`;
  });
  afterAll(() => sql.end());

  test("a deployment is served on its own origin, with types, caching and the app's own routes", async () => {
    await deploy({
      "index.html": "<h1>one</h1>",
      "assets/app-B4k9xQz1.js": "console.log(1)",
      "about/index.html": "about",
      "data.json": "{}",
    });
    const index = await visit("/");
    expect([index.status, index.text, index.headers["content-type"]]).toEqual([
      200,
      "<h1>one</h1>",
      "text/html; charset=utf-8",
    ]);
    expect(index.headers["cache-control"]).toBe("no-cache");
    const script = await visit("/assets/app-B4k9xQz1.js");
    expect([script.text, script.headers["content-type"], script.headers["cache-control"]]).toEqual([
      "console.log(1)",
      "text/javascript; charset=utf-8",
      "public, max-age=31536000, immutable",
    ]);
    expect((await visit("/about")).text).toBe("about");
    expect((await visit("/some/route", { accept: "text/html" })).text).toBe("<h1>one</h1>");
    expect((await visit("/missing.js")).status).toBe(404);
    expect((await visit("/", { "if-none-match": String(index.headers.etag) })).status).toBe(304);
    const part = await visit("/data.json", { range: "bytes=1-" });
    expect([part.status, part.text, part.headers["content-range"]]).toEqual([206, "}", "bytes 1-1/2"]);
    // None of the Studio's paths exist there.
    expect((await visit("/local/config.json")).status).toBe(404);
    expect((await visit("/healthz", { accept: "text/html" })).text).toBe("<h1>one</h1>");
  });

  test("a new deployment replaces all of it, and a rollback brings the old one back", async () => {
    const [before] = await sql`select current_deployment_id as id from sites where id = ${site.id}`;
    await deploy({ "index.html": "<h1>two</h1>" });
    expect((await visit("/")).text).toBe("<h1>two</h1>");
    await sql`update sites set current_deployment_id = ${before!.id} where id = ${site.id}`;
    expect((await visit("/")).text).toBe("<h1>one</h1>");
  });

  test("a revoked share is gone, and a slug that never was is not found", async () => {
    await sql`update sites set revoked_at = now() where id = ${site.id}`;
    expect((await visit("/")).status).toBe(410);
    expect((await ask("/", { host: `nobody.localhost:${stack.port}` })).status).toBe(404);
  });
});

describe("the server", () => {
  test("is healthy when the worker is ready", async () => {
    const { status, text } = await ask("/healthz");
    expect([status, JSON.parse(text)]).toMatchObject([200, { status: "ok", worker: true }]);
  });

  test("speaks to the database, the forge and the registry's proxy on its one port", async () => {
    expect((await ask("/git/a/b.git/info/refs?service=git-upload-pack")).status).toBe(401);
    expect((await ask("/forge/v1/nothing/refs")).status).toBe(401);
    expect((await ask("/functions/v1/api/nothing")).status).toBe(404);
    expect((await ask("/npm/")).status).toBe(404);
  });

  test("brings what the database broadcasts to those who may hear it", async () => {
    const user = await stack.createUser("listener@example.com");
    const sql = postgres(await stack.databaseUrl(), { max: 1 });
    const [row] = await sql`select org_id from members where user_id = ${user.id}`;
    const client = createClient(stack.url, stack.anonKey, { auth: { persistSession: false } });
    await client.auth.setSession(user.session);
    await client.realtime.setAuth();
    const heard = Promise.withResolvers<unknown>();
    const joined = Promise.withResolvers<void>();
    client
      .channel(`org:${row!.org_id}`, { config: { private: true } })
      .on("broadcast", { event: "run_changed" }, ({ payload }) => heard.resolve(payload))
      .subscribe((status) =>
        status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED ? joined.resolve() : joined.reject(new Error(status)),
      );
    await joined.promise;
    await sql`select realtime.send('{"status":"running"}', 'run_changed', ${`org:${row!.org_id}`}, true)`;
    expect(await heard.promise).toMatchObject({ status: "running" });
    await client.removeAllChannels();
    await sql.end();
  });

  test("ends while a WebSocket and a slow request are open", async () => {
    const other = await startTestStack();
    const socket = new WebSocket(
      `ws://localhost:${other.port}/realtime/v1/websocket?apikey=${other.anonKey}&vsn=1.0.0`,
    );
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    const slow = connect(other.port, "127.0.0.1", () => slow.write("GET / HTTP/1.1\r\nhost: localhost\r\n"));
    slow.on("error", () => slow.destroy());
    const closed = new Promise((resolve) => socket.on("close", resolve));
    await other.stop();
    await closed;
    expect(other.process.exitCode).toBe(0);
  });

  test("survives broken requests", async () => {
    const upgrade = "host: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
    for (const text of [
      `GET // HTTP/1.1\r\n${upgrade}`,
      `GET //[ HTTP/1.1\r\n${upgrade}`,
      "GET // HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "\0\0\0",
      "GET http://evil/ HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "POST /rest/v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\nx",
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(stack.port, "127.0.0.1", () => socket.end(text));
        socket.on("error", () => resolve());
        socket.on("close", () => resolve());
        socket.resume();
      });
    }
    expect((await ask("/healthz")).status).toBe(200);
  });
});
