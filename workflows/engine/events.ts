import type { LogChunk, RunEvent } from "../../shared/run/events.ts";
import { whenConnected, type Sql } from "./database.ts";
import type { Redactor } from "./redact.ts";
import { appendRunEvents, type KeyedEvent } from "./sql/appendRunEvents.ts";

/** The one place that writes events of runs. Lost connections are waited out; a fenced worker is told so once. */
export interface RunEvents {
  /** Returns the database's time, in milliseconds since the epoch. */
  append(runId: string, ...events: KeyedEvent[]): Promise<number>;
  /** Log of one execution of a step. `execution` keeps its keys apart from those of an interrupted one. */
  openLog(target: { runId: string; stepId: string; execution: string }): StepLog;
}

export interface StepLog {
  write(stream: LogChunk["stream"], text: string): void;
  /** While more is written than can be stored: resolves when there is room again. What is written before is kept all the same. */
  room(): Promise<void> | undefined;
  /** Stores what is still in memory; nothing may be written afterwards. */
  close(): Promise<void>;
}

const batchMs = 60;
/** Of one event; a message to the browser carries it whole. */
const maxEventChars = 64 * 1024;
const defaultMaxLogChars = 50 * 1024 * 1024;
/** Written and not stored yet, in UTF-16 units: enough for any command that is not all output to go on while the database is away. */
const maxUnstoredChars = 512 * 1024;
/** Stored in one go: it is in memory several times over until it is. */
const maxBatchChars = 128 * 1024;

export function makeRunEvents(deps: {
  sql: Sql;
  workerId: string;
  redactorOf: (runId: string) => Redactor;
  /** Of one execution of a step, in UTF-16 units; default 50 Mi. */
  maxLogChars?: number;
}): RunEvents {
  const { sql, workerId, redactorOf, maxLogChars = defaultMaxLogChars } = deps;
  const store = (runId: string, events: KeyedEvent[]): Promise<number> =>
    whenConnected(() => appendRunEvents(sql, { runId, workerId, events }));
  const append = (runId: string, ...events: KeyedEvent[]): Promise<number> =>
    store(
      runId,
      events.map(({ key, event }) => ({ key, event: storable(redactorOf(runId).json(event)) as RunEvent })),
    );
  return {
    append,
    openLog: (target) =>
      new BatchedLog({
        ...target,
        redactor: redactorOf(target.runId),
        maxLogChars,
        append: (...events) => store(target.runId, events),
      }),
  };
}

/** U+0000 has no place in Postgres' jsonb, nor has half a surrogate pair. */
function storable(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "\uFFFD").toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, storable(one)]));
}

interface LogOptions {
  stepId: string;
  execution: string;
  redactor: Redactor;
  maxLogChars: number;
  append: (...events: KeyedEvent[]) => Promise<unknown>;
}

class BatchedLog implements StepLog {
  readonly #options: LogOptions;
  readonly #streams: Record<"out" | "err", ReturnType<Redactor["stream"]>>;
  #chunks: LogChunk[] = [];
  #written = 0;
  #events = 0;
  /** Not in a batch yet; not stored yet. */
  #gathered = 0;
  #unstored = 0;
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#streams = { out: options.redactor.stream(), err: options.redactor.stream() };
  }

  write(stream: LogChunk["stream"], text: string): void {
    const { maxLogChars, redactor } = this.#options;
    if (stream === "note") this.#add(stream, redactor.text(text));
    else if (this.#written <= maxLogChars) {
      this.#written += text.length;
      this.#add(stream, this.#streams[stream].push(text));
      if (this.#written > maxLogChars) {
        const size =
          maxLogChars < 1024 * 1024
            ? `${maxLogChars} characters`
            : `${Math.round(maxLogChars / 1024 / 1024)} MB`;
        this.#add("note", `Output cut here: a step's log holds ${size}. The command goes on.\n`);
      }
    }
    if (this.#gathered >= maxBatchChars) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), batchMs);
  }

  room(): Promise<void> | undefined {
    return this.#unstored > maxUnstoredChars ? this.#storing : undefined;
  }

  #add(stream: LogChunk["stream"], text: string): void {
    const clean = text.replaceAll("\0", "\uFFFD").toWellFormed();
    const last = this.#chunks.at(-1);
    const at = Date.now();
    this.#gathered += clean.length;
    this.#unstored += clean.length;
    for (let from = 0; from < clean.length; from += maxEventChars) {
      const piece = clean.slice(from, from + maxEventChars).toWellFormed();
      if (from === 0 && last?.stream === stream && last.text.length + piece.length <= maxEventChars)
        last.text += piece;
      else this.#chunks.push({ stream, text: piece, at });
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#chunks.length === 0) return;
    const { stepId, execution } = this.#options;
    const events: KeyedEvent[] = groupChunks(this.#chunks).map((chunks) => ({
      key: `log:${stepId}:${execution}:${++this.#events}`,
      event: { type: "step.log", stepId, chunks },
    }));
    this.#chunks = [];
    const length = this.#gathered;
    this.#gathered = 0;
    this.#storing = this.#storing
      .then(() => this.#options.append(...events))
      .catch((error: unknown) => {
        // Told by close(), whoever writes cannot wait for it.
        this.#failure ??= error;
      })
      .then(() => void (this.#unstored -= length));
  }

  async close(): Promise<void> {
    for (const stream of ["out", "err"] as const) this.#add(stream, this.#streams[stream].end());
    this.#flush();
    await this.#storing;
    if (this.#failure !== undefined) throw this.#failure as Error;
  }
}

function groupChunks(chunks: LogChunk[]): LogChunk[][] {
  const groups: LogChunk[][] = [];
  let size = Infinity;
  for (const chunk of chunks) {
    if (size + chunk.text.length > maxEventChars) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)?.push(chunk);
    size += chunk.text.length;
  }
  return groups;
}
