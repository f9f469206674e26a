import { spawn } from "node:child_process";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { CoderError } from "../../../shared/errors.ts";
import { gitConfig, gitEnvironment } from "./git.ts";

export interface SmartHttpRequest {
  request: Request;
  directory: string;
  /** "info/refs", "git-upload-pack" or "git-receive-pack". */
  endpoint: string;
  hooksDirectory: string;
  /** Full ref that a push may make but not move; null protects none. */
  protectedRef: string | null;
  /** Where a push writes the refs that it has moved, one line each: "old new ref". */
  movesFile?: string;
}

const maxPushBytes = 512 * 1024 * 1024;

/**
 * Serves one smart HTTP request of a repository by `git http-backend` (git-http-backend(1)), streaming both ways.
 * The caller has authorised it. Pushes are checked (`transfer.fsckObjects`) and bounded (512 MB).
 */
export async function smartHttp(options: SmartHttpRequest): Promise<Response> {
  const { request, directory, endpoint } = options;
  const url = new URL(request.url);
  const child = spawn("git", ["http-backend"], {
    stdio: "pipe",
    env: gitEnvironment({
      ...gitConfig({
        "http.receivepack": "true",
        "core.hooksPath": options.hooksDirectory,
        "receive.maxInputSize": String(maxPushBytes),
        "transfer.fsckObjects": "true",
        "uploadpack.allowReachableSHA1InWant": "true",
        "uploadpack.allowFilter": "true",
        "safe.directory": directory,
        "gc.auto": "0",
      }),
      GIT_PROJECT_ROOT: directory,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `/${endpoint}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers.get("content-type") ?? "",
      GIT_PROTOCOL: request.headers.get("git-protocol") ?? "",
      REMOTE_USER: "coder",
      REMOTE_ADDR: "127.0.0.1",
      CODER_PROTECTED_REF: options.protectedRef ?? "",
      CODER_MOVES_FILE: options.movesFile ?? "",
    }),
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (stderr.length < 16_000) stderr += chunk.toString();
  });
  request.signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const started = new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(new CoderError("unavailable", "git is not installed on this server", { cause })),
    );
  });
  await started;
  const sent = sendBody(request, child.stdin);
  const [response] = await Promise.all([
    readCgiResponse(child.stdout, () => stderr),
    // A backend that answers early closes its input; what it answered is what counts.
    sent.catch(() => undefined),
  ]);
  return response;
}

async function sendBody(request: Request, stdin: NodeJS.WritableStream): Promise<void> {
  if (request.body === null) {
    stdin.end();
    return;
  }
  const body = Readable.fromWeb(request.body as Parameters<typeof Readable.fromWeb>[0]);
  if (request.headers.get("content-encoding") === "gzip") await pipeline(body, createGunzip(), stdin);
  else await pipeline(body, stdin);
}

/** Reads the CGI header block, then hands the rest on as the body. */
async function readCgiResponse(stdout: Readable, stderr: () => string): Promise<Response> {
  let head = Buffer.alloc(0);
  const iterator = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let end = -1;
  while (end < 0) {
    const { value, done } = await iterator.next();
    if (done)
      throw new CoderError("internal", `git http-backend ended without an answer: ${stderr().trim()}`);
    head = Buffer.concat([head, value]);
    end = head.indexOf("\r\n\r\n");
    if (end < 0 && head.length > 65_536)
      throw new CoderError("internal", "git http-backend sent no header block");
  }
  const headers = new Headers({ "cache-control": "no-store" });
  let status = 200;
  for (const line of head.subarray(0, end).toString().split("\r\n")) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else if (name !== "") headers.set(name, value);
  }
  const rest = head.subarray(end + 4);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (rest.length > 0) controller.enqueue(rest);
    },
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      stdout.destroy();
    },
  });
  return new Response(body, { status, headers });
}
