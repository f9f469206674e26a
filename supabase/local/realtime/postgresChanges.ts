import type { Sql } from "postgres";
import { changeJson } from "./changeJson.ts";
import { matches } from "./changeMatch.ts";
import type { ChangeSubscription } from "./changeSubscription.ts";
import type { Claims } from "./claims.ts";
import { encodeRawFrame } from "./frames.ts";
import type { ProtocolVersion } from "./frames.ts";
import type { RealtimeLog } from "./log.ts";
import type { Relation } from "./pgoutput.ts";
import { readVisibility } from "./rowVisibility.ts";
import type { Visibility } from "./rowVisibility.ts";
import { readTableShape } from "./tableShape.ts";
import type { RowChange, TableShape } from "./tableShape.ts";

/** A channel that listens to changes of rows. */
export interface ChangeListener {
  readonly topic: string;
  readonly version: ProtocolVersion;
  readonly claims: Claims;
  deliver(frame: string): void;
}

interface Entry {
  subscription: ChangeSubscription;
  listener: ChangeListener;
}

/** A change with those who asked for it and match its filter. */
interface Matched {
  change: RowChange;
  shape: TableShape;
  entries: Entry[];
}

export interface PostgresChangesOptions {
  sql: Sql;
  log: RealtimeLog;
  /** Changes that may wait; beyond it `flow.pause` is called, and `flow.resume` when half of them are done. */
  mostPending: number;
  flow: { pause(): void; resume(): void };
}

/** Changes handled at once: one visibility query then serves many rows. */
const batchSize = 200;

/**
 * Sends changes of rows to the channels that asked for them. Changes go out in commit order; row-level security is
 * asked once per table and distinct claims of a batch.
 */
export class PostgresChanges {
  #options: PostgresChangesOptions;
  /** By `schema.table`, `schema.*` and `*.*`. */
  #entries = new Map<string, Set<Entry>>();
  #byListener = new Map<ChangeListener, Entry[]>();
  #shapes = new Map<number, Promise<TableShape | null>>();
  #queue: RowChange[] = [];
  #draining = false;
  #paused = false;

  constructor(options: PostgresChangesOptions) {
    this.#options = options;
  }

  subscribe(listener: ChangeListener, subscriptions: ChangeSubscription[]): void {
    const entries = subscriptions.map((subscription) => ({ subscription, listener }));
    this.#byListener.set(listener, entries);
    for (const entry of entries) {
      const key = tableKey(entry.subscription);
      const others = this.#entries.get(key);
      if (others) others.add(entry);
      else this.#entries.set(key, new Set([entry]));
    }
  }

  unsubscribe(listener: ChangeListener): void {
    for (const entry of this.#byListener.get(listener) ?? []) {
      const key = tableKey(entry.subscription);
      const others = this.#entries.get(key);
      others?.delete(entry);
      if (others?.size === 0) this.#entries.delete(key);
    }
    this.#byListener.delete(listener);
  }

  /** A table's definition changed (or is seen for the first time). */
  forget(relation: Relation): void {
    this.#shapes.delete(relation.oid);
  }

  /** Whether anybody listens to that table, so that others need not be copied out of the stream. */
  wants(relation: Relation): boolean {
    return this.#entries.size > 0 && tableKeys(relation).some((key) => this.#entries.has(key));
  }

  push(change: RowChange): void {
    this.#queue.push(change);
    if (!this.#paused && this.#queue.length > this.#options.mostPending) {
      this.#paused = true;
      this.#options.flow.pause();
    }
    if (!this.#draining) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchSize);
      try {
        await this.#send(batch);
      } catch (error) {
        this.#options.log.error({ err: error, changes: batch.length }, "changes of rows could not be sent");
      }
      if (this.#paused && this.#queue.length <= this.#options.mostPending / 2) {
        this.#paused = false;
        this.#options.flow.resume();
      }
    }
    this.#draining = false;
  }

