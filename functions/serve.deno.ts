import process from "node:process";
import { z } from "zod";
import { connectDatabase } from "./database.ts";
import type { Deps } from "./deps.ts";
import { createHandler } from "./handler.ts";
import { createNpmHandler } from "./npm/npmHandler.ts";
import { readSecretKeys } from "../shared/secrets/secretKeys.ts";
import { makeSecretOf } from "./secretOf.ts";
import { verifyWithSecret } from "./verifyWithSecret.ts";
import { verifyWithSupabase } from "./verifyWithSupabase.ts";

/** The first four are set by Supabase for every Edge Function; the others by `supabase secrets set` (docs/HOSTED.md). */
const environmentSchema = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_ANON_KEY: z.string().min(1),
  SUPABASE_SERVICE_ROLE_KEY: z.string().min(1),
  SUPABASE_DB_URL: z.string().min(1),
  /** Base of the forge's JSON API. */
  CODER_FORGE_URL: z.url(),
  /** URL of a site with `*` for its slug, such as `https://*.coder-sites.example`. */
  CODER_SITE_URL: z.string().includes("*"),
  /** The Studio's origins, with commas between. */
  CODER_ORIGINS: z.string().transform((origins) => origins.split(",").map((origin) => origin.trim())),
  CODER_REGISTRY: z.url().optional(),
  /** Seals secrets (docs/SELF_HOSTING.md); without it none are kept. */
  CODER_SECRETS_KEY: z.string().optional(),
  /** Only for a stack whose tokens are signed with one secret and that publishes no keys. */
  CODER_JWT_SECRET: z.string().optional(),
});

/** The handler for an Edge Function, from the environment. @throws ZodError naming what is missing. */
function createDenoHandler(
  environment: Record<string, string | undefined>,
): (request: Request) => Promise<Response> {
  const env = environmentSchema.parse(environment);
  const db = connectDatabase(env.SUPABASE_DB_URL, { connections: 4 });
  const secretKeys = readSecretKeys(env.CODER_SECRETS_KEY);
  const deps: Deps = {
    db,
    secretKeys,
    secretOf: makeSecretOf(db, secretKeys),
    verifyToken:
      env.CODER_JWT_SECRET === undefined
        ? verifyWithSupabase(env.SUPABASE_URL, env.SUPABASE_ANON_KEY)
        : verifyWithSecret(env.CODER_JWT_SECRET),
    forgeUrl: env.CODER_FORGE_URL,
    storageUrl: `${env.SUPABASE_URL}/storage/v1`,
    hooksUrl: `${env.SUPABASE_URL}/functions/v1/api/hooks`,
    siteUrl: (slug) => env.CODER_SITE_URL.replace("*", slug),
    serviceKey: env.SUPABASE_SERVICE_ROLE_KEY,
    anonKey: env.SUPABASE_ANON_KEY,
    allowedOrigins: env.CODER_ORIGINS,
    npm: env.CODER_REGISTRY === undefined ? undefined : createNpmHandler({ registry: env.CODER_REGISTRY }),
    fetch: (input, init) => globalThis.fetch(input, init),
    now: () => Date.now(),
    logError: (error, where) => console.error(where.path, error),
  };
  return createHandler(deps);
}

/** Serves the API; Deno's own default server, which the Edge Runtime provides. */
export function serve(): void {
  Deno.serve(createDenoHandler(process.env));
}

declare const Deno: { serve(handler: (request: Request) => Promise<Response>): unknown };
