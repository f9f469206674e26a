import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createAdaptorServer } from "@hono/node-server";
import postgres from "postgres";
import { z } from "zod";
import { createNpmHandler } from "../functions/npm/npmHandler.ts";
import { verifyWithSecret } from "../functions/verifyWithSecret.ts";
import { verifyWithSupabase } from "../functions/verifyWithSupabase.ts";
import { CoderError, toCoderError, toErrorBody } from "../shared/errors.ts";
import { createForge } from "../workflows/forges/embedded/forgeServer.ts";
import { keepSweeping } from "../workflows/forges/embedded/keepSweeping.ts";
import { createSites } from "./local/sites.ts";
import type { Storage } from "./local/storage.ts";
import { createStudio } from "./local/studio.ts";

const environmentSchema = z.object({
  SUPABASE_URL: z.url(),
  SUPABASE_ANON_KEY: z.string().min(1),
  SUPABASE_SERVICE_ROLE_KEY: z.string().min(1),
  SUPABASE_DB_URL: z.string().min(1),
  /** URL of a site with `*` for its slug, such as `https://*.coder-sites.example`. */
  CODER_SITE_URL: z.string().includes("*"),
  /** The disk with the repositories. */
  CODER_GIT_DIRECTORY: z.string().min(1),
  CODER_REGISTRY: z.url(),
  PORT: z.coerce.number().int().min(0).default(8080),
  CODER_JWT_SECRET: z.string().optional(),
});

export interface HostedServer {
  port: number;
  close(): Promise<void>;
}

/**
 * What hosted Supabase does not do: git and the forge's API, the sites, the package registry's proxy. One process with a
 * disk, behind a proxy that ends TLS (docs/HOSTED.md). It also passes `/storage/v1` on, so that workers need one address.
 * @throws ZodError naming what is missing in the environment.
 */
export async function startHostedServer(
  environment: Record<string, string | undefined>,
): Promise<HostedServer> {
  const env = environmentSchema.parse(environment);
  const verifyToken =
    env.CODER_JWT_SECRET === undefined
      ? verifyWithSupabase(env.SUPABASE_URL, env.SUPABASE_ANON_KEY)
      : verifyWithSecret(env.CODER_JWT_SECRET);
  const sql = postgres(env.SUPABASE_DB_URL, { max: 6, onnotice: () => undefined });
  const forge = createForge({
    sql,
    gitDirectory: env.CODER_GIT_DIRECTORY,
    serviceKey: env.SUPABASE_SERVICE_ROLE_KEY,
    async verifyToken(token) {
      const { sub } = await verifyToken(token);
      if (sub === undefined) throw new CoderError("unauthenticated", "This token is not a user's");
      return { sub };
    },
    onError: (error) => console.error("forge", error),
  });
  const stopSweeping = keepSweeping(forge, (error) => console.error("forge", error));
  const sites = createSites({ databaseUrl: env.SUPABASE_DB_URL, storage: storageOver(env) });
  const previews = createStudio(join(fileURLToPath(new URL("..", import.meta.url)), "web/dist"));
  const npm = createNpmHandler({ registry: env.CODER_REGISTRY });

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const label = siteLabel(env.CODER_SITE_URL, url.hostname);
    if (label !== undefined) {
      return /--(?:preview|run)$/.test(label)
        ? previews.fetchPreviewOrigin(request)
        : sites.fetch(request, label);
    }
    const { pathname } = url;
    if (pathname.startsWith("/git/") || pathname.startsWith("/forge/v1/")) return forge.fetch(request);
    if (pathname.startsWith("/npm/")) return npm(request);
    if (pathname.startsWith("/storage/v1/")) return passOn(env.SUPABASE_URL, request);
    if (pathname === "/healthz") {
      await sql`select 1`;
      return new Response("ok");
    }
    throw new CoderError("not_found", "There is nothing at this address");
  }

  const server = createAdaptorServer({
    fetch: async (request) => {
      try {
        return await answer(request);
      } catch (thrown) {
        const error = toCoderError(thrown);
        if (error.code === "internal") console.error(error);
        return Response.json(toErrorBody(error), { status: error.httpStatus });
      }
    },
    overrideGlobalObjects: false,
  });
  server.listen(env.PORT);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close();
      await stopSweeping();
      await sites.close();
      await sql.end();
    },
  };
}

/** The slug in a host name, by the pattern of the sites' URLs; undefined for any other name. */
export function siteLabel(siteUrl: string, hostname: string): string | undefined {
  const [before = "", after = ""] = new URL(siteUrl.replace("*", "--slug--")).hostname.split("--slug--");
  if (!hostname.startsWith(before) || !hostname.endsWith(after)) return undefined;
  const label = hostname.slice(before.length, hostname.length - after.length);
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label) ? label : undefined;
}

interface Hosted {
  SUPABASE_URL: string;
  SUPABASE_ANON_KEY: string;
  SUPABASE_SERVICE_ROLE_KEY: string;
}

/** What the sites read, from hosted storage. */
function storageOver(env: Hosted): Pick<Storage, "readForServer"> {
  return {
    async readForServer({ bucket, name }, range) {
      const headers = new Headers({
        authorization: `Bearer ${env.SUPABASE_SERVICE_ROLE_KEY}`,
        apikey: env.SUPABASE_ANON_KEY,
      });
      if (range !== undefined) headers.set("range", `bytes=${range.start}-${range.end}`);
      const url = `${env.SUPABASE_URL}/storage/v1/object/authenticated/${bucket}/${name}`;
      const response = await fetch(url, { headers });
      if (response.status === (range === undefined ? 200 : 206)) return response.body ?? undefined;
      await response.body?.cancel();
      if (response.status === 404 || response.status === 400) return undefined;
      throw new CoderError("unavailable", "Storage cannot be reached right now; try again in a moment", {
        cause: new Error(`Storage answered ${response.status}`),
      });
    },
  };
}

async function passOn(supabaseUrl: string, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  const init: RequestInit & { duplex?: "half" } = { method: request.method, headers, redirect: "manual" };
  if (request.body !== null) Object.assign(init, { body: request.body, duplex: "half" });
  const response = await fetch(new URL(pathname + search, supabaseUrl), init);
  const answered = new Headers(response.headers);
  // fetch has undone the encoding.
  for (const name of ["content-encoding", "content-length", "transfer-encoding", "connection"])
    answered.delete(name);
  return new Response(response.body, { status: response.status, headers: answered });
}

if (import.meta.main) {
  const server = await startHostedServer(process.env);
  console.error(`Git and sites on port ${server.port}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void server.close());
}
