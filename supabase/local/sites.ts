import postgres from "postgres";
import { z } from "zod";
import { contentTypeOf, isHashedName } from "./staticFiles.ts";
import { rangeOf } from "./storage/download.ts";
import type { Storage } from "./storage.ts";

export interface Sites {
  /** Answers a request to `<slug>.localhost`. */
  fetch(request: Request, slug: string): Promise<Response>;
  close(): Promise<void>;
}

const manifestSchema = z.record(
  z.string(),
  z.object({ sha256: z.string(), size: z.number(), type: z.string().optional() }),
);
type Manifest = z.infer<typeof manifestSchema>;

interface SiteRow {
  org_id: string;
  kind: "share" | "preview" | "prod";
  revoked: boolean;
  deployment_id: string | null;
}

/**
 * Serves shares and deployments, each on its own origin: `<slug>.localhost`. A site's current deployment names its files
 * by content; the bytes are in the storage bucket `sites` under `<orgId>/<sha256>`. So a rollback is one column, and a
 * deployment that is being made is never seen in part.
 */
export function createSites(options: {
  databaseUrl: string;
  storage: Pick<Storage, "readForServer">;
}): Sites {
  const sql = postgres(options.databaseUrl, { max: 4, onnotice: () => undefined });
  const manifests = new Map<string, Manifest>();
  return {
    async fetch(request, slug) {
      if (request.method !== "GET" && request.method !== "HEAD")
        return page(405, "Method not allowed", "A site answers GET only.");
      const site = await findSite(sql, slug);
      if (!site) return page(404, "No such site", "There is no site at this address.");
      if (site.revoked) return page(410, "This link was revoked", "Whoever shared it has taken it back.");
      if (!site.deployment_id) return page(404, "Nothing here yet", "This site has no deployment.");
      const manifest = await manifestOf({ sql, manifests, id: site.deployment_id });
      const { pathname } = new URL(request.url);
      const path = resolve(manifest, pathname, request);
      const file = path === undefined ? undefined : manifest[path];
      if (path === undefined || file === undefined)
        return notFound({ manifest, site, request, storage: options.storage });
      return serveFile({ request, path, file, site, storage: options.storage, status: 200 });
    },
    close: () => sql.end({ timeout: 2 }),
  };
}

async function findSite(sql: postgres.Sql, slug: string): Promise<SiteRow | undefined> {
  const [row] = await sql.begin(async (tx) => {
    await tx`set local role service_role`;
    return tx<SiteRow[]>`
      select org_id, kind, revoked_at is not null as revoked, current_deployment_id as deployment_id
      from public.sites where slug = ${slug}`;
  });
  return row;
}

async function manifestOf(input: {
  sql: postgres.Sql;
  manifests: Map<string, Manifest>;
  id: string;
}): Promise<Manifest> {
  const { sql, manifests, id } = input;
  const known = manifests.get(id);
  if (known) return known;
  const [row] = await sql.begin(async (tx) => {
    await tx`set local role service_role`;
    return tx<{ manifest: unknown }[]>`select manifest from public.deployments where id = ${id}`;
  });
  const raw = manifestSchema.parse(row?.manifest ?? {});
  const manifest = Object.fromEntries(
    Object.entries(raw).map(([path, file]) => [path.replace(/^\//, ""), file]),
  );
  // Deployments never change; the oldest is forgotten so that many of them do not fill the memory.
  const [oldest] = manifests.keys();
  if (manifests.size >= 200 && oldest !== undefined) manifests.delete(oldest);
  manifests.set(id, manifest);
  return manifest;
}

function resolve(manifest: Manifest, pathname: string, request: Request): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(pathname).replace(/^\/+/, "");
  } catch {
    return undefined;
  }
  const has = (name: string) => Object.hasOwn(manifest, name);
  if (path !== "" && has(path)) return path;
  const index = path === "" || path.endsWith("/") ? `${path}index.html` : `${path}/index.html`;
  if (has(index)) return index;
  if (has(`${path}.html`)) return `${path}.html`;
  // A page of the app's own router: only for a navigation, so that a missing script is an error and not a page.
  const last = path.split("/").at(-1) ?? "";
  const isPage = request.headers.get("accept")?.includes("text/html") === true || !last.includes(".");
  return isPage && !last.includes(".") && !has("404.html") && has("index.html") ? "index.html" : undefined;
}

interface ServeFile {
  request: Request;
  path: string;
  file: Manifest[string];
  site: SiteRow;
  storage: Pick<Storage, "readForServer">;
  status: number;
}

async function serveFile({ request, path, file, site, storage, status }: ServeFile): Promise<Response> {
  const etag = `"${file.sha256}"`;
  const headers = new Headers({
    "content-type": withCharset(file.type ?? contentTypeOf(path)),
    "cache-control": isHashedName(path) ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
    "x-content-type-options": "nosniff",
    // The Studio, which is isolated, may show a site's files and frames.
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "strict-origin-when-cross-origin",
    "origin-agent-cluster": "?1",
    ...(site.kind === "prod" ? {} : { "x-robots-tag": "noindex" }),
  });
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  headers.set("accept-ranges", "bytes");
  // Films are asked for in parts; some browsers play none otherwise.
  const range = status === 200 ? rangeOf(request, file.size) : undefined;
  if (range === "unsatisfiable") {
    headers.set("content-range", `bytes */${file.size}`);
    return new Response(null, { status: 416, headers });
  }
  if (range) headers.set("content-range", `bytes ${range.start}-${range.end}/${file.size}`);
  headers.set("content-length", String(range ? range.end - range.start + 1 : file.size));
  const found = range ? 206 : status;
  if (request.method === "HEAD" || file.size === 0) return new Response(null, { status: found, headers });
  const body = await storage.readForServer({ bucket: "sites", name: `${site.org_id}/${file.sha256}` }, range);
  if (!body)
    return page(502, "A file is missing", "The bytes of this file are not in the storage; deploy again.");
  return new Response(body, { status: found, headers });
}

async function notFound(input: {
  manifest: Manifest;
  site: SiteRow;
  request: Request;
  storage: Pick<Storage, "readForServer">;
}): Promise<Response> {
  const file = input.manifest["404.html"];
  if (!file) return page(404, "Not found", "This site has no such page.");
  return serveFile({ ...input, path: "404.html", file, status: 404 });
}

function withCharset(type: string): string {
  return /^(text\/|application\/(javascript|json))/.test(type) && !type.includes("charset")
    ? `${type}; charset=utf-8`
    : type;
}

function page(status: number, title: string, text: string): Response {
  const style =
    "body{font:16px/1.5 system-ui,sans-serif;display:grid;place-content:center;min-height:90vh;text-align:center;color-scheme:light dark}";
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head><body><main><h1>${title}</h1><p>${text}</p></main></body></html>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "cross-origin-resource-policy": "cross-origin",
      "x-content-type-options": "nosniff",
    },
  });
}
