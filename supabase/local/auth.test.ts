import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Mail } from "./mail.ts";
import { startTestStack, type TestStack } from "./testing.ts";

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.stop());

const options = { auth: { persistSession: false, autoRefreshToken: false } };
const client = (key = stack.anonKey): SupabaseClient => createClient(stack.url, key, options);
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

async function lastMailTo(address: string): Promise<Mail> {
  return vi.waitFor(async () => {
    const mails = (await (await fetch(`${stack.url}/mail.json`)).json()) as Mail[];
    const mail = mails.find(({ to }) => to === address);
    if (!mail) throw new Error(`no mail to ${address}`);
    return mail;
  });
}

test("sign-up makes a user with a personal organisation, whose token has the claims of hosted Supabase", async () => {
  const supabase = client();
  const { data, error } = await supabase.auth.signUp({
    email: "ada@example.com",
    password: "correct horse",
    options: { data: { name: "Ada" } },
  });
  expect(error).toBeNull();
  expect(claimsOf(data.session!.access_token)).toMatchObject({
    iss: `${stack.url}/auth/v1`,
    sub: data.user!.id,
    role: "authenticated",
    aud: "authenticated",
    email: "ada@example.com",
    aal: "aal1",
    amr: [{ method: "password" }],
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { name: "Ada" },
  });
  const { data: orgs } = await supabase.from("orgs").select("slug, personal, members(role)");
  expect(orgs).toEqual([{ slug: "ada", personal: true, members: [{ role: "owner" }] }]);
});

test("sign-in, refresh and sign-out: a refreshed token has the claims too, and a session that ended is refused", async () => {
  const user = await stack.createUser("grace@example.com");
  const supabase = client();
  expect(
    (await supabase.auth.signInWithPassword({ email: user.email, password: "wrong password" })).error?.status,
  ).toBe(400);
  const signedIn = await supabase.auth.signInWithPassword({ email: user.email, password: user.password });
  expect(signedIn.error).toBeNull();
  const refreshed = await supabase.auth.refreshSession();
  expect(refreshed.error).toBeNull();
  expect(claimsOf(refreshed.data.session!.access_token)).toMatchObject({
    sub: user.id,
    aal: "aal1",
    app_metadata: { provider: "email" },
  });
  expect((await supabase.auth.getUser()).data.user?.email).toBe(user.email);
  const token = refreshed.data.session!.refresh_token;
  expect((await supabase.auth.signOut()).error).toBeNull();
  expect((await client().auth.refreshSession({ refresh_token: token })).error).not.toBeNull();
});

test("a magic link arrives at the local mail page, and both its link and its code sign in", async () => {
  const supabase = client();
  expect((await supabase.auth.signInWithOtp({ email: "link@example.com" })).error).toBeNull();
  const mail = await lastMailTo("link@example.com");
  const link = /https?:\/\/[^\s"<]*\/auth\/v1\/verify[^\s"<]*/.exec(mail.text)?.[0];
  const response = await fetch(link!, { redirect: "manual" });
  const fragment = new URLSearchParams(new URL(response.headers.get("location")!).hash.slice(1));
  expect(new URL(response.headers.get("location")!).origin).toBe(stack.url);
  expect(claimsOf(fragment.get("access_token")!)).toMatchObject({
    email: "link@example.com",
    app_metadata: { provider: "email" },
    amr: [{ method: "otp" }],
  });

  expect((await supabase.auth.signInWithOtp({ email: "link@example.com" })).error).toBeNull();
  const code = await vi.waitFor(async () => {
    const second = await lastMailTo("link@example.com");
    if (second.id === mail.id) throw new Error("no second mail yet");
    return /\b\d{6}\b/.exec(second.text)![0];
  });
  const verified = await client().auth.verifyOtp({ email: "link@example.com", token: code, type: "email" });
  expect(verified.error).toBeNull();
  expect(claimsOf(verified.data.session!.access_token).email).toBe("link@example.com");
  expect(
    (await client().auth.verifyOtp({ email: "link@example.com", token: code, type: "email" })).error,
  ).not.toBeNull();
});

test("the mail page shows caught mails as text, never as the sender's HTML", async () => {
  const mail = await lastMailTo("link@example.com");
  const page = await fetch(`${stack.url}/mail/${mail.id}`);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(await page.text()).toContain("/auth/v1/verify");
  expect((await fetch(`${stack.url}/mail/..%2Fsecrets`)).status).toBe(404);
});

