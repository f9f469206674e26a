import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, REALTIME_SUBSCRIBE_STATES } from "@supabase/supabase-js";
import type { RealtimeChannel, SupabaseClient } from "@supabase/supabase-js";
import { SignJWT } from "jose";
import { pino } from "pino";
import postgres from "postgres";
import type { Sql } from "postgres";
import { createTestDatabase } from "../testing.ts";
import { startRealtimeGateway } from "./gateway.ts";
import type { RealtimeLimits } from "./limits.ts";

const jwtSecret = "a secret of this test, at least thirty-two bytes";

/** A line of the gateway's log; level 40 is a warning, 50 an error. */
interface LogLine {
  level: number;
  msg: string;
}

/** A gateway on a real port and a fresh database, for tests with real clients. */
export interface RealtimeFixture {
  url: string;
  anonKey: string;
  serviceRoleKey: string;
  /** As role postgres, the owner of migrations. */
  sql: Sql;
  /** As the superuser. */
  admin: Sql;
  /** What the gateway reported, warnings and worse. */
  logged: LogLine[];
  /** A user's token; `seconds` until it ends. */
  token(claims: Record<string, unknown>, seconds?: number): Promise<string>;
  /** A client with the anon key, or as the holder of a token that the test may exchange. Closed with the fixture. */
  client(options?: {
    token?: { value: string };
    vsn?: "1.0.0" | "2.0.0";
    key?: string;
  }): Promise<SupabaseClient>;
  websocketUrl(parameters?: Record<string, string>): string;
  close(): Promise<void>;
}

export async function startRealtimeFixture(
  limits: Partial<RealtimeLimits> = {},
  /** Rewrites the gateway's database URLs, for a test that stands between the two. */
  through: (url: string) => string | Promise<string> = (url) => url,
): Promise<RealtimeFixture> {
  const database = await createTestDatabase();
  const logged: LogLine[] = [];
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => undefined });
  const sign = (claims: Record<string, unknown>, seconds = 3600): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
      .sign(new TextEncoder().encode(jwtSecret));
  const [anonKey, serviceRoleKey] = await Promise.all([
    sign({ role: "anon" }),
    sign({ role: "service_role" }),
  ]);
  const gateway = await startRealtimeGateway({
    databaseUrl: await through(database.databaseUrl),
    adminDatabaseUrl: await through(database.adminUrl),
    jwtSecret,
    anonKey,
    serviceRoleKey,
    limits,
    log: pino({ level: "warn" }, { write: (line) => void logged.push(JSON.parse(line) as LogLine) }),
  });
  const server = createServer((request, response) => {
    void (async () => {
      const body = request.method === "POST" ? await Array.fromAsync(request) : [];
      const answer = await gateway.handleRequest(
        new Request(`http://127.0.0.1${request.url}`, {
          method: request.method ?? "GET",
          headers: request.headers as Record<string, string>,
          ...(body.length > 0 ? { body: Buffer.concat(body as Buffer[]) } : {}),
        }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers));
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  server.on("upgrade", (request, socket, head) => gateway.handleUpgrade(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sql = postgres(database.databaseUrl, { max: 2, onnotice: () => undefined });
  const clients: SupabaseClient[] = [];
  return {
    url: `http://${address}`,
    anonKey,
    serviceRoleKey,
    sql,
    admin,
    logged,
    token: (claims, seconds) => sign({ role: "authenticated", ...claims }, seconds),
    websocketUrl: (parameters = { apikey: anonKey, vsn: "2.0.0" }) =>
      `ws://${address}/realtime/v1/websocket?${new URLSearchParams(parameters)}`,
    async client({ token, vsn, key = anonKey } = {}) {
      const client = createClient(`http://${address}`, key, {
        auth: { persistSession: false, autoRefreshToken: false },
        realtime: vsn ? { vsn } : {},
        ...(token ? { accessToken: async () => token.value } : {}),
      });
      clients.push(client);
      // Else the first private join would go out as anon.
      if (token) await client.realtime.setAuth();
      return client;
    },
    async close() {
      await Promise.all(clients.map((client) => client.realtime.disconnect()));
      await gateway.close();
      server.closeAllConnections();
      server.close();
      await Promise.all([sql.end({ timeout: 1 }), admin.end({ timeout: 1 })]);
      await database.close();
    },
  };
}

/** Resolves when the channel is joined; rejects with the reason where it is refused. */
export function joined(channel: RealtimeChannel): Promise<RealtimeChannel> {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === REALTIME_SUBSCRIBE_STATES.SUBSCRIBED) resolve(channel);
      else reject(error ?? new Error(status));
    });
  });
}
