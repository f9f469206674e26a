import type { KyselifyDatabase } from "kysely-supabase";
import type { Kysely } from "kysely";
import type { SecretKeys } from "../shared/secrets/secretKeys.ts";
import type { Database } from "../supabase/database.gen.ts";

/** The tables of schema public, typed by `supabase gen types`. */
export type Tables = KyselifyDatabase<Database>;

/** What a verified access token says. Everything else in the token is passed to Postgres unread. */
export interface Claims {
  /** The user's id; absent in a service token. */
  sub?: string | undefined;
  role: string;
  email?: string | undefined;
  [claim: string]: unknown;
}

/** Everything the handler takes from outside. `serve.node.ts` and `serve.deno.ts` make one each. */
export interface Deps {
  /** Pool that connects as a role which may become `authenticated` and `service_role`. */
  db: Kysely<Tables>;
  /** @throws CoderError `unauthenticated` for a token that is forged, expired or not ours. */
  verifyToken(token: string): Promise<Claims>;
  /** Base URL of the forge's JSON API, such as `http://localhost:3000/forge/v1`. */
  forgeUrl: string;
  /** Base URL of Supabase Storage, such as `http://localhost:3000/storage/v1`. */
  storageUrl: string;
  /** Public base of the addresses of webhooks, such as `http://localhost:3000/hooks`. */
  hooksUrl: string;
  /** Public URL of the site with this slug. */
  siteUrl(slug: string): string;
  /** JWT of the role service_role: reads storage where the caller's own rights do not reach. */
  serviceKey: string;
  /** The project's publishable key, which hosted Supabase asks for beside the token. */
  anonKey: string;
  /** Origins of the Studio: the only ones that may call from a browser. */
  allowedOrigins: readonly string[];
  /** The package registry's proxy, mounted under `npm`; absent where something in front of us serves it. */
  npm?: ((request: Request) => Promise<Response>) | undefined;
  /** Seal and open secrets; undefined where the installation keeps none. */
  secretKeys: SecretKeys | undefined;
  /**
   * Value of a project's secret, as a run of no environment would get it; undefined when there is none. For the server's
   * own use (to verify a webhook), never for an answer.
   * @throws CoderError `unavailable` when it is there and cannot be opened.
   */
  secretOf(projectId: string, name: string): Promise<string | undefined>;
  fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Takes every error whose cause stays on the server. */
  logError(error: unknown, where: { path: string }): void;
}
