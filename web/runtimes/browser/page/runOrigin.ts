import { hiddenFrame } from "./previewConnection.ts";

const readyDeadlineMs = 10_000;

/** The hidden page of a project's run origin, where process workers live. */
export class RunOrigin {
  readonly #origin: string;
  #frame: Promise<HTMLIFrameElement | null> | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** A port to a new worker that runs `source`, or null where the origin does not answer. */
  async spawn(source: string): Promise<MessagePort | null> {
    this.#frame ??= this.#open();
    const frame = await this.#frame;
    if (!frame?.contentWindow) {
      this.#frame = undefined;
      return null;
    }
    const channel = new MessageChannel();
    frame.contentWindow.postMessage({ type: "coder:spawn", source }, this.#origin, [channel.port2]);
    return channel.port1;
  }

  close(): void {
    void this.#frame?.then((frame) => frame?.remove());
    this.#frame = undefined;
  }

  #open(): Promise<HTMLIFrameElement | null> {
    const frame = hiddenFrame(`${this.#origin}/__coder/run.html`);
    return new Promise((resolve) => {
      const deadline = setTimeout(() => {
        removeEventListener("message", onMessage);
        frame.remove();
        resolve(null);
      }, readyDeadlineMs);
      const onMessage = (event: MessageEvent<{ type?: string }>) => {
        if (
          event.origin !== this.#origin ||
          event.source !== frame.contentWindow ||
          event.data.type !== "coder:run-ready"
        )
          return;
        clearTimeout(deadline);
        removeEventListener("message", onMessage);
        resolve(frame);
      };
      addEventListener("message", onMessage);
    });
  }
}
