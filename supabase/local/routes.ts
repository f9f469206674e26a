import { CoderError } from "../../shared/errors.ts";
import { causeOf } from "./causeOf.ts";
import { isForeign } from "./hosts.ts";
import { logLine } from "./logLine.ts";
import { ownerSession } from "./owner.ts";
import { pathOf, type Routes } from "./server.ts";
import type { ServiceInput, Services } from "./services.ts";

/** Which service answers which path. */
export function routesOf(services: Services, input: ServiceInput): Routes {
  const { lite, storage, realtime, functions, forge, npm, mail, studio, sites } = services;
  return {
    paths: {
      "/auth/v1/": ({ request, peerAddress }) => lite.fetch(request, peerAddress),
      "/rest/v1/": ({ request, peerAddress }) => lite.fetch(request, peerAddress),
      "/storage/v1/": ({ request }) => storage.fetch(request),
      "/realtime/v1/": ({ request }) => realtime.handleRequest(request),
      "/functions/v1/": ({ request }) => functions(request),
      // The address that people give to MCP clients.
      "/mcp": ({ request }) => functions(new Request(new URL("/functions/v1/api/mcp", request.url), request)),
      "/hooks/": ({ request }) => functions(request),
      "/git/": ({ request }) => forge.fetch(request),
      "/forge/v1/": ({ request }) => forge.fetch(request),
      "/npm/": ({ request }) => npm(request),
      "/mail": ({ request }) => mail.handle(request),
      "/mail.json": ({ request }) => mail.handle(request),
      "/mail/": ({ request }) => mail.handle(request),
      ...localPaths(services, input),
    },
    studio: ({ request, ownOrigin }) => studio.fetch(request, ownOrigin),
    site: (request, label) =>
      /--(preview|run)$/.test(label) ? studio.fetchPreviewOrigin(request) : sites.fetch(request, label),
    upgrade(request, socket, head) {
      if (pathOf(request.url) === "/realtime/v1/websocket") realtime.handleUpgrade(request, socket, head);
      else socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    },
    onError: (error, path) => logLine(`${path}: ${causeOf(error)}`),
  };
}

/** What only a local installation has. */
function localPaths({ lite, mail, hasGitHub }: Services, { secrets, health }: ServiceInput): Routes["paths"] {
  const apiKey = process.env.CODER_WEBCONTAINER_KEY;
  const config = {
    anonKey: secrets.anonKey,
    ownerSignIn: true,
    github: hasGitHub,
    git: true,
    mail: "/mail",
    npm: "/npm",
    ...(apiKey ? { webcontainer: { apiKey } } : {}),
  };
  return {
    "/local/config.json": ({ request, ownOrigin }) => {
      if (isForeign(request, ownOrigin))
        throw new CoderError("forbidden", "This configuration is for the Studio's own page.");
      const headers = { "cache-control": "no-cache" };
      return Response.json({ supabaseUrl: ownOrigin, ...config }, { headers });
    },
    "/local/owner-session": async ({ request, ownOrigin, peerAddress }) => {
      const session = await ownerSession({ request, ownOrigin, peerAddress, accounts: lite.accounts });
      return Response.json(session, { headers: { "cache-control": "no-store" } });
    },
    "/local/mail": ({ request }) => mail.receive(request, secrets.serviceRoleKey),
    "/healthz": () => {
      const { ok, body } = health();
      return Response.json(body, { status: ok ? 200 : 503, headers: { "cache-control": "no-store" } });
    },
  };
}
