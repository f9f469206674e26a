import { createHash } from "node:crypto";
import { join } from "node:path";
import { createStaticFiles } from "./staticFiles.ts";

export interface Studio {
  /** The Studio's page and files. */
  fetch(request: Request, ownOrigin: string): Promise<Response>;
  /** The relay and service-worker documents at `<id>--preview.localhost` and `<id>--run.localhost`. */
  fetchPreviewOrigin(request: Request): Promise<Response>;
  /** Reads and compresses what the first page needs, before somebody asks for it. */
  warm(): Promise<void>;
}

/** What makes a page cross-origin isolated, which shared memory and WebContainers demand. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "credentialless",
};

/** Serves the built Studio from `web/dist`. */
export function createStudio(directory: string): Studio {
  const files = createStaticFiles(directory);
  const previewFiles = createStaticFiles(join(directory, "preview-origin"));
  return {
    async fetch(request, ownOrigin) {
      const { pathname } = new URL(request.url);
      const headers = {
        ...isolation,
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "same-origin",
      };
      const isDocument = pathname === "/" || pathname.endsWith(".html");
      const found = isDocument ? undefined : await files.serve(request, pathname, headers);
      if (found) return found;
      if (!isDocument && !isPage(request, pathname)) return plain(404, "Not found");
      const document = isDocument && pathname !== "/" ? pathname : "/index.html";
      const html = await files.text(document);
      if (html === undefined) {
        return document === "/index.html"
          ? plain(503, "The Studio is not built yet; run npm run build.")
          : plain(404, "Not found");
      }
      const policy = contentSecurityPolicy(html, ownOrigin);
      const page = await files.serve(request, document, {
        ...headers,
        "content-security-policy": policy,
        "cache-control": "no-cache",
      });
      return page ?? plain(404, "Not found");
    },
    async fetchPreviewOrigin(request) {
      const { pathname } = new URL(request.url);
      const headers = {
        "cross-origin-embedder-policy": "credentialless",
        "cross-origin-resource-policy": "cross-origin",
        "service-worker-allowed": "/",
        "origin-agent-cluster": "?1",
        "cache-control": "no-cache",
      };
      if (pathname.startsWith(previewFilesPath)) {
        const file = await previewFiles.serve(request, pathname.slice(previewFilesPath.length - 1), headers);
        return file ?? plain(404, "Not found", headers);
      }
      // Everything else is the project's, which only the service worker knows: this page brings the tab to it.
      const page = await previewFiles.serve(request, "/connect.html", headers);
      return page ?? plain(503, "The preview's documents are not built yet; run npm run build.", headers);
    },
    async warm() {
      await files.keep("/assets");
      const html = (await files.text("/index.html")) ?? "";
      for (const [, path] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        if (path === undefined || !path.startsWith("/assets/")) continue;
        await files.serve(
          new Request(`http://localhost${path}`, { headers: { "accept-encoding": "br" } }),
          path,
          {},
        );
      }
    },
  };
}

/** Where the documents of a preview origin are, apart from every path that a project can have. */
const previewFilesPath = "/__coder/";

/** A path of the router in the page, not the name of a file. */
function isPage(request: Request, pathname: string): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  const isNavigation =
    request.headers.get("sec-fetch-mode") === "navigate" ||
    request.headers.get("accept")?.includes("text/html");
  return pathname === "/" || (isNavigation === true && !pathname.startsWith("/assets/"));
}

export function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...headers, "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" },
  });
}

/**
 * Scripts only of our own origin (and the page's own inline ones, by hash), connections to ourselves and the runtimes,
 * frames of sites and previews. `wasm-unsafe-eval` compiles WebAssembly and evaluates no text.
 */
function contentSecurityPolicy(html: string, ownOrigin: string): string {
  const host = new URL(ownOrigin).host;
  const port = new URL(ownOrigin).port;
  const sites = `http://*.localhost${port === "" ? "" : `:${port}`}`;
  const webContainer =
    "https://stackblitz.com https://*.staticblitz.com https://*.webcontainer.io https://*.webcontainer-api.io https://*.local-credentialless.webcontainer-api.io";
  const inline = [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, code]) =>
      `'sha256-${createHash("sha256")
        .update(code ?? "")
        .digest("base64")}'`,
  );
  const directives = [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' ${inline.join(" ")}`.trim(),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "media-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self' ws://${host} ${sites} data: blob: ${webContainer} wss://*.webcontainer.io wss://*.webcontainer-api.io`,
    "worker-src 'self' blob:",
    `frame-src 'self' blob: ${sites} ${webContainer}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return directives.join("; ");
}
