import postgres from "postgres";
import { CoderError } from "../../shared/errors.ts";
import {
  accessClaims,
  accessTokenSeconds,
  createAccounts,
  type Accounts,
  type AuthUser,
} from "./accounts.ts";
import { handleAdmin } from "./authAdmin.ts";
import { bearerOf, signJwt, verifyJwt } from "./jwt.ts";
import type { MailCatcher } from "./mail.ts";
import { makeRateLimit } from "../../shared/rateLimit.ts";

interface LiteOptions {
  /** As the role `supabase_lite`. */
  databaseUrl: string;
  jwtSecret: string;
  anonKey: string;
  serviceRoleKey: string;
  /** Our own origin: links in mails, redirects after sign-in, issuer of the tokens. */
  origin: string;
  mail: Pick<MailCatcher, "send">;
  github?: { clientId: string; secret: string; url?: string };
  /** Attempts with a password or a code per client address. */
  attempts?: { burst: number; perSecond: number };
}

export interface Lite {
  /** Answers `/auth/v1/*` and `/rest/v1/*`, and nothing else: @supabase/lite's other routes tell the database's password. */
  fetch(request: Request, peerAddress: string): Promise<Response>;
  accounts: Accounts;
  clearSchemaCache(): Promise<void>;
  close(): Promise<void>;
}

/** Auth and REST by @supabase/lite, with its open defaults closed and its gaps against supabase-js filled. */
export async function createLite(options: LiteOptions): Promise<Lite> {
  process.env.LITE_TELEMETRY = "0";
  const [{ App }, { createPostgresConnection }] = await Promise.all([
    import("@supabase/lite"),
    import("@supabase/lite/postgres"),
  ]);
  const connection = createPostgresConnection({
    url: options.databaseUrl,
    postgresOptions: { max: 10, onnotice: () => undefined },
  });
  // Its own detection GRANTs ALL on all tables to anon, and with no RLS table at the first request never sets a role.
  (connection as unknown as { rlsState: string }).rlsState = "active";
  const app = new App({
    connection,
    api: { enabled: true, schemas: ["public"] },
    storage: { enabled: false },
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      publishable_key: options.anonKey,
      secret_key: options.serviceRoleKey,
      site_url: options.origin,
      additional_redirect_urls: [`${options.origin}/**`],
      jwt_expiry: accessTokenSeconds,
      minimum_password_length: 8,
      ...githubConfig(options),
    },
    options: {
      server: { admin: false, disableStudio: true, disableFallback: true },
      drivers: { email: options.mail },
    },
  });
  const sql = postgres(options.databaseUrl, { max: 4, onnotice: () => undefined });
  const accounts = createAccounts({ sql, jwtSecret: options.jwtSecret, issuer: `${options.origin}/auth/v1` });
  const attempts = makeRateLimit(options.attempts ?? { burst: 60, perSecond: 1 });
  const codes = makeRateLimit({ burst: 10, perSecond: 1 / 60 });
  const forward = (request: Request, peerAddress: string) => app.fetch(request, { peerAddress });
  return {
    accounts,
    async fetch(request, peerAddress) {
      const { pathname } = new URL(request.url);
      if (pathname.startsWith("/rest/v1/")) return withoutCors(await forward(request, peerAddress));
      if (!pathname.startsWith("/auth/v1/"))
        throw new CoderError("not_found", `There is nothing at ${pathname}.`);
      if (pathname.startsWith("/auth/v1/admin/")) {
        await requireServiceRole(request, options);
        return handleAdmin(request, accounts);
      }
      if (guessable.test(pathname) && request.method !== "OPTIONS" && !attempts.take(peerAddress))
        return tooMany();
      const response = await authenticate({ request, peerAddress, forward, codes, options });
      return withoutCors(response);
    },
    clearSchemaCache: () => connection.clearSchemaCache(),
    async close() {
      await Promise.all([sql.end({ timeout: 2 }), connection.close()]);
    },
  };
}

/** The routes at which a password, a code or somebody's address can be tried out. */
const guessable = /^\/auth\/v1\/(token|signup|verify|otp|magiclink|recover|resend|reauthenticate)$/;

function githubConfig(options: LiteOptions) {
  if (!options.github) return {};
  const { clientId, secret, url } = options.github;
  return {
    external: {
      github: {
        enabled: true,
        client_id: clientId,
        secret,
        redirect_uri: `${options.origin}/auth/v1/callback`,
        ...(url === undefined ? {} : { url }),
      },
    },
  };
}

async function requireServiceRole(request: Request, options: LiteOptions): Promise<void> {
  const claims = await verifyJwt(bearerOf(request) ?? "", options.jwtSecret);
  if (!claims) throw new CoderError("unauthenticated", "This endpoint requires a valid Bearer token");
  if (claims.role !== "service_role") throw new CoderError("forbidden", "User not allowed");
}

function tooMany(): Response {
  return Response.json(
    {
      code: 429,
      error_code: "over_request_rate_limit",
      msg: "Too many attempts; wait a minute and try again.",
    },
    { status: 429, headers: { "retry-after": "60" } },
  );
}