test("a redirect to a stranger's page is not followed after sign-in", async () => {
  await client().auth.signInWithOtp({
    email: "redirect@example.com",
    options: { emailRedirectTo: "http://evil.example.com/" },
  });
  const mail = await lastMailTo("redirect@example.com");
  const link = new URL(/https?:\/\/[^\s"<]*\/auth\/v1\/verify[^\s"<]*/.exec(mail.text)![0]);
  link.searchParams.set("redirect_to", "http://evil.example.com/");
  const response = await fetch(link, { redirect: "manual" });
  expect(new URL(response.headers.get("location")!).origin).toBe(stack.url);
});

test("REST obeys row-level security: a stranger and an anonymous caller see nothing of an organisation", async () => {
  const [owner, stranger] = [
    await stack.createUser("owner1@example.com"),
    await stack.createUser("stranger1@example.com"),
  ];
  const asOwner = client();
  await asOwner.auth.setSession(owner.session);
  const asStranger = client();
  await asStranger.auth.setSession(stranger.session);
  const { data: mine } = await asOwner.from("orgs").select("id, slug");
  expect(mine).toHaveLength(1);
  expect((await asStranger.from("orgs").select("id").eq("id", mine![0]!.id)).data).toEqual([]);
  expect((await client().from("orgs").select("id")).error?.code).toBe("42501");
  expect((await asOwner.from("orgs").insert({ slug: "x", name: "x" })).error).not.toBeNull();
});

test("admin routes need the service role", async () => {
  const user = await stack.createUser("plain@example.com");
  const asUser = createClient(stack.url, stack.anonKey, {
    ...options,
    global: { headers: { Authorization: `Bearer ${user.session.access_token}` } },
  });
  expect((await asUser.auth.admin.listUsers()).error?.status).toBe(403);
  expect(
    (await client().auth.admin.createUser({ email: "x@example.com", password: "a password" })).error?.status,
  ).toBe(403);
  const admin = client(stack.serviceRoleKey).auth.admin;
  const made = await admin.createUser({
    email: "made@example.com",
    password: "a password",
    email_confirm: true,
    user_metadata: { a: 1 },
  });
  expect(made.data.user?.user_metadata).toMatchObject({ a: 1 });
  const id = made.data.user!.id;
  expect((await admin.createUser({ email: "MADE@example.com" })).error?.code).toBe("email_exists");
  expect((await admin.getUserById(id)).data.user?.email).toBe("made@example.com");
  expect((await admin.updateUserById(id, { password: "another password" })).error).toBeNull();
  expect(
    (await client().auth.signInWithPassword({ email: "made@example.com", password: "another password" }))
      .error,
  ).toBeNull();
  expect((await admin.listUsers()).data.users.map(({ email }) => email)).toContain("made@example.com");
  expect((await admin.deleteUser(id)).error).toBeNull();
  expect((await admin.getUserById(id)).error?.status).toBe(404);
});

test("metadata is stored as JSON objects, which policies and triggers read", async () => {
  const sql = postgres(await stack.databaseUrl(), { max: 1 });
  await client().auth.signUp({
    email: "json@example.com",
    password: "a password",
    options: { data: { team: "blue" } },
  });
  const [row] =
    await sql`select raw_user_meta_data ->> 'team' as team, raw_app_meta_data ->> 'provider' as provider,
    (select identity_data ->> 'email' from auth.identities i where i.user_id = u.id) as email from auth.users u where email = 'json@example.com'`;
  await sql.end();
  expect(row).toEqual({ team: "blue", provider: "email", email: "json@example.com" });
});

// The unsafe defaults of @supabase/lite, each tried as an attack. ----------------------------------------------------

test.each([
  "/_system/info",
  "/_system/introspect",
  "/_system/config",
  "/studio",
  "/storage/v1/_system/info",
  "/auth/v1/../../_system/info",
  "/rest/v1/..%2f..%2f_system/info",
])("attack: %s tells nothing about the server", async (path) => {
  for (const headers of [{}, { apikey: stack.anonKey }, { apikey: stack.serviceRoleKey }] as Record<
    string,
    string
  >[]) {
    const response = await fetch(stack.url + path, { headers });
    const text = await response.text();
    expect(text).not.toMatch(/postgres:\/\/|jwt_secret|password|introspect|"tables"/i);
    expect([200, 400, 404, 401].includes(response.status)).toBe(true);
  }
});

test("attack: after REST calls, anon has no rights that no migration gave", async () => {
  await client().from("orgs").select("*");
  const sql = postgres(await stack.databaseUrl(), { max: 1 });
  const rows = await sql`
    select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and (has_table_privilege('anon', c.oid, 'select') or has_table_privilege('anon', c.oid, 'insert') or has_table_privilege('anon', c.oid, 'delete'))`;
  await sql.end();
  expect(rows).toEqual([]);
});

