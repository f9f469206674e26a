import { randomBytes, randomUUID } from "node:crypto";
import type postgres from "postgres";
import { CoderError } from "../../shared/errors.ts";
import { signJwt } from "./jwt.ts";

/** A user as GoTrue's API shows it. */
export interface AuthUser {
  id: string;
  aud: string;
  role: string;
  email: string;
  phone: string;
  email_confirmed_at: string | null;
  confirmed_at: string | null;
  last_sign_in_at: string | null;
  app_metadata: Record<string, unknown>;
  user_metadata: Record<string, unknown>;
  identities: unknown[];
  is_anonymous: boolean;
  created_at: string;
  updated_at: string;
}

/** A session as GoTrue's token endpoint answers it; times in seconds. */
export interface AuthSession {
  access_token: string;
  refresh_token: string;
  token_type: "bearer";
  expires_in: number;
  expires_at: number;
  user: AuthUser;
}

export interface NewUser {
  email: string;
  password?: string;
  email_confirm?: boolean;
  user_metadata?: Record<string, unknown>;
  app_metadata?: Record<string, unknown>;
}

/** What @supabase/lite lacks for an administrator, done on the tables of auth. `sql` is connected as `supabase_lite`. */
export interface Accounts {
  create(user: NewUser): Promise<AuthUser>;
  list(page: { page: number; perPage: number }): Promise<AuthUser[]>;
  /** @throws CoderError `not_found` */
  get(id: string): Promise<AuthUser>;
  findByEmail(email: string): Promise<AuthUser | undefined>;
  update(id: string, changes: Partial<NewUser>): Promise<AuthUser>;
  remove(id: string): Promise<void>;
  /** A new session without a password: for the owner of the machine, and for tests. */
  openSession(user: AuthUser): Promise<AuthSession>;
}

export const accessTokenSeconds = 3600;

