/**
 * A hidden page of the preview origin inside the Studio. It registers the service worker, passes it the port to the
 * kernel, and carries hot updates and reports between the kernel and the project's pages.
 */
import type { ClientMessage, HotMessage, RelayConnect, RelayMessage } from "./previewProtocol.ts";

/** `<id>--preview.localhost:3000` belongs to the Studio at `localhost:3000`. */
const studioOrigin = `${location.protocol}//${location.host.replace(/^[^.]+--(preview|run)\./, "")}`;
const workerUrl = "/__coder/sw.js";

function toStudio(message: RelayMessage): void {
  parent.postMessage(message, studioOrigin);
}

async function activeWorker(): Promise<ServiceWorker> {
  const registration = await navigator.serviceWorker.register(workerUrl, {
    scope: "/",
    updateViaCache: "none",
  });
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (!worker) throw new Error("The browser registered no service worker.");
  if (worker.state === "activated") return worker;
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      else if (worker.state === "redundant")
        reject(new Error("The service worker was replaced while starting."));
    });
  });
  return worker;
}

/** Resolves when the worker has the port: pages of the project opened from then on are answered. */
async function handOver(port: MessagePort): Promise<void> {
  const worker = await activeWorker();
  await new Promise<void>((resolve) => {
    const taken = (event: MessageEvent) => {
      if ((event.data as { type?: string }).type !== "coder:port-taken") return;
      navigator.serviceWorker.removeEventListener("message", taken);
      resolve();
    };
    navigator.serviceWorker.addEventListener("message", taken);
    worker.postMessage({ type: "port" }, [port]);
  });
}

const pages = new BroadcastChannel("coder-hot");

function connect(message: RelayConnect, ports: readonly MessagePort[]): void {
  const [http, hot] = ports;
  if (!http || message.type !== "connect") return;
  if (hot) {
    hot.onmessage = (event: MessageEvent<HotMessage>) => pages.postMessage(event.data);
    pages.onmessage = (event: MessageEvent<ClientMessage>) => hot.postMessage(event.data);
  }
  handOver(http).then(
    () => toStudio({ type: "coder:relay-ready" }),
    (error: unknown) =>
      toStudio({
        type: "coder:relay-failed",
        message: error instanceof Error ? error.message : String(error),
      }),
  );
}

function start(): void {
  // The document is also reachable on the Studio's own origin, where it must never install a worker.
  if (!/^[^.]+--preview\./.test(location.host) || parent === window) return;
  addEventListener("message", (event: MessageEvent<RelayConnect>) => {
    if (event.origin === studioOrigin && event.source === parent) connect(event.data, event.ports);
  });
  if (!("serviceWorker" in navigator)) {
    toStudio({
      type: "coder:relay-failed",
      message: "This browser offers no service workers here (a private window?).",
    });
    return;
  }
  navigator.serviceWorker.addEventListener("message", (event: MessageEvent<{ type?: string }>) => {
    if (event.data.type === "coder:port-wanted") toStudio({ type: "coder:port-wanted" });
  });
  navigator.serviceWorker.startMessages();
  toStudio({ type: "coder:port-wanted" });
}

start();
