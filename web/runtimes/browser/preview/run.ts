/** The hidden page of a run origin: starts process workers with code of the project, and pipes their messages. */
const studioOrigin = `${location.protocol}//${location.host.replace(/^[^.]+--run\./, "")}`;

interface SpawnMessage {
  type: "coder:spawn";
  source: string;
}

function spawn(source: string, port: MessagePort): void {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  worker.onmessage = (event: MessageEvent) =>
    port.postMessage({ type: "message", message: event.data as unknown });
  worker.onerror = (event) => port.postMessage({ type: "error", message: event.message });
  port.onmessage = (event: MessageEvent<{ type: string; message?: unknown }>) => {
    if (event.data.type === "terminate") {
      worker.terminate();
      URL.revokeObjectURL(url);
      port.close();
    } else worker.postMessage(event.data.message);
  };
}

if (/^[^.]+--run\./.test(location.host) && parent !== window) {
  addEventListener("message", (event: MessageEvent<SpawnMessage>) => {
    const [port] = event.ports;
    if (
      event.origin !== studioOrigin ||
      event.source !== parent ||
      event.data.type !== "coder:spawn" ||
      !port
    )
      return;
    spawn(event.data.source, port);
  });
  parent.postMessage({ type: "coder:run-ready" }, studioOrigin);
}
