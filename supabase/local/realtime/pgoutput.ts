/**
 * Reader of the logical replication messages that the gateway needs (protocol version 1).
 * Values stay slices of the received buffer, valid until the handler returns.
 * Source: PostgreSQL 17 documentation, 53.9 "Logical Replication Message Formats".
 */
import { CoderError } from "../../../shared/errors.ts";

/** A table as the stream describes it, sent anew after each change of its definition. */
export interface Relation {
  oid: number;
  schema: string;
  table: string;
  columns: { name: string; typeOid: number; isKey: boolean }[];
}

/** Text of each column; null is SQL NULL, undefined a large value that the statement did not touch. */
export type Tuple = (Buffer | null | undefined)[];

export type PgoutputMessage =
  | { tag: "begin"; commitTime: Date; xid: number }
  | { tag: "commit" }
  | { tag: "insert"; relation: Relation; new: Tuple }
  | { tag: "update"; relation: Relation; old: Tuple | null; new: Tuple }
  | { tag: "delete"; relation: Relation; old: Tuple }
  | { tag: "relation"; relation: Relation }
  | { tag: "other" };

const millisecondsOf2000 = 946_684_800_000;

/** Parses the messages of one stream; it remembers the relations, so one parser serves one connection. */
export class PgoutputParser {
  #relations = new Map<number, Relation>();
  #buffer: Buffer = Buffer.alloc(0);
  #offset = 0;

  /** @throws CoderError `internal` for a message that the protocol does not know. */
  parse(buffer: Buffer): PgoutputMessage {
    this.#buffer = buffer;
    this.#offset = 1;
    const tag = String.fromCharCode(buffer[0] ?? 0);
    switch (tag) {
      case "B":
        return { tag: "begin", commitTime: this.#commitTime(), xid: buffer.readUInt32BE(17) };
      case "C":
        return { tag: "commit" };
      case "R":
        return { tag: "relation", relation: this.#relation() };
      case "I": {
        const relation = this.#knownRelation();
        this.#offset += 1;
        return { tag: "insert", relation, new: this.#tuple() };
      }
      case "U":
        return this.#update();
      case "D": {
        const relation = this.#knownRelation();
        const isKey = this.#byte() === "K";
        return { tag: "delete", relation, old: this.#oldTuple(relation, isKey) };
      }
      case "O":
      case "Y":
      case "T":
      case "M":
        return { tag: "other" };
      default:
        throw new CoderError("internal", `Unknown replication message '${tag}'.`);
    }
  }

  #update(): PgoutputMessage {
    const relation = this.#knownRelation();
    const kind = this.#byte();
    if (kind === "N") return { tag: "update", relation, old: null, new: this.#tuple() };
    const old = this.#oldTuple(relation, kind === "K");
    this.#offset += 1;
    // A large value that was not changed is missing from the new row, but known where the old row is sent whole.
    const fresh = this.#tuple().map((value, index) =>
      value === undefined ? (old[index] ?? undefined) : value,
    );
    return { tag: "update", relation, old, new: fresh };
  }

  /** In a key tuple the other columns arrive as NULL, which they may not have been. */
  #oldTuple(relation: Relation, isKey: boolean): Tuple {
    const tuple = this.#tuple();
    return isKey ? tuple.map((value, index) => (relation.columns[index]?.isKey ? value : undefined)) : tuple;
  }

  #commitTime(): Date {
    const microseconds = this.#buffer.readBigInt64BE(9);
    return new Date(Number(microseconds / 1000n) + millisecondsOf2000);
  }

  #relation(): Relation {
    const oid = this.#int32();
    const schema = this.#text() || "pg_catalog";
    const table = this.#text();
    this.#offset += 1;
    const columns = Array.from({ length: this.#int16() }, () => {
      const isKey = (this.#buffer[this.#offset++] ?? 0) === 1;
      const name = this.#text();
      const typeOid = this.#int32();
      this.#offset += 4;
      return { name, typeOid, isKey };
    });
    const relation = { oid, schema, table, columns };
    this.#relations.set(oid, relation);
    return relation;
  }

  #knownRelation(): Relation {
    const oid = this.#int32();
    const relation = this.#relations.get(oid);
    if (!relation)
      throw new CoderError("internal", `Replication names relation ${oid} before describing it.`);
    return relation;
  }

  #tuple(): Tuple {
    const tuple: Tuple = [];
    for (let left = this.#int16(); left > 0; left -= 1) {
      const kind = this.#byte();
      if (kind === "n") tuple.push(null);
      else if (kind === "u") tuple.push(undefined);
      else {
        const length = this.#int32();
        tuple.push(this.#buffer.subarray(this.#offset, (this.#offset += length)));
      }
    }
    return tuple;
  }

  #byte(): string {
    return String.fromCharCode(this.#buffer[this.#offset++] ?? 0);
  }

  #int16(): number {
    const value = this.#buffer.readUInt16BE(this.#offset);
    this.#offset += 2;
    return value;
  }

  #int32(): number {
    const value = this.#buffer.readUInt32BE(this.#offset);
    this.#offset += 4;
    return value;
  }

  #text(): string {
    const end = this.#buffer.indexOf(0, this.#offset);
    const value = this.#buffer.toString("utf8", this.#offset, end);
    this.#offset = end + 1;
    return value;
  }
}
