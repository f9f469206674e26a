import type { PreviewFailure, PreviewState } from "../../runtime.ts";

/** Holds the preview's state and tells listeners of every change. */
export class PreviewStates {
  readonly #listeners = new Set<(state: PreviewState) => void>();
  readonly #stalledAfterMs: number;
  #state: PreviewState = { kind: "idle" };
  #startedAt = 0;
  /** Where pages that are opened wait until they are served. */
  #waitingUrl: string | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(stalledAfterMs: number) {
    this.#stalledAfterMs = stalledAfterMs;
  }

  get current(): PreviewState {
    return this.#state;
  }

  listen(listener: (state: PreviewState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A sign of life while starting. The deadline counts from the last one: a slow download is not a hang. */
  starting(phase: Extract<PreviewState, { kind: "starting" }>["phase"], message: string): void {
    if (this.#state.kind !== "starting") this.#startedAt = Date.now();
    // While it boots nobody is there yet who lets a page wait.
    const url = phase === "booting" ? undefined : this.#waitingUrl;
    const opens = url === undefined ? {} : { url };
    this.#set({ kind: "starting", phase, message, startedAt: this.#startedAt, ...opens });
    this.#deadline = setTimeout(
      () => this.failed(stalled(phase, this.#stalledAfterMs)),
      this.#stalledAfterMs,
    );
  }

  /** Pages at `url` reach the kernel from now on; undefined: they do not. */
  connected(url: string | undefined): void {
    this.#waitingUrl = url;
    if (this.#state.kind === "starting") this.starting(this.#state.phase, this.#state.message);
  }

  ready(url: string, port = 5173): void {
    const readyInMs = this.#startedAt === 0 ? 0 : Date.now() - this.#startedAt;
    this.#set({ kind: "ready", url, port, readyInMs });
  }

  failed(failure: PreviewFailure): void {
    this.#set({ kind: "failed", failure });
  }

  idle(): void {
    this.#set({ kind: "idle" });
  }

  #set(state: PreviewState): void {
    clearTimeout(this.#deadline);
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}

function stalled(phase: string, ms: number): PreviewFailure {
  const type =
    phase === "resolving" || phase === "installing" ? "install" : phase === "building" ? "build" : "port";
  return {
    type,
    message: `The preview made no progress for ${ms / 1000} s while ${phase}.`,
    remedy: { label: "Try again", action: "retry" },
  };
}
