import { encodeBroadcast, encodeRawFrame } from "./frames.ts";
import type { ProtocolVersion, UserBroadcast } from "./frames.ts";

/** A private and a public channel of one topic never hear each other. */
export interface Room {
  /** As on the wire, with the prefix `realtime:`. */
  topic: string;
  isPrivate: boolean;
}

/** A joined channel as its room sees it. */
export interface Member {
  readonly version: ProtocolVersion;
  readonly hearsBroadcasts: boolean;
  readonly hearsPresence: boolean;
  /** `id` names a message from the database, so that a replayed one is not repeated. */
  deliver(frame: Buffer | string, id?: string): void;
}

/** Who is in which room; sends one message to all of a room, encoded once per protocol version. */
export class Rooms<M extends Member> {
  #members = new Map<string, Set<M>>();

  join(room: Room, member: M): void {
    const key = roomKey(room);
    const members = this.#members.get(key);
    if (members) members.add(member);
    else this.#members.set(key, new Set([member]));
  }

  leave(room: Room, member: M): void {
    const key = roomKey(room);
    const members = this.#members.get(key);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(key);
  }

  broadcast(room: Room, broadcast: UserBroadcast, options: { except?: M; id?: string } = {}): void {
    const encoded = new Map<ProtocolVersion, Buffer | string | null>();
    for (const member of this.#members.get(roomKey(room)) ?? []) {
      if (member === options.except || !member.hearsBroadcasts) continue;
      let frame = encoded.get(member.version);
      if (frame === undefined) {
        frame = encodeBroadcast(room.topic, broadcast, member.version);
        encoded.set(member.version, frame);
      }
      if (frame !== null) member.deliver(frame, options.id);
    }
  }

  presenceDiff(room: Room, payloadJson: string): void {
    const encoded = new Map<ProtocolVersion, string>();
    for (const member of this.#members.get(roomKey(room)) ?? []) {
      if (!member.hearsPresence) continue;
      let frame = encoded.get(member.version);
      if (frame === undefined) {
        frame = encodeRawFrame({ topic: room.topic, event: "presence_diff" }, payloadJson, member.version);
        encoded.set(member.version, frame);
      }
      member.deliver(frame);
    }
  }
}

/** One text per room; the topic comes last, so no topic can spell another room. */
export function roomKey(room: Room): string {
  return `${room.isPrivate ? "private" : "public"} ${room.topic}`;
}
