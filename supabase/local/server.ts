import { getRequestListener } from "@hono/node-server";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { CoderError, toCoderError, toErrorBody, type ErrorCode } from "../../shared/errors.ts";
import { isForeign, readHost } from "./hosts.ts";
import { plain } from "./studio.ts";

interface RouteInput {
  request: Request;
  peerAddress: string;
  /** The origin that this request came to, such as `http://localhost:3000`. */
  ownOrigin: string;
}

export interface Routes {
  /** By the first part of the path (`/auth/v1/`, `/git/`, `/healthz`), the longest first. */
  paths: Record<string, (input: RouteInput) => Promise<Response> | Response>;
  studio(input: RouteInput): Promise<Response>;
  site(request: Request, label: string): Promise<Response>;
  /** A WebSocket of the Studio's host. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Takes a request over before all others (Vite in development); true when it did. */
  intercept?(request: IncomingMessage, response: ServerResponse, next: () => void): void;
  onError(error: CoderError, path: string): void;
}

export interface LocalServer {
  port: number;
  origin: string;
  /** What answers from now on; before that, every request waits. */
  setRoutes(routes: Routes): void;
  close(): Promise<void>;
}

/**
 * Listens on a loopback port (both address families, because `localhost` may mean either) and routes by host and path.
 * @param options.port the port to take, or undefined for the first free one from `firstPort` on; 0 for any.
 * @param options.firstPort default 3000; the hundred after it are tried too.
 * @throws CoderError `unavailable` when the port that was asked for is taken.
 */
export async function startServer(options: {
  port: number | undefined;
  firstPort?: number;
}): Promise<LocalServer> {
  let setRoutes: (routes: Routes) => void = () => undefined;
  let routes: Routes | undefined;
  const routesReady = new Promise<void>((resolve) => {
    setRoutes = (made) => {
      routes = made;
      resolve();
    };
  });
  const handle = getRequestListener(
    async (request, env) => {
      await routesReady;
      if (!routes) throw new Error("no routes");
      return route(routes, request, (env as { incoming: IncomingMessage }).incoming);
    },
    { overrideGlobalObjects: false },
  );
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const next = () => void handle(request, response);
    if (routes?.intercept && readHost(request.headers.host)?.kind === "studio")
      routes.intercept(request, response, next);
    else next();
  };
  // The server forgets a socket that it hands over; somebody has to end it.
  const upgraded = new Set<Duplex>();
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
    const host = readHost(request.headers.host);
    const { origin } = request.headers;
    // A page of another origin can open a WebSocket here without asking; what it says in Origin is all that tells.
    if (!routes || host?.kind !== "studio" || (origin !== undefined && origin !== host.origin)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    routes.upgrade(request, socket, head);
  };
  const make = () => createServer({ keepAliveTimeout: 65_000 }, onRequest).on("upgrade", onUpgrade);
  const { servers, port } = await listen(make, options.port, options.firstPort);
  return {
    port,
    origin: `http://localhost:${port}`,
    setRoutes,
    close() {
      for (const socket of upgraded) socket.destroy();
      return closeAll(servers);
    },
  };
}

async function route(routes: Routes, request: Request, incoming: IncomingMessage): Promise<Response> {
  const { pathname } = new URL(request.url);
  try {
    const host = readHost(incoming.headers.host);
    if (!host)
      return plain(421, "This server answers to localhost and to names that end in .localhost only.");
    if (host.kind === "site") return await routes.site(request, host.label);
    const input = { request, peerAddress: incoming.socket.remoteAddress ?? "", ownOrigin: host.origin };
    const found = Object.keys(routes.paths)
      .sort((a, b) => b.length - a.length)
      .find((path) => pathname === path || (path.endsWith("/") && pathname.startsWith(path)));
    if (found === undefined) return await routes.studio(input);
    const isRead = request.method === "GET" || request.method === "HEAD" || request.method === "OPTIONS";
    if (!isRead && isForeign(request, host.origin)) {
      throw new CoderError(
        "forbidden",
        `A page of ${request.headers.get("origin") ?? "another origin"} may not change anything here.`,
      );
    }
    return guarded((await routes.paths[found]?.(input)) ?? plain(404, "Not found"));
  } catch (thrown) {
    const error = toCoderError(thrown);
    if (error.code === "internal") routes.onError(error, pathname);
    return errorResponse(error, pathname);
  }
}

