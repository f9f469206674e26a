import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import type { Sql } from "../../engine/database.ts";
import { createForge } from "../../forges/embedded/forgeServer.ts";
import type { SiteManifest } from "../../steps/step.ts";

export interface LocalServices {
  /** Origin, as the engine's settings want it. */
  url: string;
  serviceKey: string;
  readObject(bucket: string, name: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * The parts of the stack that the engine calls over HTTP, on a port of this machine that lives as long as the command:
 * the forge, object storage as files, and the sites that the run deploys. So the engine and its steps run as they are.
 */
export async function startLocalServices({
  sql,
  directory,
}: {
  sql: Sql;
  directory: string;
}): Promise<LocalServices> {
  const serviceKey = randomBytes(32).toString("base64url");
  const objects = join(directory, "objects");
  await mkdir(objects, { recursive: true });
  const forge = createForge({
    sql,
    gitDirectory: join(directory, "git"),
    serviceKey,
    verifyToken: () => Promise.reject(new Error("Nobody but the engine has access here")),
  });
  const fileOf = (bucket: string, name: string) =>
    join(objects, createHash("sha256").update(`${bucket}/${name}`).digest("hex"));
  const readObject = async (bucket: string, name: string): Promise<Uint8Array> =>
    readFile(fileOf(bucket, name));

  const serveStorage = async (request: Request, path: string): Promise<Response> => {
    if (request.headers.get("authorization") !== `Bearer ${serviceKey}`)
      return new Response(null, { status: 403 });
    const [bucket = "", ...name] = path.split("/");
    const file = fileOf(bucket, name.join("/"));
    if (request.method === "POST") {
      await writeFile(file, new Uint8Array(await request.arrayBuffer()));
      return Response.json({});
    }
    const found = await readFile(file).catch(() => undefined);
    const body = found !== undefined && request.method === "GET" ? new Uint8Array(found) : null;
    return new Response(body, { status: found === undefined ? 404 : 200 });
  };

  const serveSite = async (slug: string, pathname: string): Promise<Response> => {
    const site = await siteOf(sql, slug);
    const path = pathname.endsWith("/") ? `${pathname.slice(1)}index.html` : pathname.slice(1);
    const file = site?.manifest[decodeURIComponent(path)];
    if (site === undefined || file === undefined) return new Response("Not found", { status: 404 });
    const bytes = await readObject("sites", `${site.orgId}/${file.sha256}`);
    return new Response(new Uint8Array(bytes), { headers: { "content-type": file.type } });
  };

  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      const slug = /^([a-z0-9-]+)\.localhost(?::\d+)?$/.exec(request.headers.get("host") ?? "")?.[1];
      if (slug !== undefined) return serveSite(slug, pathname);
      const storage = "/storage/v1/object/";
      if (pathname.startsWith(storage)) return serveStorage(request, pathname.slice(storage.length));
      return forge.fetch(request);
    },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    serviceKey,
    readObject,
    async close() {
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** What a site serves now. */
export async function siteOf(
  sql: Sql,
  slug: string,
): Promise<{ orgId: string; manifest: SiteManifest } | undefined> {
  const [row] = await sql<{ orgId: string; manifest: SiteManifest }[]>`
    select d.org_id as "orgId", d.manifest from public.sites s
    join public.deployments d on d.id = s.current_deployment_id where s.slug = ${slug}`;
  return row;
}
