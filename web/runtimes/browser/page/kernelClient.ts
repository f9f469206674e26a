import { CoderError } from "../../../../shared/errors.ts";
import type {
  KernelEvent,
  KernelInit,
  KernelMethod,
  KernelMethods,
  KernelRequest,
} from "../kernelProtocol.ts";
import { takeKernelWorker } from "./kernelWorker.ts";

/** How long a kernel may take to load. */
const bootDeadlineMs = 60_000;

/** The page's side of the kernel worker: calls with results, events without. */
export class KernelClient {
  readonly booted: Promise<void>;
  readonly #worker: Worker;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: CoderError): void }>();
  readonly #listeners = new Set<(event: KernelEvent) => void>();
  #nextId = 1;
  #closed: CoderError | null = null;

  constructor(init: Omit<KernelInit, "type">) {
    this.#worker = takeKernelWorker();
    this.booted = new Promise((resolve, reject) => {
      const fail = (message: string) => {
        const error = new CoderError("unavailable", message);
        this.#fail(error);
        reject(error);
      };
      const deadline = setTimeout(
        () => fail(`The runtime did not start within ${bootDeadlineMs / 1000} s.`),
        bootDeadlineMs,
      );
      this.#worker.addEventListener("error", (event) =>
        // A worker whose script did not arrive says nothing more than that.
        fail(
          event.message
            ? `The runtime's worker stopped: ${event.message}`
            : "The runtime's worker could not be loaded.",
        ),
      );
      this.#worker.addEventListener("message", ({ data }: MessageEvent<KernelEvent>) => {
        if (data.type === "booted" || data.type === "boot-failed") clearTimeout(deadline);
        if (data.type === "booted") resolve();
        if (data.type === "boot-failed") fail(`The runtime could not start: ${data.message}`);
      });
    });
    // Every call made before reports the same error.
    this.booted.catch(() => {});
    this.#worker.addEventListener("message", ({ data }: MessageEvent<KernelEvent>) => this.#take(data));
    this.post({ type: "init", ...init });
  }

  post(message: KernelInit | KernelRequest, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  call<M extends KernelMethod>(
    method: M,
    ...args: Parameters<KernelMethods[M]>
  ): Promise<ReturnType<KernelMethods[M]>> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.post({ type: "call", id, method, args });
    });
  }

  onEvent(listener: (event: KernelEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#fail(new CoderError("gone", "The runtime was closed."));
    this.#worker.terminate();
  }

  #take(event: KernelEvent): void {
    if (event.type === "result" || event.type === "error") {
      const call = this.#pending.get(event.id);
      this.#pending.delete(event.id);
      if (event.type === "result") call?.resolve(event.value);
      else
        call?.reject(new CoderError(event.error.code, event.error.message, { details: event.error.details }));
      return;
    }
    for (const listener of this.#listeners) listener(event);
  }

  #fail(error: CoderError): void {
    this.#closed ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