/** @param options.issuer the auth server's URL, claim `iss` of the tokens. */
export function createAccounts(options: { sql: postgres.Sql; jwtSecret: string; issuer: string }): Accounts {
  const { sql } = options;
  const find = async (condition: postgres.PendingQuery<postgres.Row[]>): Promise<AuthUser | undefined> => {
    const [row] = await sql<UserRow[]>`select ${userColumns(sql)} from auth.users u where ${condition}`;
    return row && toAuthUser(row);
  };
  const get = async (id: string): Promise<AuthUser> => {
    if (!uuid.test(id)) throw new CoderError("not_found", "User not found");
    const user = await find(sql`u.id = ${id}`);
    if (!user) throw new CoderError("not_found", "User not found");
    return user;
  };
  return {
    get,
    findByEmail: (email) => find(sql`u.email = ${email.toLowerCase()}`),
    async list({ page, perPage }) {
      const rows = await sql<
        UserRow[]
      >`select ${userColumns(sql)} from auth.users u order by created_at, id limit ${perPage} offset ${(page - 1) * perPage}`;
      return rows.map(toAuthUser);
    },
    async create(user) {
      const id = await createUser(sql, user);
      return get(id);
    },
    async update(id, changes) {
      await get(id);
      await updateUser(sql, id, changes);
      return get(id);
    },
    async remove(id) {
      await get(id);
      await sql`delete from auth.refresh_tokens where user_id = ${id}`;
      await sql`delete from auth.users where id = ${id}`;
    },
    openSession: (user) => openSession(options, user),
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface UserRow extends Omit<AuthUser, "identities"> {
  identities: unknown[] | null;
}

function userColumns(sql: postgres.Sql): postgres.PendingQuery<postgres.Row[]> {
  const time = (column: string) =>
    sql`to_char(${sql(column)} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return sql`
    u.id, u.aud, u.role, coalesce(u.email, '') as email, coalesce(u.phone, '') as phone,
    ${time("email_confirmed_at")} as email_confirmed_at, ${time("confirmed_at")} as confirmed_at,
    ${time("last_sign_in_at")} as last_sign_in_at, ${time("created_at")} as created_at, ${time("updated_at")} as updated_at,
    u.is_anonymous, coalesce(u.raw_app_meta_data, '{}') as app_metadata, coalesce(u.raw_user_meta_data, '{}') as user_metadata,
    (select jsonb_agg(jsonb_build_object('identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'provider', i.provider,
      'identity_data', i.identity_data, 'email', i.email)) from auth.identities i where i.user_id = u.id) as identities`;
}

function toAuthUser(row: UserRow): AuthUser {
  return { ...row, identities: row.identities ?? [] };
}

async function createUser(sql: postgres.Sql, user: NewUser): Promise<string> {
  const email = user.email.toLowerCase();
  const id = randomUUID();
  const metadata = { ...user.user_metadata, email, email_verified: true, phone_verified: false, sub: id };
  const appMetadata = { provider: "email", providers: ["email"], ...user.app_metadata };
  // A password nobody knows, rather than none: a row without one behaves differently in other flows.
  const password = user.password ?? randomBytes(24).toString("base64url");
  return sql.begin(async (tx) => {
    // Two requests for one address: the unique index decides, and the loser is told so below.
    const inserted = await tx`
      insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
      values (${id}, 'authenticated', 'authenticated', ${email}, extensions.crypt(${password}, extensions.gen_salt('bf', 10)),
        ${user.email_confirm === false ? null : tx`now()`}, ${tx.json(appMetadata)}, ${tx.json(metadata)})
      on conflict (email) where is_sso_user = false do nothing returning id`;
    if (inserted.length === 0) {
      throw new CoderError("conflict", "A user with this email address has already been registered");
    }
    await tx`insert into auth.identities (id, provider, provider_id, user_id, identity_data)
      values (${randomUUID()}, 'email', ${id}, ${id}, ${tx.json(metadata)})`;
    return id;
  });
}

async function updateUser(sql: postgres.Sql, id: string, changes: Partial<NewUser>): Promise<void> {
  await sql`update auth.users set
    email = coalesce(${changes.email?.toLowerCase() ?? null}, email),
    encrypted_password = case when ${changes.password ?? null}::text is null then encrypted_password
      else extensions.crypt(${changes.password ?? null}::text, extensions.gen_salt('bf', 10)) end,
    email_confirmed_at = case when ${changes.email_confirm ?? false} then coalesce(email_confirmed_at, now()) else email_confirmed_at end,
    raw_user_meta_data = raw_user_meta_data || ${sql.json((changes.user_metadata ?? {}) as postgres.JSONValue)},
    raw_app_meta_data = raw_app_meta_data || ${sql.json((changes.app_metadata ?? {}) as postgres.JSONValue)},
    updated_at = now() where id = ${id}`;
}

async function openSession(
  options: { sql: postgres.Sql; jwtSecret: string; issuer: string },
  user: AuthUser,
): Promise<AuthSession> {
  const { sql } = options;
  const sessionId = randomUUID();
  // The form that @supabase/lite's refresh accepts.
  const refreshToken = randomUUID();
  await sql.begin(async (tx) => {
    await tx`insert into auth.sessions (id, user_id, aal) values (${sessionId}, ${user.id}, 'aal1')`;
    await tx`insert into auth.refresh_tokens (id, token, user_id, session_id) values (${randomUUID()}, ${refreshToken}, ${user.id}, ${sessionId})`;
    await tx`update auth.users set last_sign_in_at = now() where id = ${user.id}`;
  });
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = accessClaims(user, { sessionId, issuedAt, issuer: options.issuer, method: "password" });
  return {
    access_token: await signJwt(claims, options.jwtSecret),
    refresh_token: refreshToken,
    token_type: "bearer",
    expires_in: accessTokenSeconds,
    expires_at: issuedAt + accessTokenSeconds,
    user,
  };
}

/** The claims that hosted Supabase puts into a user's access token. */
export function accessClaims(
  user: Pick<AuthUser, "id" | "email" | "app_metadata" | "user_metadata"> & {
    phone?: string;
    role?: string;
    is_anonymous?: boolean;
  },
  session: { sessionId: string; issuedAt: number; issuer: string; method: string; expiresAt?: number },
): Record<string, unknown> {
  return {
    iss: session.issuer,
    sub: user.id,
    aud: "authenticated",
    exp: session.expiresAt ?? session.issuedAt + accessTokenSeconds,
    iat: session.issuedAt,
    role: user.role || "authenticated",
    email: user.email,
    phone: user.phone ?? "",
    app_metadata: user.app_metadata,
    user_metadata: user.user_metadata,
    aal: "aal1",
    amr: [{ method: session.method, timestamp: session.issuedAt }],
    session_id: session.sessionId,
    is_anonymous: user.is_anonymous ?? false,
  };
}