test("attack: a table without row-level security is still read as the caller's role", async () => {
  const sql = postgres(await stack.databaseUrl(), { max: 1 });
  await sql`create table public.no_rls (secret text)`;
  await sql`insert into public.no_rls values ('s')`;
  await sql`revoke all on public.no_rls from anon, authenticated`;
  try {
    // The schema cache of the running server does not know the table; its answer must not be rows either way.
    const { data, error } = await client().from("no_rls").select("*");
    expect(data).toBeNull();
    expect(["42501", "PGRST205"]).toContain(error?.code);
  } finally {
    await sql`drop table public.no_rls`;
    await sql.end();
  }
});

test("attack: tokens forged with the published default secret, with no algorithm, or without a signature are refused", async () => {
  const claims = {
    role: "service_role",
    sub: "00000000-0000-0000-0000-000000000000",
    exp: Math.floor(Date.now() / 1000) + 3600,
  };
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const forged = [
    await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode("unsafe-secret-change-me")),
    await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode("super-secret-jwt-token-with-at-least-32-characters-long")),
    `${encode({ alg: "none", typ: "JWT" })}.${encode(claims)}.`,
    `${stack.anonKey.split(".").slice(0, 2).join(".")}.`,
  ];
  for (const token of forged) {
    const headers = { apikey: stack.anonKey, authorization: `Bearer ${token}` };
    for (const path of ["/rest/v1/orgs", "/auth/v1/user", "/auth/v1/admin/users", "/storage/v1/bucket"]) {
      const response = await fetch(stack.url + path, { headers });
      expect([path, response.status]).toEqual([
        path,
        expect.toSatisfy((status: number) => status === 401 || status === 403),
      ]);
    }
  }
});

test("attack: without an apikey, or with a wrong one, neither auth nor REST answers", async () => {
  for (const headers of [{}, { apikey: "wrong" }, { apikey: "undefined" }] as Record<string, string>[]) {
    expect((await fetch(`${stack.url}/rest/v1/orgs`, { headers })).status).toBe(401);
    expect((await fetch(`${stack.url}/auth/v1/signup`, { method: "POST", headers, body: "{}" })).status).toBe(
      401,
    );
  }
});

test("attack: a keyless request that claims to be local is no administrator", async () => {
  const response = await fetch(`${stack.url}/rest/v1/orgs`, {
    headers: { host: "localhost", "x-forwarded-for": "127.0.0.1" },
  });
  expect(response.status).toBe(401);
});

test("attack: codes cannot be guessed: ten tries for an address, then none", async () => {
  await client().auth.signInWithOtp({ email: "guess@example.com" });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) {
    const { error } = await client().auth.verifyOtp({
      email: "guess@example.com",
      token: String(100000 + i),
      type: "email",
    });
    statuses.push(error?.status ?? 200);
  }
  expect(statuses.slice(-2)).toEqual([429, 429]);
});

test("attack: nobody signs up as the owner of the machine", async () => {
  const { data, error } = await client().auth.signUp({ email: "owner@localhost", password: "a password" });
  expect(error).not.toBeNull();
  expect(data.session).toBeNull();
});

test("the owner signs in with one click from the Studio's own page, and from nowhere else", async () => {
  const ask = (headers: Record<string, string>, url = stack.url) =>
    fetch(`${url}/local/owner-session`, { method: "POST", headers });
  const response = await ask({ origin: stack.url, "sec-fetch-site": "same-origin" });
  expect(response.status).toBe(200);
  const session = (await response.json()) as { access_token: string; refresh_token: string };
  const supabase = client();
  expect((await supabase.auth.setSession(session)).error).toBeNull();
  expect((await supabase.auth.getUser()).data.user?.email).toBe("owner@localhost");
  expect((await supabase.auth.refreshSession()).error).toBeNull();
  expect((await supabase.from("orgs").select("slug")).data).toEqual([{ slug: "owner" }]);

  expect((await ask({})).status).toBe(403);
  expect((await ask({ origin: "http://evil.example.com" })).status).toBe(403);
  expect((await ask({ origin: `http://share.localhost:${stack.port}` })).status).toBe(403);
  expect((await ask({ origin: stack.url, "sec-fetch-site": "same-site" })).status).toBe(403);
  expect((await ask({ origin: stack.url, "x-forwarded-for": "203.0.113.9" })).status).toBe(403);
  expect(
    (await ask({ origin: `http://127.0.0.1:${stack.port}` }, `http://127.0.0.1:${stack.port}`)).status,
  ).toBe(403);
  expect((await fetch(`${stack.url}/local/owner-session`, { headers: { origin: stack.url } })).status).toBe(
    400,
  );
});