  async #send(batch: RowChange[]): Promise<void> {
    const matched: Matched[] = [];
    for (const change of batch) {
      const shape = await this.#shape(change.relation);
      const entries = shape ? await this.#matching(change) : [];
      if (shape && entries.length > 0) matched.push({ change, shape, entries });
    }
    const visibility = await this.#readVisibility(matched);
    for (const item of matched) this.#deliver(item, visibility);
  }

  #shape({ oid }: Relation): Promise<TableShape | null> {
    let shape = this.#shapes.get(oid);
    if (!shape) {
      shape = readTableShape(this.#options.sql, { oid });
      this.#shapes.set(oid, shape);
      shape.catch(() => this.#shapes.delete(oid));
    }
    return shape;
  }

  async #matching(change: RowChange): Promise<Entry[]> {
    const results = new Map<string, boolean>();
    const row = change.record ?? change.oldRecord ?? new Map<string, string | null>();
    const found: Entry[] = [];
    for (const entry of tableKeys(change.relation).flatMap((key) => [...(this.#entries.get(key) ?? [])])) {
      const { event, filter, conditions } = entry.subscription;
      if (event !== "*" && event !== change.type) continue;
      let result = results.get(filter);
      if (result === undefined) {
        result = await matches(this.#options.sql, conditions, row);
        results.set(filter, result);
      }
      if (result) found.push(entry);
    }
    return found;
  }

  /** By claims and table; asked in parallel, as far as the pool allows. */
  async #readVisibility(matched: Matched[]): Promise<Map<string, Visibility>> {
    const questions = new Map<string, { claims: Claims; shape: TableShape; changes: Set<RowChange> }>();
    for (const { change, shape, entries } of matched) {
      for (const { listener } of entries) {
        const key = visibilityKey(listener.claims, shape);
        const question = questions.get(key) ?? { claims: listener.claims, shape, changes: new Set() };
        question.changes.add(change);
        questions.set(key, question);
      }
    }
    const answers = [...questions].map(async ([key, { claims, shape, changes }]) => {
      try {
        const visibility = await readVisibility(this.#options.sql, claims, { shape, changes: [...changes] });
        return [[key, visibility] as const];
      } catch (error) {
        // A policy that fails hides the rows from those whom it fails for, and from nobody else.
        this.#options.log.error({ err: error, table: shape.table }, "visibility of rows could not be read");
        return [];
      }
    });
    return new Map((await Promise.all(answers)).flat());
  }

  #deliver({ change, shape, entries }: Matched, visibilities: Map<string, Visibility>): void {
    const rendered = new Map<string, string>();
    const messages = new Map<string, { listener: ChangeListener; data: string; ids: number[] }>();
    entries.forEach(({ listener, subscription }) => {
      const visibility = visibilities.get(visibilityKey(listener.claims, shape));
      if (!visibility?.sees(change) || !this.#byListener.has(listener)) return;
      const shown = ({ name }: { name: string }): boolean => subscription.select?.includes(name) ?? true;
      const columns = { record: visibility.columns.filter(shown), old: visibility.oldColumns.filter(shown) };
      const dataKey = JSON.stringify(
        [columns.record, columns.old].map((list) => list.map(({ name }) => name)),
      );
      const data = rendered.get(dataKey) ?? changeJson(change, shape, columns);
      rendered.set(dataKey, data);
      const messageKey = `${this.#listenerNumber(listener)} ${dataKey}`;
      const message = messages.get(messageKey) ?? { listener, data, ids: [] };
      message.ids.push(subscription.id);
      messages.set(messageKey, message);
    });
    for (const { listener, data, ids } of messages.values()) {
      const name = { topic: listener.topic, event: "postgres_changes" };
      listener.deliver(
        encodeRawFrame(name, `{"ids":${JSON.stringify(ids)},"data":${data}}`, listener.version),
      );
    }
  }

  #numbers = new WeakMap<ChangeListener, number>();
  #lastNumber = 0;

  #listenerNumber(listener: ChangeListener): number {
    let number = this.#numbers.get(listener);
    if (number === undefined) {
      number = ++this.#lastNumber;
      this.#numbers.set(listener, number);
    }
    return number;
  }
}

function tableKey({ schema, table }: { schema: string; table: string }): string {
  return JSON.stringify([schema, table]);
}

function tableKeys({ schema, table }: Relation): string[] {
  return [
    { schema, table },
    { schema, table: "*" },
    { schema: "*", table },
    { schema: "*", table: "*" },
  ].map(tableKey);
}

function visibilityKey(claims: Claims, shape: TableShape): string {
  return `${shape.oid} ${claims.json}`;
}
