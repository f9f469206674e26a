import { randomBytes } from "node:crypto";
import { roomKey } from "./rooms.ts";
import type { Room } from "./rooms.ts";

/** What one channel says of itself, with the reference by which clients tell two of them apart. */
type Meta = Record<string, unknown> & { phx_ref: string; phx_ref_prev?: string };

/** All that is known under each key, as supabase-js expects `presence_state`, and each half of a diff. */
export type PresenceState = Record<string, { metas: Meta[] }>;

interface Entry {
  key: string;
  meta: Meta;
}

/** Who is present in which room. Each holder (a joined channel) tracks at most one entry. */
export class Presence<Holder extends object> {
  #rooms = new Map<string, Map<Holder, Entry>>();
  #sendDiff: (room: Room, diffJson: string) => void;

  constructor(sendDiff: (room: Room, diffJson: string) => void) {
    this.#sendDiff = sendDiff;
  }

  state(room: Room): PresenceState {
    const state = emptyState();
    for (const { key, meta } of this.#rooms.get(roomKey(room))?.values() ?? []) {
      (state[key] ??= { metas: [] }).metas.push(meta);
    }
    return state;
  }

  track(room: Room, holder: Holder, entry: { key: string; payload: Record<string, unknown> }): void {
    const entries = this.#rooms.get(roomKey(room)) ?? new Map<Holder, Entry>();
    this.#rooms.set(roomKey(room), entries);
    const previous = entries.get(holder);
    const meta: Meta = {
      ...entry.payload,
      ...(previous ? { phx_ref_prev: previous.meta.phx_ref } : {}),
      phx_ref: randomBytes(12).toString("base64url"),
    };
    const current = { key: entry.key, meta };
    entries.set(holder, current);
    this.#sendDiff(room, diffJson(current, previous));
  }

  untrack(room: Room, holder: Holder): void {
    const entries = this.#rooms.get(roomKey(room));
    const previous = entries?.get(holder);
    if (!entries || !previous) return;
    entries.delete(holder);
    if (entries.size === 0) this.#rooms.delete(roomKey(room));
    this.#sendDiff(room, diffJson(undefined, previous));
  }
}

function diffJson(joined: Entry | undefined, left: Entry | undefined): string {
  return JSON.stringify({ joins: stateOf(joined), leaves: stateOf(left) });
}

function stateOf(entry: Entry | undefined): PresenceState {
  const state = emptyState();
  if (entry) state[entry.key] = { metas: [entry.meta] };
  return state;
}

/** Keys are chosen by clients, so `__proto__` must be a key like any other. */
function emptyState(): PresenceState {
  return Object.create(null) as PresenceState;
}
