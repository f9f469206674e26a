import type { WebSocket } from "ws";
import { toCoderError } from "../../../shared/errors.ts";
import type { Channel, ChannelSocket } from "./channel.ts";
import { decodeFrame, encodeFrame } from "./frames.ts";
import type { ClientFrame, ProtocolVersion, ServerFrame } from "./frames.ts";
import { completeJoin, prepareJoin } from "./joinChannel.ts";
import type { Services } from "./services.ts";

/** Consecutive frames that make no sense after which the socket is closed. */
const mostMalformed = 10;

/** One WebSocket with its channels. Frames of one topic are handled one after the other, topics side by side. */
export class Connection implements ChannelSocket {
  readonly version: ProtocolVersion;
  readonly apiKey: string;
  #services: Services;
  #socket: WebSocket;
  #channels = new Map<string, Channel>();
  #tasks = new Map<string, Promise<void>>();
  #pending = 0;
  #malformed = 0;
  #lastSeen = Date.now();
  #closed = false;

  constructor(services: Services, socket: WebSocket, options: { version: ProtocolVersion; apiKey: string }) {
    this.#services = services;
    this.#socket = socket;
    this.version = options.version;
    this.apiKey = options.apiKey;
    socket.on("message", (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on("pong", () => (this.#lastSeen = Date.now()));
    socket.on("error", (error) => services.log.debug({ err: error }, "a socket failed"));
    socket.on("close", () => this.#end());
  }

  send(frame: Buffer | string): void {
    if (this.#closed || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#services.limits.bufferedBytes) {
      // A close frame would wait behind everything else; the client reconnects and fetches what it missed.
      this.#services.log.warn(
        { bytes: this.#socket.bufferedAmount },
        "a client reads too slowly and is disconnected",
      );
      this.#socket.terminate();
      return;
    }
    this.#socket.send(frame, { binary: typeof frame !== "string" });
  }

  sendEvent(frame: ServerFrame): void {
    this.send(encodeFrame(frame, this.version));
  }

  forget(channel: Channel): void {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
  }

  /** Asks for a sign of life, or gives the client up where there was none for too long. */
  checkAlive(now: number): void {
    if (now - this.#lastSeen > this.#services.limits.idleMs) this.#socket.terminate();
    else this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #end(): void {
    this.#closed = true;
    for (const channel of this.#channels.values()) channel.end();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    this.#lastSeen = Date.now();
    let frame: ClientFrame;
    try {
      frame = decodeFrame(data, isBinary, this.version);
      this.#malformed = 0;
    } catch (error) {
      this.#services.log.debug({ err: error }, "a malformed frame was dropped");
      this.#malformed += 1;
      if (this.#malformed >= mostMalformed) this.#socket.close(1003, "Malformed frames");
      return;
    }
    if (frame.topic === "phoenix" && frame.event === "heartbeat") {
      this.#reply(frame, "ok", {});
      return;
    }
    this.#enqueue(frame);
  }

  #enqueue(frame: ClientFrame): void {
    const { pendingFrames } = this.#services.limits;
    this.#pending += 1;
    if (this.#pending >= pendingFrames) this.#socket.pause();
    const previous = this.#tasks.get(frame.topic) ?? Promise.resolve();
    const task = this.#runAfter(previous, frame).finally(() => {
      if (this.#tasks.get(frame.topic) === task) this.#tasks.delete(frame.topic);
    });
    this.#tasks.set(frame.topic, task);
  }

  /** Never rejects. */
  async #runAfter(previous: Promise<void>, frame: ClientFrame): Promise<void> {
    await previous;
    try {
      if (!this.#closed) await this.#handle(frame);
    } catch (error) {
      this.#services.log.error(
        { err: error, topic: frame.topic, event: frame.event },
        "a frame could not be handled",
      );
      this.#reply(frame, "error", { reason: "Unable to handle the message; try again later" });
    }
    this.#pending -= 1;
    if (this.#socket.isPaused && this.#pending <= this.#services.limits.pendingFrames / 4)
      this.#socket.resume();
  }

  async #handle(frame: ClientFrame): Promise<void> {
    if (frame.event === "phx_join") return this.#join(frame);
    const channel = this.#channels.get(frame.topic);
    if (!channel) {
      // Leaving what was never joined is done.
      if (frame.event === "phx_leave") return this.#reply(frame, "ok", {});
      return this.#reply(frame, "error", { reason: "unmatched topic" });
    }
    // A frame of a channel that was joined anew since.
    if (frame.joinRef !== null && channel.joinRef !== null && frame.joinRef !== channel.joinRef) return;
    await channel.handle(frame);
  }

  async #join(frame: ClientFrame): Promise<void> {
    const joined = { ...frame, joinRef: frame.joinRef ?? frame.ref };
    this.#channels.get(frame.topic)?.close();
    if (this.#channels.size >= this.#services.limits.channelsPerSocket) {
      return this.#reply(joined, "error", { reason: "ChannelRateLimitReached: Too many channels" });
    }
    try {
      const prepared = await prepareJoin(this.#services, this, joined);
      if (this.#closed || this.#channels.size >= this.#services.limits.channelsPerSocket) {
        prepared.channel.end();
        return this.#reply(joined, "error", { reason: "ChannelRateLimitReached: Too many channels" });
      }
      this.#channels.set(frame.topic, prepared.channel);
      await completeJoin(this.#services, prepared, frame.ref);
    } catch (error) {
      const { code, message } = toCoderError(error);
      if (code === "internal") throw error;
      this.#reply(joined, "error", { reason: message });
    }
  }

  #reply(frame: ClientFrame, status: "ok" | "error", response: unknown): void {
    const { joinRef, ref, topic } = frame;
    this.sendEvent({ joinRef, ref, topic, event: "phx_reply", payload: { status, response } });
  }
}
