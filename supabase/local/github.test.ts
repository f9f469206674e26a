import { createClient } from "@supabase/supabase-js";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestStack, type TestStack } from "./testing.ts";

let stack: TestStack;
let github: Server;
const seen: string[] = [];

/** The four answers that a sign-in with GitHub needs, from a server of our own. */
function fakeGitHub(): Server {
  return createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://github");
    seen.push(`${request.method} ${url.pathname}`);
    const json = (body: unknown) =>
      response.setHeader("content-type", "application/json").end(JSON.stringify(body));
    if (url.pathname === "/login/oauth/access_token")
      return json({ access_token: "gho_fake", token_type: "bearer", scope: "user:email" });
    if (url.pathname.endsWith("/user/emails"))
      return json([{ email: "octo@example.com", primary: true, verified: true }]);
    if (url.pathname.endsWith("/user"))
      return json({ id: 583231, login: "octo", name: "Octo Cat", email: "octo@example.com", avatar_url: "" });
    return response.writeHead(404).end();
  });
}

beforeAll(async () => {
  github = fakeGitHub().listen(0, "127.0.0.1");
  await once(github, "listening");
  const url = `http://127.0.0.1:${(github.address() as AddressInfo).port}`;
  stack = await startTestStack({
    env: { CODER_GITHUB_CLIENT_ID: "id", CODER_GITHUB_CLIENT_SECRET: "secret", CODER_GITHUB_URL: url },
  });
});
afterAll(async () => {
  await stack.stop();
  github.close();
});

test("sign-in with GitHub, by configuration, with the whole PKCE flow", async () => {
  expect(await (await fetch(`${stack.url}/local/config.json`)).json()).toMatchObject({ github: true });
  const stored = new Map<string, string>();
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  const supabase = createClient(stack.url, stack.anonKey, {
    auth: { flowType: "pkce", storage, autoRefreshToken: false, detectSessionInUrl: false },
  });
  const { data } = await supabase.auth.signInWithOAuth({
    provider: "github",
    options: { skipBrowserRedirect: true, redirectTo: `${stack.url}/after` },
  });
  const authorize = await fetch(data.url!, { redirect: "manual" });
  const atGitHub = new URL(authorize.headers.get("location")!);
  expect([atGitHub.pathname, atGitHub.searchParams.get("redirect_uri")]).toEqual([
    "/login/oauth/authorize",
    `${stack.url}/auth/v1/callback`,
  ]);
  const callback = await fetch(
    `${stack.url}/auth/v1/callback?code=abc&state=${atGitHub.searchParams.get("state")}`,
    { redirect: "manual" },
  );
  const back = new URL(callback.headers.get("location")!);
  expect(back.origin + back.pathname).toBe(`${stack.url}/after`);
  const session = await supabase.auth.exchangeCodeForSession(back.searchParams.get("code")!);
  expect(session.error).toBeNull();
  const claims = JSON.parse(
    Buffer.from(session.data.session!.access_token.split(".")[1]!, "base64url").toString(),
  );
  expect(claims).toMatchObject({
    email: "octo@example.com",
    app_metadata: { provider: "github" },
    amr: [{ method: "oauth" }],
    aal: "aal1",
  });
  expect((await supabase.from("orgs").select("slug")).data).toEqual([{ slug: "octo" }]);
  expect(seen).toContain("POST /login/oauth/access_token");
});

test("a state that was used, or that is made up, signs nobody in", async () => {
  const callback = await fetch(
    `${stack.url}/auth/v1/callback?code=abc&state=00000000-0000-0000-0000-000000000000`,
    { redirect: "manual" },
  );
  expect(callback.headers.get("location") ?? "").not.toMatch(/access_token|[?&]code=/);
});
