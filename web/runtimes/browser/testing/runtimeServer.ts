import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { mimeType } from "../compile/mime.ts";
import { buildPreviewOrigin } from "../previewOrigin.build.ts";

const browser = fileURLToPath(new URL("..", import.meta.url));

export interface RuntimeServer {
  /** Origin of the Studio's stand-in, e.g. "http://localhost:41231". */
  origin: string;
  /** Sites by host name without port: their files are served at `http://<name>.localhost:<port>`. */
  sites: Map<string, Map<string, Uint8Array>>;
  close(): Promise<void>;
}

interface RuntimeServerOptions {
  /** Answers `/npm/*`. */
  npm(request: Request): Promise<Response>;
  /** Leave out the headers that make the page cross-origin isolated. */
  isolated?: boolean;
}

/** The registry that npm is configured to use. */
export function configuredRegistry(): string {
  return execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
}

/** Builds the runtime with a bare page that imports it, and serves it as the stack does (README.md lists the headers). */
export async function startRuntimeServer(options: RuntimeServerOptions): Promise<RuntimeServer> {
  const dist = await mkdtemp(join(tmpdir(), "coder-runtime-"));
  await Promise.all([buildPreviewOrigin(join(dist, "preview-origin")), buildPage(join(dist, "studio"))]);
  const sites: RuntimeServer["sites"] = new Map();
  const server = createServer((request, response) => {
    void answer(request, response, { dist, sites, options }).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The test server has no port.");
  return {
    origin: `http://localhost:${address.port}`,
    sites,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dist, { recursive: true, force: true });
    },
  };
}

async function buildPage(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: join(browser, "testing"),
    logLevel: "warn",
    build: {
      outDir,
      target: "es2022",
      minify: false,
      rolldownOptions: { input: { page: join(browser, "testing/page.html") } },
    },
  });
}

interface Site {
  dist: string;
  sites: RuntimeServer["sites"];
  options: RuntimeServerOptions;
}

const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "credentialless",
};

async function answer(request: IncomingMessage, response: ServerResponse, site: Site): Promise<void> {
  const host = (request.headers.host ?? "").split(":")[0] ?? "";
  const { pathname } = new URL(request.url ?? "/", "http://x");
  const published = site.sites.get(host.replace(/\.localhost$/, ""));
  if (published) {
    const file = published.get(pathname.slice(1)) ?? published.get("index.html");
    response.writeHead(200, {
      "content-type": mimeType(pathname.endsWith("/") || !extname(pathname) ? "x.html" : pathname),
    });
    response.end(file);
    return;
  }
  if (/--(preview|run)\.localhost$/.test(host)) {
    const name = pathname.startsWith("/__coder/") ? pathname.slice("/__coder/".length) : "connect.html";
    await sendFile(response, join(site.dist, "preview-origin", normalize(`/${name}`)), {
      "cross-origin-embedder-policy": "credentialless",
      "cross-origin-resource-policy": "cross-origin",
      "service-worker-allowed": "/",
      "cache-control": "no-cache",
    });
    return;
  }
  if (pathname.startsWith("/npm/")) {
    await sendNpm(request, response, site);
    return;
  }
  const headers = site.options.isolated === false ? {} : isolation;
  const directory = /^\/(runtime|preview-origin)\//.test(pathname) ? "" : "studio";
  await sendFile(response, join(site.dist, directory, normalize(pathname)), headers);
}

async function sendFile(
  response: ServerResponse,
  path: string,
  headers: Record<string, string>,
): Promise<void> {
  if (!existsSync(path)) {
    response.writeHead(404, headers).end("not found");
    return;
  }
  response.writeHead(200, { "content-type": mimeType(path), ...headers }).end(await readFile(path));
}

async function sendNpm(request: IncomingMessage, response: ServerResponse, { options }: Site): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const result = await options.npm(
    new Request(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`, {
      method: request.method ?? "GET",
      headers: { "content-type": request.headers["content-type"] ?? "" },
      ...(body.length > 0 ? { body } : {}),
    }),
  );
  response.writeHead(result.status, Object.fromEntries(result.headers));
  response.end(Buffer.from(await result.arrayBuffer()));
}
