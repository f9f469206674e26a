import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { CoderError } from "../../shared/errors.ts";
import type { CommandResult, ReachedHost, Sandbox, SandboxCommand } from "./sandbox.ts";

/** What the server inside says. It shares the sandbox with code that is not ours, so this is checked like any input. */
const messageSchema = z.union([
  z.object({ ready: z.literal(true), placeholders: z.record(z.string(), z.string()) }),
  z.object({ id: z.number().int(), stream: z.enum(["out", "err"]), text: z.string() }),
  z.object({ id: z.number().int(), exit: z.number().int() }),
  z.object({ id: z.number().int(), result: z.unknown() }),
  z.object({
    id: z.number().int(),
    error: z.object({
      code: z.enum(["not_found", "too_large", "unavailable", "internal"]),
      message: z.string(),
    }),
  }),
]);
type Message = z.infer<typeof messageSchema>;

const reachedSchema: z.ZodType<ReachedHost> = z.object({
  host: z.string(),
  port: z.number().int(),
  allowed: z.boolean(),
});
const listSchema = z.object({ files: z.array(z.object({ path: z.string(), size: z.number().int() })) });
const readSchema = z.object({ content: z.base64() });

/** A longer line than this comes from somebody writing into the pipe who is not the server. */
const maxLineLength = 64 * 1024 * 1024;
const killGraceMs = 300;
/** How long after KILL the server may take to report the end before the whole sandbox is taken down. */
const unresponsiveMs = 2_000;

interface Call {
  onOutput?: SandboxCommand["onOutput"];
  onReached?: SandboxCommand["onReached"];
  resolve(message: Extract<Message, { exit: number } | { result: unknown }>): void;
  reject(error: Error): void;
}

export interface ServerProcess {
  kind: Sandbox["kind"];
  repoDir: string;
  /** Its stdin and stdout are the server's; stderr says why it did not start. */
  child: ChildProcess;
  /** Secrets that commands get as they are. */
  values: Readonly<Record<string, string>>;
  /** Where the proxy says what it has decided, a JSON line each; nothing inside can write there. */
  reached?: Readable;
  /** Kills the process and everything below it; resolves when it is gone. */
  kill(): Promise<void>;
}

/**
 * Speaks to a `commandServer.ts` that is starting in a child process.
 * @throws CoderError `unavailable` with what the process said, if it ends before it is ready.
 */
export async function connectCommandServer(server: ServerProcess): Promise<Sandbox> {
  const connection = new Connection(server);
  await connection.ready;
  return connection;
}

class Connection implements Sandbox {
  readonly kind: Sandbox["kind"];
  readonly repoDir: string;
  readonly pid: number;
  secrets: Readonly<Record<string, string>>;
  readonly ready: Promise<void>;
  readonly #server: ServerProcess;
  readonly #calls = new Map<number, Call>();
  #lastId = 0;
  /** Whose output was not taken yet. */
  #held = 0;
  #isReady = false;
  #gone: CoderError | undefined;
  #closing: Promise<void> | undefined;

