/**
 * A hidden page of the preview origin inside the Studio. It registers the service worker, passes it the port to the
 * kernel, and carries hot updates and reports between the kernel and the project's pages.
 */
import { ownPath } from "./previewPaths.ts";
import type { ClientMessage, HotMessage, PageHello, RelayConnect, RelayMessage } from "./previewProtocol.ts";

/** `<id>--preview.localhost:3000` belongs to the Studio at `localhost:3000`. */
const studioOrigin = `${location.protocol}//${location.host.replace(/^[^.]+--(preview|run)\./, "")}`;
/** Put in by the build: another worker has another URL. */
declare const serviceWorkerHash: string;
const workerUrl = `${location.origin}${ownPath}sw.js?${serviceWorkerHash}`;

function toStudio(message: RelayMessage): void {
  parent.postMessage(message, studioOrigin);
}

async function activeWorker(): Promise<ServiceWorker> {
  const known = await navigator.serviceWorker.getRegistration("/");
  // To register what is there would wait, for seconds at times, until the browser has looked for a newer one.
  if (known?.active?.scriptURL === workerUrl && known.active.state === "activated") return known.active;
  const registration = await navigator.serviceWorker.register(workerUrl, {
    scope: "/",
    updateViaCache: "none",
  });
  const { installing, waiting, active } = registration;
  const worker = [installing, waiting, active].find((each) => each?.scriptURL === workerUrl);
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

/** Every page of the project that is open, in whichever window. */
const pages = new BroadcastChannel("coder-hot");
/** Those in the Studio's own window: a message to them does not go by way of the browser's main process. */
const pagesHere = new Set<WindowProxy>();

function connect(ports: readonly MessagePort[]): void {
  const [http, hot] = ports;
  if (!http) return;
  if (hot) {
    hot.onmessage = ({ data }: MessageEvent<HotMessage>) => {
      for (const page of pagesHere) {
        if (page.closed) pagesHere.delete(page);
        else page.postMessage(data, location.origin);
      }
      pages.postMessage(data);
    };
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
  addEventListener("message", (event: MessageEvent<RelayConnect | PageHello>) => {
    const { data, origin, source, ports } = event;
    if (origin === studioOrigin && source === parent && data.type === "connect") connect(ports);
    if (origin === location.origin && data.type === "coder:page") pagesHere.add(source as WindowProxy);
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
