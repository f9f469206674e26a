import type { KernelRequest } from "../kernelProtocol.ts";
import type { RelayConnect, RelayMessage } from "../preview/previewProtocol.ts";
import type { PreviewFailure } from "../../runtime.ts";

/** How long the relay's document, its service worker and the hand-over of the port may take together. */
const connectDeadlineMs = 15_000;

export interface PreviewConnection {
  /** Resolves when pages of the preview origin are served by the kernel; rejects with a `PreviewFailure`. */
  readonly ready: Promise<void>;
  close(): void;
}

/** Puts the hidden relay page of a preview origin into the document and connects it with the kernel. */
export function connectPreview(
  origin: string,
  toKernel: (message: KernelRequest, ports: MessagePort[]) => void,
): PreviewConnection {
  const frame = hiddenFrame(`${origin}/__coder/relay.html`);
  let settle: { resolve(): void; reject(failure: PreviewFailure): void } | undefined;
  const ready = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const deadline = setTimeout(
    () =>
      settle?.reject(
        isolationFailure(
          `The preview's origin ${origin} did not answer within ${connectDeadlineMs / 1000} s.`,
        ),
      ),
    connectDeadlineMs,
  );
  const onMessage = (event: MessageEvent<RelayMessage>) => {
    if (event.origin !== origin || event.source !== frame.contentWindow) return;
    if (event.data.type === "coder:port-wanted") {
      const http = new MessageChannel();
      const hot = new MessageChannel();
      toKernel({ type: "connect", http: http.port1, hot: hot.port1 }, [http.port1, hot.port1]);
      const message: RelayConnect = { type: "connect", ports: ["http", "hot"] };
      frame.contentWindow?.postMessage(message, origin, [http.port2, hot.port2]);
    } else if (event.data.type === "coder:relay-ready") {
      clearTimeout(deadline);
      settle?.resolve();
    } else if (event.data.type === "coder:relay-failed") {
      clearTimeout(deadline);
      settle?.reject(isolationFailure(`The preview's service worker could not start: ${event.data.message}`));
    }
  };
  addEventListener("message", onMessage);
  // Nobody may be waiting yet; whoever waits later still gets the rejection.
  ready.catch(() => {});
  return {
    ready,
    close: () => {
      clearTimeout(deadline);
      removeEventListener("message", onMessage);
      frame.remove();
    },
  };
}

function isolationFailure(message: string): PreviewFailure {
  return { type: "isolation", message, remedy: { label: "Try again", action: "retry" } };
}

/** An iframe that is loaded and never seen. */
export function hiddenFrame(url: string): HTMLIFrameElement {
  const frame = document.createElement("iframe");
  // The project's code shares the origin of this page and can script it: it must not get to the tab through it.
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
  frame.src = url;
  frame.hidden = true;
  frame.tabIndex = -1;
  frame.title = "";
  frame.setAttribute("aria-hidden", "true");
  frame.allow = "cross-origin-isolated";
  document.body.append(frame);
  return frame;
}
