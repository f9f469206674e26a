import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";
import { CoderError, toErrorBody } from "../shared/errors.ts";
import { toClosedError } from "./closedError.ts";
import { createContext } from "./context.ts";
import type { Deps } from "./deps.ts";
import { exportAudit } from "./exportAudit.ts";
import { answerMcp } from "./mcp/mcpHandler.ts";
import { appRouter } from "./router.ts";
import { createHookReceiver, type HookReceiver } from "./webhooks/receiveHook.ts";
import { withBoundedBody } from "./withBoundedBody.ts";

/** Hosted Supabase strips `/functions/v1`; the local stack does not. */
const mounts = ["/functions/v1/api", "/api"];

const maxBodyBytes = 2 * 1024 * 1024;
/** Calls that carry a project's files. */
const bulkCalls = new Set(["projects.create", "projects.importZip", "files.commit"]);
const maxBulkBodyBytes = 48 * 1024 * 1024;

/**
 * The whole API as one function from request to response: CORS for the configured origins only, an Origin check
 * (a page elsewhere cannot make a browser write), body limits, then tRPC. Stateless; runs on Node and Deno.
 */
export function createHandler(deps: Deps): (request: Request) => Promise<Response> {
  const receiveHook = createHookReceiver(deps);
  return async (request) => {
    const origin = request.headers.get("origin");
    const isKnownOrigin = origin === null || deps.allowedOrigins.includes(origin);
    let response: Response;
    try {
      if (!isKnownOrigin) throw new CoderError("forbidden", `The origin ${origin} may not call this API`);
      response =
        request.method === "OPTIONS"
          ? new Response(null, { status: 204 })
          : await answer(request, deps, receiveHook);
    } catch (thrown) {
      const error = toClosedError(thrown);
      if (error.code === "internal" || error.code === "unavailable") {
        deps.logError(error, { path: new URL(request.url).pathname });
      }
      response = Response.json(toErrorBody(error), { status: error.httpStatus });
    }
    return withHeaders(response, isKnownOrigin ? origin : null);
  };
}

async function answer(request: Request, deps: Deps, receiveHook: HookReceiver): Promise<Response> {
  const url = new URL(request.url);
  const mount = mounts.find((prefix) => url.pathname.startsWith(`${prefix}/`));
  // Senders of webhooks are given the short address, without a mount.
  const isShortHook = mount === undefined && url.pathname.startsWith("/hooks/");
  const path = isShortHook ? url.pathname : mount === undefined ? "" : url.pathname.slice(mount.length);
  if (path.startsWith("/hooks/")) return receiveHook(request, path);
  if (path.startsWith("/npm/") && deps.npm !== undefined) {
    return deps.npm(new Request(new URL(path + url.search, url.origin), request));
  }
  if (path === "/mcp") {
    const bounded = await withBoundedBody(request, maxBodyBytes);
    return answerMcp(bounded, await createContext(request, deps));
  }
  if (path === "/audit/export" && request.method === "GET") {
    const caller = (await createContext(request, deps)).signedIn();
    return exportAudit(caller, z.uuid("org is the id of an organisation").parse(url.searchParams.get("org")));
  }
  if (!path.startsWith("/trpc/"))
    throw new CoderError("not_found", "There is nothing at this address of the API");
  return answerCalls(request, deps, { endpoint: `${mount}/trpc`, names: path.slice("/trpc/".length) });
}

async function answerCalls(
  request: Request,
  deps: Deps,
  { endpoint, names }: { endpoint: string; names: string },
): Promise<Response> {
  const calls = decodeURIComponent(names).split(",");
  const limit = calls.some((call) => bulkCalls.has(call)) ? maxBulkBodyBytes : maxBodyBytes;
  return fetchRequestHandler({
    endpoint,
    req: await withBoundedBody(request, limit),
    router: appRouter,
    createContext: () => createContext(request, deps),
    // 410 has no name in tRPC.
    responseMeta({ errors, paths }) {
      const [first] = errors;
      if (first === undefined || paths?.length !== 1) return {};
      return { status: toClosedError(first).httpStatus };
    },
    onError({ error, path }) {
      const closed = toClosedError(error);
      if (closed.code === "internal" || closed.code === "unavailable") {
        deps.logError(closed.cause ?? closed, { path: path ?? "" });
      }
    },
  });
}

function withHeaders(response: Response, origin: string | null): Response {
  const headers = new Headers(response.headers);
  headers.set("vary", "origin");
  // Only the registry's packages may be kept.
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  headers.set("x-content-type-options", "nosniff");
  if (origin !== null) {
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-allow-methods", "GET, POST, OPTIONS");
    headers.set(
      "access-control-allow-headers",
      "authorization, apikey, content-type, x-client-info, trpc-accept",
    );
    headers.set("access-control-max-age", "7200");
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
