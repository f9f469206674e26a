import { randomUUID } from "node:crypto";
import { toCoderError } from "../../../shared/errors.ts";
import { mayWrite, readGrants } from "./authorize.ts";
import type { Extension, ReadGrants } from "./authorize.ts";
import type { Claims } from "./claims.ts";
import { encodeBroadcast } from "./frames.ts";
import type { StoredBroadcast } from "./databaseBroadcasts.ts";
import type { ClientFrame, ProtocolVersion, UserBroadcast } from "./frames.ts";
import { broadcastPayloadSchema, presencePayloadSchema } from "./joinPayload.ts";
import type { JoinConfig } from "./joinPayload.ts";
import type { Services } from "./services.ts";

/** The socket as a channel sees it. */
export interface ChannelSocket {
  readonly version: ProtocolVersion;
  send(frame: Buffer | string): void;
  sendEvent(frame: {
    joinRef: string | null;
    ref: string | null;
    topic: string;
    event: string;
    payload: unknown;
  }): void;
  /** The channel has ended and is no longer the socket's. */
  forget(channel: Channel): void;
}

export interface ChannelOptions {
  topic: string;
  joinRef: string | null;
  claims: Claims;
  grants: ReadGrants;
  config: JoinConfig;
}

/** Longest delay of a timer in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** One joined topic of one socket. */
export class Channel {
  readonly topic: string;
  readonly isPrivate: boolean;
  readonly joinRef: string | null;
  readonly version: ProtocolVersion;
  #services: Services;
  #socket: ChannelSocket;
  #config: JoinConfig;
  #claims: Claims;
  #grants: ReadGrants;
  #presenceKey: string;
  #writeGrants = new Map<Extension, Promise<boolean>>();
  #expiry: NodeJS.Timeout | undefined;
  /** Live messages that wait until the join's reply and the replayed ones are out; null from then on. */
  #held: { frame: Buffer | string; id: string | undefined }[] | null = [];
  #ended = false;

  constructor(services: Services, socket: ChannelSocket, options: ChannelOptions) {
    this.#services = services;
    this.#socket = socket;
    this.topic = options.topic;
    this.joinRef = options.joinRef;
    this.version = socket.version;
    this.isPrivate = options.config.private ?? false;
    this.#config = options.config;
    this.#claims = options.claims;
    this.#grants = options.grants;
    this.#presenceKey = options.config.presence?.key || randomUUID();
    this.#watchExpiry();
  }

  /** Whether the channel left its room for good. */
  get ended(): boolean {
    return this.#ended;
  }

  get claims(): Claims {
    return this.#claims;
  }

  get hearsBroadcasts(): boolean {
    return this.#grants.broadcast;
  }

  get hearsPresence(): boolean {
    return this.#grants.presence && (this.#config.presence?.enabled ?? true);
  }

  /** The topic as policies and people know it. */
  get subTopic(): string {
    return this.topic.slice("realtime:".length);
  }