interface Call {
  request: Request;
  peerAddress: string;
  forward(request: Request, peerAddress: string): Response | Promise<Response>;
  codes: { take(key: string): boolean };
  options: LiteOptions;
}

async function authenticate(call: Call): Promise<Response> {
  const { request, peerAddress, forward } = call;
  const url = new URL(request.url);
  if (url.pathname === "/auth/v1/verify") return resign(await verify(call), call, "otp");
  const response = await forward(request, peerAddress);
  const method =
    url.searchParams.get("grant_type") === "pkce" || url.pathname === "/auth/v1/callback"
      ? "oauth"
      : "password";
  if (["/auth/v1/token", "/auth/v1/signup", "/auth/v1/callback"].includes(url.pathname))
    return resign(response, call, method);
  return response;
}

/** `type: "email"` means any code that was mailed; @supabase/lite knows only the exact kinds, so they are tried in turn. */
async function verify({ request, peerAddress, forward, codes }: Call): Promise<Response> {
  const url = new URL(request.url);
  if (request.method === "GET") {
    const candidates = kinds(url.searchParams.get("type"));
    return firstSuccess(candidates, (type) => {
      url.searchParams.set("type", type);
      return forward(new Request(url, { headers: request.headers }), peerAddress);
    });
  }
  const body = (await request.json().catch(() => ({}))) as Record<string, unknown>;
  // Six digits are a million tries; ten for an address, then one a minute.
  if (typeof body.email === "string" && !codes.take(body.email.toLowerCase())) return tooMany();
  const headers = new Headers(request.headers);
  headers.delete("content-length");
  return firstSuccess(kinds(body.type), (type) =>
    forward(
      new Request(url, { method: "POST", headers, body: JSON.stringify({ ...body, type }) }),
      peerAddress,
    ),
  );
}

function kinds(type: unknown): string[] {
  return type === "email" ? ["magiclink", "signup", "recovery"] : [String(type)];
}

async function firstSuccess(
  candidates: string[],
  attempt: (type: string) => Response | Promise<Response>,
): Promise<Response> {
  let first: Response | undefined;
  for (const type of candidates) {
    const response = await attempt(type);
    const failed = response.status >= 400 || (response.headers.get("location") ?? "").includes("error=");
    if (!failed) return response;
    first ??= response;
  }
  return first ?? tooMany();
}

/**
 * Signs the token of a session answer again with the claims that policies and other services expect from hosted
 * Supabase; @supabase/lite leaves out app_metadata, user_metadata, aal, amr and iss.
 */
async function resign(response: Response, call: Call, method: string): Promise<Response> {
  const location = response.headers.get("location");
  if (location?.includes("#access_token=") || location?.includes("&access_token="))
    return resignRedirect(response, call, method);
  if (!response.ok || !response.headers.get("content-type")?.includes("json")) return response;
  const body = (await response.json()) as { access_token?: string; user?: AuthUser };
  if (body.access_token && body.user) {
    body.access_token = await resignToken({
      token: body.access_token,
      user: body.user,
      options: call.options,
      method,
    });
  }
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return new Response(JSON.stringify(body), { status: response.status, headers });
}

async function resignRedirect(
  response: Response,
  { forward, peerAddress, options }: Call,
  method: string,
): Promise<Response> {
  const target = new URL(response.headers.get("location") ?? "", options.origin);
  const fragment = new URLSearchParams(target.hash.slice(1));
  const token = fragment.get("access_token") ?? "";
  const found = await forward(
    new Request(`${options.origin}/auth/v1/user`, {
      headers: { apikey: options.anonKey, authorization: `Bearer ${token}` },
    }),
    peerAddress,
  );
  if (!found.ok)
    throw new CoderError("internal", `The session that was just made has no user (status ${found.status}).`);
  fragment.set(
    "access_token",
    await resignToken({ token, user: (await found.json()) as AuthUser, options, method }),
  );
  target.hash = fragment.toString();
  return new Response(null, {
    status: response.status,
    headers: { location: target.href, "cache-control": "no-store" },
  });
}

async function resignToken(input: {
  token: string;
  user: AuthUser;
  options: LiteOptions;
  method: string;
}): Promise<string> {
  const { token, user, options, method } = input;
  const old = await verifyJwt(token, options.jwtSecret);
  if (!old?.session_id)
    throw new CoderError("internal", "The auth server answered with a token that is not its own.");
  const issuedAt = old.iat ?? Math.floor(Date.now() / 1000);
  const session = { sessionId: old.session_id, issuedAt, issuer: `${options.origin}/auth/v1`, method };
  return signJwt(
    accessClaims(user, old.exp === undefined ? session : { ...session, expiresAt: old.exp }),
    options.jwtSecret,
  );
}

/** It answers every origin with a star; only our own pages and programs outside of browsers are served. */
function withoutCors(response: Response): Response {
  const headers = new Headers(response.headers);
  // Collected first: deleting while iterating skips entries.
  const names = Array.from(headers.keys()).filter((name) => name.startsWith("access-control-"));
  for (const name of names) headers.delete(name);
  return new Response(response.body, { status: response.status, headers });
}
