import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { SignJWT } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { createHandler } from "./handler.ts";
import { createNodeDeps, type NodeOptions } from "./serve.node.ts";

const jwtSecret = "a secret of the test that is long enough";
const origin = "http://localhost:1";
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function open(options: Partial<NodeOptions> = {}) {
  const logged: unknown[] = [];
  const deps = createNodeDeps({
    databaseUrl: `postgres://nobody@127.0.0.1:${await freePort()}/none`,
    jwtSecret,
    origin,
    siteUrl: (slug) => `http://${slug}.localhost`,
    serviceKey: "service",
    anonKey: "anon",
    logError: (error) => logged.push(error),
    ...options,
  });
  opened.push(deps);
  return { deps, logged, handle: createHandler(deps) };
}

async function token(): Promise<string> {
  const claims = { sub: crypto.randomUUID(), role: "authenticated" };
  const signed = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h");
  return signed.sign(new TextEncoder().encode(jwtSecret));
}

describe("createHandler", () => {
  test("a database that is away is unavailable, said without its address, and logged", async () => {
    const { handle, logged } = await open();
    const request = new Request(`${origin}/api/trpc/session.me`, {
      headers: { authorization: `Bearer ${await token()}` },
    });
    const response = await handle(request);
    expect(response.status).toBe(503);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { data: { code: "unavailable", httpStatus: 503 } } });
    expect(text).not.toContain("127.0.0.1");
    expect(logged).toHaveLength(1);
  });

  test("a verifier that cannot decide is not a refusal", async () => {
    const { deps } = await open();
    const handle = createHandler({
      ...deps,
      verifyToken: () => Promise.reject(new TypeError("keys cannot be fetched")),
    });
    const response = await handle(
      new Request(`${origin}/api/trpc/session.me`, { headers: { authorization: "Bearer x" } }),
    );
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("keys");
  });

  test("the registry's proxy answers under npm with its own caching, where there is one", async () => {
    const { deps, handle } = await open();
    expect((await handle(new Request(`${origin}/functions/v1/api/npm/zod`))).status).toBe(404);
    const npm = async (request: Request) =>
      new Response(new URL(request.url).pathname, { headers: { "cache-control": "public, max-age=300" } });
    const response = await createHandler({ ...deps, npm })(
      new Request(`${origin}/functions/v1/api/npm/zod`, { headers: { origin } }),
    );
    expect(await response.text()).toBe("/npm/zod");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  });

  test("a body without a declared length is counted while it is read", async () => {
    const { handle } = await open();
    const chunk = new Uint8Array(1024 * 1024);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (++sent > 3) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const headers = { authorization: `Bearer ${await token()}` };
    const request = new Request(`${origin}/api/trpc/orgs.create`, {
      method: "POST",
      body,
      headers,
      duplex: "half",
    } as RequestInit);
    const response = await handle(request);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: "too_large" } });
  });
});
