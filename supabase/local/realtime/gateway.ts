import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import postgres from "postgres";
import type { Sql } from "postgres";
import { WebSocketServer } from "ws";
import { CoderError, toCoderError } from "../../../shared/errors.ts";
import type { Channel } from "./channel.ts";
import { createTokenVerifier } from "./claims.ts";
import { Connection } from "./connection.ts";
import { DatabaseBroadcasts } from "./databaseBroadcasts.ts";
import type { ProtocolVersion } from "./frames.ts";
import { handleBroadcastRequest } from "./http.ts";
import { defaultLimits } from "./limits.ts";
import type { RealtimeLimits } from "./limits.ts";
import type { RealtimeLog } from "./log.ts";
import type { PgoutputMessage } from "./pgoutput.ts";
import { PostgresChanges } from "./postgresChanges.ts";
import { Presence } from "./presence.ts";
import { Replication } from "./replication.ts";
import { Rooms } from "./rooms.ts";
import type { Services } from "./services.ts";
import { toRowText } from "./tableShape.ts";

export interface RealtimeOptions {
  /** As role postgres or supabase_admin: it must be able to become anon, authenticated and service_role. */
  databaseUrl: string;
  /** As the superuser supabase_admin: replication and partitions. */
  adminDatabaseUrl: string;
  /** Secret of the install's HS256 tokens. */
  jwtSecret: string;
  anonKey: string;
  serviceRoleKey: string;
  limits?: Partial<RealtimeLimits>;
  log?: RealtimeLog;
}

export interface RealtimeGateway {
  /** For the server's `upgrade` event at `/realtime/v1/websocket`; answers and closes the socket where it refuses. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** For `/realtime/v1/api/*`. Never rejects. */
  handleRequest(request: Request): Promise<Response>;
  close(): Promise<void>;
}

const partitionsEveryMs = 3_600_000;
const aliveCheckEveryMs = 30_000;
const poolSize = 4;
const queryTimeoutMs = 5_000;
/** How long a client may take to answer a close frame when the gateway stops. */
const farewellMs = 300;

/**
 * Starts the Realtime gateway: what supabase-js speaks, over one replication stream and a small pool.
 * Resolves when the stream runs.
 * @throws CoderError `unavailable` where the database cannot be reached or does not replicate.
 */
export async function startRealtimeGateway(options: RealtimeOptions): Promise<RealtimeGateway> {
  const log = options.log ?? pino({ name: "realtime", level: "warn" }, pino.destination(2));
  const limits = { ...defaultLimits, ...options.limits };
  const sql = postgres(options.databaseUrl, {
    max: poolSize,
    onnotice: () => undefined,
    connection: { application_name: "realtime", statement_timeout: queryTimeoutMs, TimeZone: "UTC" },
  });
  const rooms = new Rooms<Channel>();
  const broadcasts = new DatabaseBroadcasts(sql, (room, { id, broadcast }) =>
    rooms.broadcast(room, broadcast, { id }),
  );
  const flow = { pause: () => replication.pause(), resume: () => replication.resume() };
  const changes = new PostgresChanges({ sql, log, mostPending: limits.pendingChanges, flow });
  const replication = new Replication({
    databaseUrl: options.adminDatabaseUrl,
    onMessage: dispatch(broadcasts, changes),
    onSlot: () => broadcasts.fillGap(),
    log,
  });
  const services: Services = {
    sql,
    verify: createTokenVerifier(options),
    rooms,
    presence: new Presence((room, diff) => rooms.presenceDiff(room, diff)),
    changes,
    broadcasts,
    limits,
    log,
    streaming: () => replication.streaming,
  };
  const partitions = keepPartitions(options.adminDatabaseUrl, log);
  try {
    await partitions.ready;
    await replication.start();
  } catch (error) {
    await Promise.all([partitions.close(), replication.close(), sql.end({ timeout: 1 })]);
    throw error;
  }
  const sockets = acceptSockets(services);
  return {
    handleUpgrade: sockets.handleUpgrade,
    handleRequest: (request) => handleBroadcastRequest(services, request),
    close: async () => {
      await sockets.close();
      await Promise.all([partitions.close(), replication.close(), sql.end({ timeout: 1 })]);
    },
  };
}

