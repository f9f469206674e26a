import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { CoderError } from "../../../shared/errors.ts";
import type { RealtimeLog } from "./log.ts";
import { PgoutputParser } from "./pgoutput.ts";
import type { PgoutputMessage } from "./pgoutput.ts";

/** Publications that the gateway listens to; those that do not exist yet are left out. */
const publications = ["supabase_realtime", "supabase_realtime_messages_publication"];
const retryDelaysMs = [20, 50, 100, 200, 500, 1000];
const statusIntervalMs = 3_000;

/** The part of pg's connection that a replication stream needs; pg's types leave it out. */
interface CopyBothConnection {
  stream: { pause(): void; resume(): void };
  on(event: "copyData", listener: (message: { chunk: Buffer }) => void): void;
  once(event: "replicationStart", listener: () => void): void;
  sendCopyFromChunk(chunk: Buffer): void;
}

export interface ReplicationOptions {
  /** A superuser or a role with REPLICATION. */
  databaseUrl: string;
  /** Called in commit order; buffers inside are valid until it returns. */
  onMessage(message: PgoutputMessage): void;
  /** Called after the slot exists and before it streams: what was committed earlier can be read from the tables. */
  onSlot(): Promise<void>;
  log: RealtimeLog;
}

/**
 * A logical replication stream from a TEMPORARY slot. A slot that outlives its process would keep the
 * write-ahead log of a stopped stack for ever, so a new slot is made at every connection
 * and the gap is closed by `onSlot`.
 */
export class Replication {
  #options: ReplicationOptions;
  #client: pg.Client | null = null;
  #connection: CopyBothConnection | null = null;
  #closed = new AbortController();
  #streaming = false;
  #received = 0n;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReplicationOptions) {
    this.#options = options;
  }

  /** Whether changes arrive now. */
  get streaming(): boolean {
    return this.#streaming;
  }

  /** Resolves when the first stream runs. @throws CoderError `unavailable` where it cannot be started. */
  async start(): Promise<void> {
    const first = Promise.withResolvers<void>();
    this.#running = this.#run(first);
    await first.promise;
  }

  /** Stops reading from the server until `resume`; keeps the connection alive. */
  pause(): void {
    this.#connection?.stream.pause();
  }

  resume(): void {
    this.#connection?.stream.resume();
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#client?.end();
    await this.#running;
  }

  async #run(first: PromiseWithResolvers<void>): Promise<void> {
    let failures = 0;
    while (!this.#closed.signal.aborted) {
      const onStart = (): void => {
        failures = 0;
        this.#streaming = true;
        first.resolve();
      };
      const failure = await this.#stream(onStart).then(
        () => new CoderError("unavailable", "The replication connection ended."),
        (cause: unknown) => cause,
      );
      this.#streaming = false;
      if (this.#closed.signal.aborted) return;
      first.reject(new CoderError("unavailable", startFailure(failure), { cause: failure }));
      this.#options.log.warn({ err: failure }, "replication stopped; connecting again");
      const delay = retryDelaysMs[Math.min(failures++, retryDelaysMs.length - 1)] ?? 1000;
      await sleep(delay, undefined, { signal: this.#closed.signal }).catch(() => undefined);
    }
  }

  /** One connection from start to end. */
  async #stream(onStart: () => void): Promise<void> {
    // pg takes `replication`, but its types leave it out.
    const config: pg.ClientConfig & { replication: "database" } = {
      replication: "database",
      connectionString: this.#options.databaseUrl,
      application_name: "realtime",
      keepAlive: true,
      // Values arrive as text and must not depend on the server's settings.
      options: "-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c statement_timeout=0",
    };
    const client = new pg.Client(config);
    const ended = new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      client.on("end", resolve);
    });
    ended.catch(() => undefined);
    this.#client = client;
    const status = setInterval(() => this.#confirm(), statusIntervalMs);
    try {
      await client.connect();
      const slot = `realtime_${randomBytes(8).toString("hex")}`;
      await client.query(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')`);
      const names = await existingPublications(client);
      await this.#options.onSlot();
      if (this.#closed.signal.aborted) return;
      const connection = (client as unknown as { connection: CopyBothConnection }).connection;
      this.#connection = connection;
      this.#listen(connection);
      connection.once("replicationStart", onStart);
      const streaming = client.query(
        `START_REPLICATION SLOT ${slot} LOGICAL 0/0 (proto_version '1', publication_names '${names.join(",")}')`,
      );
      await Promise.race([streaming, ended]);
    } finally {
      clearInterval(status);
      this.#connection = null;
      await client
        .end()
        .catch((error: unknown) => this.#options.log.debug({ err: error }, "replication client ended"));
    }
  }

  #listen(connection: CopyBothConnection): void {
    const parser = new PgoutputParser();
    connection.on("copyData", ({ chunk }) => {
      const kind = chunk[0];
      if (kind === 0x77) {
        this.#received = chunk.readBigUInt64BE(9);
        this.#handle(parser, chunk.subarray(25));
      } else if (kind === 0x6b) {
        // Everything committed before a keepalive has been sent before it, so its position can be confirmed.
        this.#received = chunk.readBigUInt64BE(1);
        if (chunk[17] === 1) this.#confirm();
      }
    });
  }

  #handle(parser: PgoutputParser, chunk: Buffer): void {
    try {
      this.#options.onMessage(parser.parse(chunk));
    } catch (error) {
      // One message that cannot be handled must not end the stream for everybody.
      this.#options.log.error({ err: error }, "a replication message could not be handled");
    }
  }

  /** Standby status update: written, flushed and applied up to the last position received. */
  #confirm(): void {
    if (!this.#connection) return;
    const update = Buffer.alloc(34);
    update.write("r");
    for (const offset of [1, 9, 17]) update.writeBigUInt64BE(this.#received, offset);
    update.writeBigInt64BE((BigInt(Date.now()) - 946_684_800_000n) * 1000n, 25);
    this.#connection.sendCopyFromChunk(update);
  }
}

async function existingPublications(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ pubname: string }>("select pubname from pg_publication");
  const existing = new Set(rows.map((row) => row.pubname));
  const names = publications.filter((name) => existing.has(name));
  if (names.length === 0)
    throw new CoderError("unavailable", "No Realtime publication exists; run realtime.sql.");
  return names;
}

function startFailure(cause: unknown): string {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `Replication could not start: ${reason} (the server needs wal_level=logical and a free replication slot).`;
}
