/**
 * The service worker of a preview origin: hands every request of the project's pages to the kernel in the Studio and
 * answers with what comes back. Its port goes when the browser ends the worker; the relay page brings a new one.
 */
import { ownPath, relayPath } from "./previewPaths.ts";
import type { PreviewRequest, PreviewResponse } from "./previewProtocol.ts";

const worker = self as unknown as ServiceWorkerGlobalScope;

const portDeadlineMs = 5000;
/** What a kernel that is there hardly ever takes; one that is gone with its relay page never answers. */
const silenceMs = 250;

let port: MessagePort | undefined;
/** Id of the relay page that gave the port: when it is gone, so is the kernel behind the port. */
let portOwner: string | undefined;
let nextId = 1;
const pending = new Map<number, { resolve: (response: PreviewResponse) => void; request: PreviewRequest }>();
let waiting: ((port: MessagePort | undefined) => void)[] = [];

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("message", (event) => {
  const source = event.source as WindowClient | null;
  // Only the relay page has a port to the kernel; pages of the project could send one of their own.
  if (source === null || new URL(source.url).pathname !== relayPath) return;
  const [given] = event.ports;
  if (!given) return;
  port?.close();
  port = given;
  portOwner = source.id;
  port.onmessage = (message: MessageEvent<PreviewResponse>) => {
    const entry = pending.get(message.data.id);
    pending.delete(message.data.id);
    entry?.resolve(message.data);
  };
  // What the old port did not answer is asked again.
  for (const { request } of pending.values()) given.postMessage(request);
  for (const resolve of waiting) resolve(given);
  waiting = [];
  source.postMessage({ type: "coder:port-taken" });
});

/** The port to a kernel that is there. One that has just arrived has been given every request of `pending`. */
async function kernelPort(): Promise<MessagePort | undefined> {
  if (port && portOwner !== undefined && (await worker.clients.get(portOwner))) return port;
  port = undefined;
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const relays = windows.filter((client) => new URL(client.url).pathname === relayPath);
  if (relays.length === 0) return undefined;
  const arrived = new Promise<MessagePort | undefined>((resolve) => {
    waiting.push(resolve);
    setTimeout(() => resolve(undefined), portDeadlineMs);
  });
  for (const relay of relays) relay.postMessage({ type: "coder:port-wanted" });
  return arrived;
}

/** Bytes as a stream: of a body that is whole the browser makes a blob first, by way of its main process. */
function streamOf(bytes: ArrayBuffer): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(new Uint8Array(bytes));
      controller.close();
    },
  });
}

function isolated(body: BodyInit, init: { status: number; headers: Record<string, string> }): Response {
  const headers = new Headers(init.headers);
  headers.set("cross-origin-embedder-policy", "credentialless");
  headers.set("cross-origin-resource-policy", "cross-origin");
  return new Response(init.status === 204 || init.status === 304 ? null : body, {
    status: init.status,
    headers,
  });
}

const closed =
  "<!doctype html><meta charset=utf-8><title>Preview</title><body style='font:16px system-ui;margin:3rem;color:CanvasText;background:Canvas;color-scheme:light dark'>" +
  "<h1 style='font-size:1.25rem'>This preview is not running</h1><p>It is served by the Studio: open the project there and come back to this tab.</p>";

const silence = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, silenceMs));

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const message: PreviewRequest = {
    type: "fetch",
    // A classic script is not fetched with CORS unless it asks for it.
    classic: request.destination === "script" && request.mode === "no-cors",
    id: nextId++,
    method: request.method,
    url: url.pathname + url.search,
    destination: request.destination,
    accept: request.headers.get("accept") ?? "",
  };
  const answered = new Promise<PreviewResponse>((resolve) => {
    pending.set(message.id, { resolve, request: message });
  });
  const inDoubt = async (): Promise<PreviewResponse | undefined> =>
    (await kernelPort()) ? answered : undefined;
  port?.postMessage(message);
  // Only the browser's main process knows whether the kernel is still there, and it is busy while pages load.
  const response = await Promise.race([answered, port ? silence().then(inDoubt) : inDoubt()]);
  if (response !== undefined) return isolated(streamOf(response.body), response);
  pending.delete(message.id);
  const wantsPage = request.mode === "navigate";
  return isolated(wantsPage ? closed : "The Studio that serves this preview is not open.", {
    status: 503,
    headers: { "content-type": wantsPage ? "text/html; charset=utf-8" : "text/plain" },
  });
}

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== worker.location.origin || url.pathname.startsWith(ownPath)) return;
  event.respondWith(answer(event.request));
});