/** Sends each message of the stream where it belongs; values are copied out only where somebody listens. */
function dispatch(
  broadcasts: DatabaseBroadcasts,
  changes: PostgresChanges,
): (message: PgoutputMessage) => void {
  let commitTime = new Date(0);
  let xid = 0;
  return (message) => {
    if (message.tag === "begin") {
      ({ commitTime, xid } = message);
    } else if (message.tag === "relation") changes.forget(message.relation);
    else if (message.tag === "insert" && broadcasts.isMessages(message.relation)) {
      broadcasts.insert(message.relation, message.new);
    } else if (message.tag === "insert" || message.tag === "update" || message.tag === "delete") {
      const { relation } = message;
      if (!changes.wants(relation)) return;
      changes.push({
        type: ({ insert: "INSERT", update: "UPDATE", delete: "DELETE" } as const)[message.tag],
        relation,
        commitTime,
        xid,
        record: message.tag === "delete" ? null : toRowText(relation, message.new),
        oldRecord: message.tag === "insert" || !message.old ? null : toRowText(relation, message.old),
      });
    }
  };
}

/** Makes the partitions of realtime.messages now and then hourly. */
function keepPartitions(
  databaseUrl: string,
  log: RealtimeLog,
): { ready: Promise<void>; close(): Promise<void> } {
  const admin: Sql = postgres(databaseUrl, {
    max: 1,
    idle_timeout: 5,
    onnotice: () => undefined,
    connection: { application_name: "realtime" },
  });
  const maintain = async (): Promise<void> => {
    await admin`select realtime.maintain_partitions()`;
  };
  const timer = setInterval(() => {
    maintain().catch((error: unknown) =>
      log.error({ err: error }, "partitions of realtime.messages could not be made"),
    );
  }, partitionsEveryMs);
  return {
    ready: maintain().catch((cause: unknown) => {
      throw new CoderError("unavailable", `Realtime cannot prepare its tables: ${String(cause)}`, { cause });
    }),
    close: async () => {
      clearInterval(timer);
      await admin.end({ timeout: 1 });
    },
  };
}

function acceptSockets(services: Services): {
  handleUpgrade: RealtimeGateway["handleUpgrade"];
  close(): Promise<void>;
} {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: services.limits.messageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const connections = new Set<Connection>();
  const aliveCheck = setInterval(() => {
    const now = Date.now();
    for (const connection of connections) connection.checkAlive(now);
  }, aliveCheckEveryMs);
  const accept = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const handshake = await readHandshake(services, request);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(services, webSocket, handshake);
      connections.add(connection);
      webSocket.on("close", () => connections.delete(connection));
    });
  };
  return {
    handleUpgrade(request, socket, head) {
      accept(request, socket, head).catch((error: unknown) => refuse(socket, toCoderError(error)));
    },
    async close() {
      clearInterval(aliveCheck);
      for (const connection of connections) connection.close(1001, "The server stops");
      const deadline = Date.now() + farewellMs;
      while (connections.size > 0 && Date.now() < deadline) await sleep(10);
      for (const connection of connections) connection.terminate();
    },
  };
}

async function readHandshake(
  services: Services,
  request: IncomingMessage,
): Promise<{ version: ProtocolVersion; apiKey: string }> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (!url.pathname.endsWith("/websocket")) throw new CoderError("not_found", "No such address.");
  const header = request.headers["x-api-key"] ?? request.headers["apikey"];
  const apiKey = url.searchParams.get("apikey") ?? (typeof header === "string" ? header : "");
  if (!apiKey) throw new CoderError("unauthenticated", "The parameter apikey is missing.");
  await services.verify(apiKey);
  const version = url.searchParams.get("vsn") ?? "1.0.0";
  if (version !== "1.0.0" && version !== "2.0.0")
    throw new CoderError("bad_input", "vsn is neither 1.0.0 nor 2.0.0.");
  return { version, apiKey };
}

function refuse(socket: Duplex, error: CoderError): void {
  const body = JSON.stringify({ error: error.message });
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${error.httpStatus} Refused\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