  deliver(frame: Buffer | string, id?: string): void {
    if (this.#held) this.#held.push({ frame, id });
    else this.#socket.send(frame);
  }

  /** What the join asks to have replayed; read before its reply, so that what is sent after the reply is live. */
  async readReplay(): Promise<StoredBroadcast[]> {
    const replay = this.#config.broadcast?.replay;
    if (!replay || !this.hearsBroadcasts) return [];
    return this.#services.broadcasts.replay(this.subTopic, { since: replay.since, limit: replay.limit });
  }

  /** Sends what the client asked for with its join, after the join's reply. */
  begin(replayed: StoredBroadcast[]): void {
    if (this.hearsPresence) this.#push("presence_state", this.#services.presence.state(this));
    if (this.#config.broadcast?.replication_ready) {
      if (this.#services.streaming()) this.sendSystem("system", "ok", "Replication connection established");
      else this.sendSystem("system", "error", "Replication connection is not ready");
    }
    for (const { broadcast } of replayed) {
      const frame = encodeBroadcast(this.topic, broadcast, this.version);
      if (frame !== null) this.#socket.send(frame);
    }
    const ids = new Set(replayed.map(({ id }) => id));
    const held = this.#held ?? [];
    this.#held = null;
    for (const { frame, id } of held) if (id === undefined || !ids.has(id)) this.#socket.send(frame);
  }

  async handle(frame: ClientFrame): Promise<void> {
    switch (frame.event) {
      case "broadcast":
        return this.#handleBroadcast(frame);
      case "presence":
        return this.#handlePresence(frame);
      case "access_token":
        return this.#handleToken(frame);
      case "phx_leave":
        this.reply(frame.ref, "ok", {});
        return this.close();
      default:
        return this.reply(frame.ref, "error", { reason: `Unknown event '${frame.event.slice(0, 100)}'` });
    }
  }

  reply(ref: string | null, status: "ok" | "error", response: unknown): void {
    const payload = { status, response };
    this.#socket.sendEvent({ joinRef: this.joinRef, ref, topic: this.topic, event: "phx_reply", payload });
  }

  sendSystem(extension: "system" | "postgres_changes", status: "ok" | "error", message: string): void {
    this.#push("system", { extension, status, message, channel: this.subTopic });
  }

  /** Ends the channel and tells the client. */
  close(): void {
    if (this.#ended) return;
    this.end();
    const { topic, joinRef } = this;
    this.#socket.sendEvent({ joinRef, ref: joinRef, topic, event: "phx_close", payload: {} });
  }

  /** Ends the channel without a word, as when its socket is gone. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#expiry);
    this.#services.rooms.leave(this, this);
    this.#services.changes.unsubscribe(this);
    this.#services.presence.untrack(this, this);
    this.#socket.forget(this);
  }

  #push(event: string, payload: unknown): void {
    this.#socket.sendEvent({ joinRef: this.joinRef, ref: null, topic: this.topic, event, payload });
  }

  async #handleBroadcast(frame: ClientFrame): Promise<void> {
    const broadcast = readBroadcast(frame);
    if (!broadcast) return this.reply(frame.ref, "error", { reason: "A broadcast needs an event" });
    if (isStored(frame.payload)) {
      const error = "PersistNotSupported: this install stores broadcasts sent by realtime.send only";
      return this.reply(frame.ref, "error", { error });
    }
    // As hosted: a denied broadcast is not answered.
    if (!(await this.#mayWrite("broadcast")) || this.#ended) return;
    const { self, ack } = this.#config.broadcast ?? {};
    this.#services.rooms.broadcast(this, broadcast, self ? {} : { except: this });
    if (ack) this.reply(frame.ref, "ok", {});
  }

  async #handlePresence(frame: ClientFrame): Promise<void> {
    const parsed = presencePayloadSchema.safeParse(frame.payload);
    if (!parsed.success)
      return this.reply(frame.ref, "error", { reason: "A presence message needs an event" });
    const { event, payload } = parsed.data;
    if (event === "untrack") this.#services.presence.untrack(this, this);
    else if (event === "track") {
      if (!(await this.#mayWrite("presence"))) {
        const reason = `You do not have permissions to write Presence on this Channel topic: ${this.subTopic}`;
        return this.reply(frame.ref, "error", { reason });
      }
      if (this.#ended) return;
      this.#services.presence.track(this, this, { key: this.#presenceKey, payload: payload ?? {} });
    } else
      return this.reply(frame.ref, "error", { reason: `Unknown presence event '${event.slice(0, 100)}'` });
    this.reply(frame.ref, "ok", {});
  }

  /** A new token: the client stays only where the new token may still read. */
  async #handleToken(frame: ClientFrame): Promise<void> {
    const token = (frame.payload as { access_token?: unknown } | null)?.access_token;
    // As hosted: no token is no news, the known one stays until it ends.
    if (token === null || token === undefined) return;
    try {
      const claims = await this.#services.verify(typeof token === "string" ? token : "");
      const grants = this.isPrivate
        ? await readGrants(this.#services.sql, { claims, topic: this.subTopic })
        : this.#grants;
      if (this.#ended) return;
      this.#claims = claims;
      this.#grants = grants;
      this.#writeGrants.clear();
      this.#watchExpiry();
      if (!grants.broadcast && !grants.presence) this.#refuse(deniedRead(this.subTopic));
    } catch (error) {
      this.#services.log.debug({ err: error, topic: this.topic }, "a new token was refused");
      const { code, message } = toCoderError(error);
      this.#refuse(code === "unauthenticated" ? message : "The new access token could not be checked");
    }
  }

  #refuse(reason: string): void {
    if (this.#ended) return;
    this.sendSystem("system", "error", reason);
    this.close();
  }

  #mayWrite(extension: Extension): Promise<boolean> {
    if (!this.isPrivate) return Promise.resolve(true);
    let grant = this.#writeGrants.get(extension);
    if (!grant) {
      grant = mayWrite(this.#services.sql, { claims: this.#claims, topic: this.subTopic }, extension);
      this.#writeGrants.set(extension, grant);
      // A question that failed is asked again at the next message.
      grant.catch(() => this.#writeGrants.delete(extension));
    }
    return grant;
  }

  #watchExpiry(): void {
    clearTimeout(this.#expiry);
    const { expiresAt } = this.#claims;
    if (expiresAt === null) return;
    const left = expiresAt * 1000 - Date.now();
    if (left <= 0) return this.#refuse("Access token has expired");
    this.#expiry = setTimeout(() => this.#watchExpiry(), Math.min(left, longestTimer));
  }
}

/** What hosted Supabase says of a channel that may not be read. */
export function deniedRead(subTopic: string): string {
  return `You do not have permissions to read from this Channel topic: ${subTopic}`;
}

function readBroadcast(frame: ClientFrame): UserBroadcast | null {
  if (frame.broadcast) return frame.broadcast;
  const parsed = broadcastPayloadSchema.safeParse(frame.payload);
  if (!parsed.success) return null;
  const body = Buffer.from(JSON.stringify(parsed.data.payload ?? {}));
  return { event: parsed.data.event, encoding: "json", body };
}

function isStored(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && "persist" in payload && Boolean(payload.persist);
}
