import type { Sql } from "postgres";
import type { UserBroadcast } from "./frames.ts";
import type { Relation, Tuple } from "./pgoutput.ts";
import type { Room } from "./rooms.ts";

/** A stored broadcast with the id of its row. */
export interface StoredBroadcast {
  id: string;
  broadcast: UserBroadcast;
}

/** Called for each broadcast that the database sends, in commit order. */
export type DeliverBroadcast = (room: Room, stored: StoredBroadcast) => void;

interface MessageRow {
  id: string;
  topic: string;
  event: string;
  payload: string;
  private: boolean;
}

/** Ids remembered to tell what was delivered, and for how long a gap in the stream can be filled. */
const mostRemembered = 50_000;
const longestGapMs = 10 * 60_000;
const mostReplayed = 25;

/** Broadcasts that arrive as rows of realtime.messages: from the stream, after a gap of it, and replayed. */
export class DatabaseBroadcasts {
  #sql: Sql;
  #deliver: DeliverBroadcast;
  /** Ids in order of delivery with the time (ms since 1970) when they came. */
  #delivered = new Map<string, number>();
  /** Nothing older is asked for: when the first stream began, or what is no longer remembered. */
  #knownSince: number | null = null;
  #columns: { relation: Relation; indexes: Record<keyof MessageRow | "extension", number> } | null = null;

  constructor(sql: Sql, deliver: DeliverBroadcast) {
    this.#sql = sql;
    this.#deliver = deliver;
  }

  /** Whether the relation is the table of messages. */
  isMessages({ schema, table }: Relation): boolean {
    return schema === "realtime" && table === "messages";
  }

  /** A row from the stream; its payload is passed on as bytes. */
  insert(relation: Relation, tuple: Tuple): void {
    const at = this.#indexes(relation);
    if (text(tuple[at.extension]) !== "broadcast") return;
    const [id, topic, event] = [text(tuple[at.id]), text(tuple[at.topic]), text(tuple[at.event])];
    if (id === null || topic === null || event === null || !this.#remember(id)) return;
    const body = tuple[at.payload] ?? Buffer.from("{}");
    const isPrivate = text(tuple[at.private]) === "t";
    this.#deliver(
      { topic: `realtime:${topic}`, isPrivate },
      { id, broadcast: { event, encoding: "json", body, meta: JSON.stringify({ id }) } },
    );
  }

  /** Delivers what was committed while no stream ran. At the first call it only notes the time. */
  async fillGap(): Promise<void> {
    const now = Date.now();
    if (this.#knownSince === null) {
      this.#knownSince = now;
      return;
    }
    const since = new Date(Math.max(this.#knownSince, now - longestGapMs));
    // Rows of one transaction share inserted_at; the table is only appended to, so ctid tells their order.
    const sql = this.#sql;
    const rows = await sql<MessageRow[]>`
      select id, topic, event, coalesce(payload, '{}')::text as payload, coalesce(private, false) as private
      from realtime.messages
      where extension = 'broadcast' and event is not null and inserted_at >= ${since.toISOString()}::text::timestamp
      order by inserted_at, tableoid, ctid`;
    for (const row of rows) {
      if (!this.#remember(row.id)) continue;
      this.#deliver(
        { topic: `realtime:${row.topic}`, isPrivate: row.private },
        toStored(row, { id: row.id }),
      );
    }
  }

  /** The last private broadcasts of a topic since that time (ms since 1970), oldest first, at most 25. */
  async replay(topic: string, options: { since: number; limit: number }): Promise<StoredBroadcast[]> {
    const sql = this.#sql;
    const rows = await sql<MessageRow[]>`
      select id, topic, event, coalesce(payload, '{}')::text as payload, private
      from realtime.messages
      where topic = ${topic} and private and extension = 'broadcast' and event is not null
        and inserted_at >= ${new Date(options.since).toISOString()}::text::timestamp
      order by inserted_at desc, tableoid desc, ctid desc
      limit ${Math.min(options.limit, mostReplayed)}`;
    return rows.reverse().map((row) => toStored(row, { id: row.id, replayed: true }));
  }

  /** False where the message was delivered before. */
  #remember(id: string): boolean {
    if (this.#delivered.has(id)) return false;
    this.#delivered.set(id, Date.now());
    if (this.#delivered.size > mostRemembered) {
      for (const [oldest, deliveredAt] of this.#delivered) {
        this.#delivered.delete(oldest);
        this.#knownSince = deliveredAt;
        break;
      }
    }
    return true;
  }

  #indexes(relation: Relation): Record<keyof MessageRow | "extension", number> {
    if (this.#columns?.relation !== relation) {
      const at = (name: string): number => relation.columns.findIndex((column) => column.name === name);
      const indexes = {
        id: at("id"),
        topic: at("topic"),
        event: at("event"),
        payload: at("payload"),
        private: at("private"),
        extension: at("extension"),
      };
      this.#columns = { relation, indexes };
    }
    return this.#columns.indexes;
  }
}

function toStored(row: MessageRow, meta: Record<string, unknown>): StoredBroadcast {
  const body = Buffer.from(row.payload);
  return { id: row.id, broadcast: { event: row.event, encoding: "json", body, meta: JSON.stringify(meta) } };
}

function text(value: Buffer | null | undefined): string | null {
  return value ? value.toString() : null;
}