/** No answer of an API may be loaded into a page of another origin, nor be taken for another type than it says. */
function guarded(response: Response): Response {
  const missing = Object.entries(guards).filter(([name]) => !response.headers.has(name));
  if (missing.length === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of missing) headers.set(name, value);
  return new Response(response.body, { status: response.status, headers });
}

const guards = { "cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff" };

const authCodes: Partial<Record<ErrorCode, string>> = {
  not_found: "user_not_found",
  forbidden: "not_admin",
  unauthenticated: "no_authorization",
  conflict: "email_exists",
  bad_input: "validation_failed",
};

/** Errors in the form of the API that was asked: GoTrue's clients read `msg` and `error_code`. */
function errorResponse(error: CoderError, pathname: string): Response {
  const body = toErrorBody(error);
  const headers = { "cache-control": "no-store" };
  if (!pathname.startsWith("/auth/v1/")) return Response.json(body, { status: error.httpStatus, headers });
  const status = error.code === "conflict" ? 422 : error.httpStatus;
  const auth = {
    code: status,
    error_code: authCodes[error.code] ?? "unexpected_failure",
    msg: body.error.message,
  };
  return Response.json(auth, { status, headers });
}

async function listen(
  make: () => Server,
  wanted: number | undefined,
  firstPort = 3000,
): Promise<{ servers: Server[]; port: number }> {
  const lastPort = firstPort + 100;
  for (let port = wanted ?? firstPort; ; port++) {
    const servers = await tryListen(make, port);
    if (servers !== "taken") {
      const address = servers[0]?.address();
      return { servers, port: typeof address === "object" && address !== null ? address.port : port };
    }
    if (wanted !== undefined && wanted !== 0) {
      throw new CoderError(
        "unavailable",
        `Port ${wanted} is taken; stop the program that listens there or set CODER_PORT to another port.`,
      );
    }
    // Another try at a random port gets another one.
    if (wanted === 0) port = -1;
    else if (port >= lastPort)
      throw new CoderError(
        "unavailable",
        `The ports ${firstPort} to ${lastPort} are all taken; set CODER_PORT to a free port.`,
      );
  }
}

async function tryListen(make: () => Server, port: number): Promise<Server[] | "taken"> {
  const first = make();
  const failed = await listenOn(first, port, "127.0.0.1");
  if (failed === "EADDRINUSE") return "taken";
  if (failed === "EACCES")
    throw new CoderError(
      "unavailable",
      `Port ${port} needs more rights than this user has; set CODER_PORT to one above 1023.`,
    );
  if (failed !== undefined)
    throw new CoderError(
      "unavailable",
      `Port ${port} of 127.0.0.1 cannot be listened on (${failed}); set CODER_PORT to another.`,
    );
  const address = first.address();
  const second = make();
  const onSix = await listenOn(second, typeof address === "object" && address ? address.port : port, "::1");
  if (onSix === undefined) return [first, second];
  // Without IPv6 one family is all there is; a stranger on the other one would be taken for us by some browsers.
  if (onSix !== "EADDRINUSE") return [first];
  await closeAll([first]);
  return "taken";
}

function listenOn(server: Server, port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => resolve(undefined));
  });
}

async function closeAll(servers: Server[]): Promise<void> {
  await Promise.all(
    servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    ),
  );
}

/** The path of a request line. Not by `new URL`, which throws on a line such as `//`. */
export function pathOf(url = "/"): string {
  return url.split("?", 1)[0] ?? "/";
}
