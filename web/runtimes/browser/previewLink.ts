import type { DevServer } from "./dev/devServer.ts";
import type { KernelEvent } from "./kernelProtocol.ts";
import { clientMessageSchema, previewRequestSchema } from "./preview/previewProtocol.ts";
import type {
  ClientMessage,
  HotMessage,
  PreviewRequest,
  PreviewResponse,
} from "./preview/previewProtocol.ts";

export interface PreviewLink {
  hot(message: HotMessage): void;
  close(): void;
}

interface LinkOptions {
  /** The dev server, once one that is starting has started; null where none was, or it could not. */
  server(): Promise<DevServer | null>;
  emit(event: KernelEvent): void;
  /** A page shows something. */
  painted(): void;
}

/**
 * Serves a preview origin over its two ports. What arrives was written by the project's code, so it is parsed and can
 * do two things only: read what the dev server serves, and report about its own page.
 */
export function servePreview(
  ports: { http: MessagePort; hot: MessagePort },
  options: LinkOptions,
): PreviewLink {
  const hot = (message: HotMessage): void => ports.hot.postMessage(message);
  ports.http.onmessage = (event: MessageEvent) => {
    const request = previewRequestSchema.safeParse(event.data);
    if (request.success) void respond(ports.http, request.data, options);
  };
  ports.hot.onmessage = (event: MessageEvent) => {
    const message = clientMessageSchema.safeParse(event.data);
    if (message.success) void take(message.data, options, hot);
  };
  return {
    hot,
    close: () => {
      ports.http.close();
      ports.hot.close();
    },
  };
}

async function respond(port: MessagePort, request: PreviewRequest, options: LinkOptions): Promise<void> {
  const server = await options.server();
  const answer = server
    ? request.method === "GET" || request.method === "HEAD"
      ? await server.handle(request)
      : {
          status: 405,
          headers: { "content-type": "text/plain", allow: "GET, HEAD" },
          body: "The dev server only answers GET.",
        }
    : { status: 503, headers: { "content-type": "text/plain" }, body: "The preview has not been started." };
  const bytes = typeof answer.body === "string" ? new TextEncoder().encode(answer.body) : answer.body.slice();
  const body = bytes.buffer;
  const response: PreviewResponse = {
    type: "response",
    id: request.id,
    status: answer.status,
    headers: answer.headers,
    body,
  };
  port.postMessage(response, [body]);
}

async function take(
  message: ClientMessage,
  { server, emit, painted }: LinkOptions,
  hot: PreviewLink["hot"],
): Promise<void> {
  switch (message.type) {
    case "painted":
      painted();
      emit({ type: "client", state: "painted" });
      return;
    case "connected": {
      emit({ type: "client", state: "connected" });
      const missed = (await server())?.missedSince(message.version);
      if (missed) hot(missed);
      return;
    }
    case "blank":
      emit({ type: "client", state: "blank" });
      return;
    case "console":
      emit({ type: "console", level: message.level, text: message.text });
      return;
    case "invalidate":
      await (await server())?.invalidate(message.path);
      return;
    case "error": {
      const { url, line, column } = message;
      const at =
        url === undefined || line === undefined
          ? null
          : await (await server())?.sourcePosition(url, { line, column: column ?? 1 });
      emit({ type: "console", level: "error", text: message.stack ?? message.message });
      emit({
        type: "client-error",
        painted: message.painted,
        failure: {
          type: "runtime",
          message: message.message,
          ...at,
          ...(message.stack === undefined ? {} : { detail: message.stack }),
          remedy: at ? { label: "Open the file", action: "open-file" } : { label: "Reload", action: "retry" },
        },
      });
    }
  }
}