  constructor(server: ServerProcess) {
    this.#server = server;
    this.kind = server.kind;
    this.repoDir = server.repoDir;
    this.secrets = server.values;
    this.pid = server.child.pid ?? -1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    let said = "";
    server.child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    server.child.stdin?.on("error", (error) => this.#end(`its pipe broke (${error.message})`));
    server.child.on("error", (error) => {
      this.#end(error.message);
      reject(this.#gone);
    });
    server.child.on("close", (code, signal) => {
      this.#end(`${signal ?? `exit code ${code}`}${said.trim() === "" ? "" : `: ${said.trim()}`}`);
      reject(this.#gone);
    });
    this.#readLines(resolve);
    const { reached } = server;
    if (reached === undefined) return;
    reached.on("error", () => undefined);
    createInterface({ input: reached }).on("line", (line) => {
      const connection = parseJson(line, reachedSchema);
      // The last line of one that was killed may be half a line.
      if (connection === undefined) return;
      for (const call of this.#calls.values()) call.onReached?.(connection);
    });
  }

  get ended(): boolean {
    return this.#gone !== undefined;
  }

  #readLines(onReady: () => void): void {
    const decoder = new StringDecoder("utf8");
    let pieces: string[] = [];
    let pending = 0;
    this.#server.child.stdout?.on("data", (chunk: Buffer) => {
      const parts = decoder.write(chunk).split("\n");
      const last = parts.pop() ?? "";
      for (const part of parts) {
        this.#receive(pieces.length === 0 ? part : pieces.join("") + part, onReady);
        pieces = [];
        pending = 0;
      }
      if (last === "") return;
      pieces.push(last);
      pending += last.length;
      if (pending > maxLineLength) void this.close();
    });
  }

  #receive(line: string, onReady: () => void): void {
    const message = parseJson(line, messageSchema);
    // Not ours: something inside wrote to the pipe. It can only disturb its own run.
    if (message === undefined) return;
    if ("ready" in message) {
      // Said once, before any command runs: what comes later is from one of them.
      if (this.#isReady) return;
      this.#isReady = true;
      this.secrets = { ...message.placeholders, ...this.secrets };
      return onReady();
    }
    const call = this.#calls.get(message.id);
    if (!call) return;
    if ("stream" in message) {
      const taken: unknown = call.onOutput?.(message.stream, message.text);
      // Whoever only collects lines may give back what `push` does.
      if (taken instanceof Promise) this.#hold(taken);
      return;
    }
    if (call.onReached === undefined) return this.#finish(message.id, call, message);
    // What the proxy said before the command ended is in its pipe by now, and read in this turn of the loop.
    void setImmediate().then(() => this.#finish(message.id, call, message));
  }

  #finish(id: number, call: Call, message: Exclude<Message, { ready: true } | { stream: unknown }>): void {
    this.#calls.delete(id);
    if ("error" in message) call.reject(new CoderError(message.error.code, message.error.message));
    else call.resolve(message);
  }

  /** Reads nothing more until the output was taken: then the pipe fills, and whoever prints waits. */
  #hold(taken: Promise<unknown>): void {
    const { stdout } = this.#server.child;
    this.#held += 1;
    stdout?.pause();
    const release = (): void => {
      this.#held -= 1;
      if (this.#held === 0) stdout?.resume();
    };
    taken.then(release, release);
  }

  #end(reason: string): void {
    this.#gone ??= new CoderError("unavailable", `The sandbox ended: ${reason}`);
    for (const call of this.#calls.values()) call.reject(this.#gone);
    this.#calls.clear();
  }

  #call(
    request: object,
    { onOutput, onReached }: Pick<SandboxCommand, "onOutput" | "onReached"> = {},
  ): { id: number; done: Promise<unknown> } {
    const id = ++this.#lastId;
    const done = new Promise<unknown>((resolve, reject) => {
      if (this.#gone) return reject(this.#gone);
      this.#calls.set(id, {
        onOutput,
        onReached,
        resolve: (message) => resolve("exit" in message ? message.exit : message.result),
        reject,
      });
      this.#send({ ...request, id });
    });
    return { id, done };
  }

  #send(request: object): void {
    this.#server.child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  async exec(command: SandboxCommand): Promise<CommandResult> {
    const startedAt = performance.now();
    let timedOut = false;
    let aborted = command.signal?.aborted ?? false;
    let killed = false;
    if (aborted) return { exitCode: 130, timedOut, aborted, durationMs: 0 };
    const { id, done } = this.#call(
      { op: "exec", command: command.command, env: command.env ?? {}, cwd: command.cwd ?? "." },
      {
        onOutput: (stream, text) => {
          const taken = command.onOutput?.(stream, text);
          // What is still to come of a killed command is little, and its end must be read in time.
          return killed ? undefined : taken;
        },
        ...(command.onReached === undefined ? {} : { onReached: command.onReached }),
      },
    );
    let unresponsive: NodeJS.Timeout | undefined;
    const kill = (): void => {
      killed = true;
      this.#server.child.stdout?.resume();
      this.#send({ op: "kill", id, graceMs: killGraceMs });
      unresponsive ??= setTimeout(() => void this.close(), killGraceMs + unresponsiveMs);
    };
    const timeout =
      command.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            kill();
          }, command.timeoutMs);
    const abort = (): void => {
      aborted = true;
      kill();
    };
    command.signal?.addEventListener("abort", abort, { once: true });
    try {
      const exitCode = z.number().parse(await done);
      return { exitCode, timedOut, aborted, durationMs: performance.now() - startedAt };
    } catch (error) {
      // Taken down because the command would not die: that is the end that was asked for.
      if (timedOut || aborted)
        return { exitCode: 137, timedOut, aborted, durationMs: performance.now() - startedAt };
      throw error;
    } finally {
      clearTimeout(timeout);
      clearTimeout(unresponsive);
      command.signal?.removeEventListener("abort", abort);
    }
  }

  async list(directory: string, options: { maxFiles: number; skip?: readonly string[] }) {
    const { done } = this.#call({
      op: "list",
      path: directory,
      maxFiles: options.maxFiles,
      skip: options.skip ?? [],
    });
    return listSchema.parse(await done).files;
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array> {
    const { done } = this.#call({ op: "read", path, maxBytes });
    return Buffer.from(readSchema.parse(await done).content, "base64");
  }

  async write(path: string, content: Uint8Array): Promise<void> {
    await this.#call({ op: "write", path, content: Buffer.from(content).toString("base64") }).done;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#end("it was closed");
    const { child } = this.#server;
    child.stdout?.resume();
    const ended = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, "close");
    await this.#server.kill();
    await ended;
  }
}

function parseJson<T extends z.ZodType>(line: string, schema: T): z.output<T> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
