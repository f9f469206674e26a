import { z } from "zod";
import { CoderError, toCoderError, toErrorBody } from "../../../shared/errors.ts";
import { mayWrite } from "./authorize.ts";
import type { Claims } from "./claims.ts";
import type { UserBroadcast } from "./frames.ts";
import type { Services } from "./services.ts";

interface Outgoing {
  topic: string;
  isPrivate: boolean;
  broadcast: UserBroadcast;
}

const batchSchema = z.object({
  messages: z
    .array(
      z.object({
        topic: z.string().min(1),
        event: z.string().min(1),
        payload: z.unknown(),
        private: z.boolean().nullish(),
      }),
    )
    .max(1000),
});

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, apikey, content-type, x-client-info",
  "access-control-allow-methods": "POST, OPTIONS",
};

/** Broadcast over HTTP: `POST …/api/broadcast` with many messages, `POST …/api/broadcast/:topic/events/:event` with one. */
export async function handleBroadcastRequest(services: Services, request: Request): Promise<Response> {
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: cors });
  try {
    const path = new URL(request.url).pathname.replace(/^\/realtime\/v1/, "");
    const single = /^\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/.exec(path);
    if (path !== "/api/broadcast" && !single) throw new CoderError("not_found", `No such address: ${path}`);
    if (request.method !== "POST") throw new CoderError("not_found", `Use POST for ${path}.`);
    const claims = await authenticate(services, request);
    const body = await readBody(request, services.limits.messageBytes);
    const messages = single
      ? [readSingle(request, body, { topic: single[1] ?? "", event: single[2] ?? "" })]
      : readBatch(body);
    await send(services, messages, claims);
    return new Response(null, { status: 202, headers: cors });
  } catch (error) {
    const failure = toCoderError(error);
    if (failure.code === "internal") services.log.error({ err: failure }, "a broadcast over HTTP failed");
    const { message } = toErrorBody(failure).error;
    // `error` is the field that realtime-js shows.
    return Response.json({ error: message, message }, { status: failure.httpStatus, headers: cors });
  }
}

async function authenticate(services: Services, request: Request): Promise<Claims> {
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const apiKey = request.headers.get("apikey");
  const token = bearer ?? apiKey;
  if (!token)
    throw new CoderError("unauthenticated", "A token is required in the header Authorization or apikey.");
  if (apiKey) await services.verify(apiKey);
  return services.verify(token);
}

/** Nothing is sent unless all may be sent. */
async function send(services: Services, messages: Outgoing[], claims: Claims): Promise<void> {
  const privateTopics = new Set(messages.filter(({ isPrivate }) => isPrivate).map(({ topic }) => topic));
  for (const topic of privateTopics) {
    if (!(await mayWrite(services.sql, { claims, topic }, "broadcast"))) {
      throw new CoderError(
        "forbidden",
        `You do not have permissions to write to this Channel topic: ${topic}`,
      );
    }
  }
  for (const { topic, isPrivate, broadcast } of messages) {
    services.rooms.broadcast({ topic: `realtime:${topic}`, isPrivate }, broadcast);
  }
}

function readSingle(request: Request, body: Buffer, name: { topic: string; event: string }): Outgoing {
  const query = new URL(request.url).searchParams;
  if ([...query.keys()].some((key) => key.startsWith("persist"))) {
    throw new CoderError("bad_input", "Broadcasts are stored by realtime.send only; leave out `persist`.");
  }
  const encoding = request.headers.get("content-type")?.startsWith("application/octet-stream")
    ? "binary"
    : "json";
  if (encoding === "json") parseJson(body);
  const isPrivate = query.get("private") === "true";
  return { topic: decode(name.topic), isPrivate, broadcast: { event: decode(name.event), encoding, body } };
}

function readBatch(body: Buffer): Outgoing[] {
  const parsed = batchSchema.safeParse(parseJson(body));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CoderError("bad_input", `Invalid messages: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  return parsed.data.messages.map((message) => ({
    topic: checkTopic(message.topic),
    isPrivate: message.private ?? false,
    broadcast: {
      event: message.event,
      encoding: "json",
      body: Buffer.from(JSON.stringify(message.payload ?? {})),
    },
  }));
}

function checkTopic(topic: string): string {
  if (topic.includes("\0")) throw new CoderError("bad_input", "A topic holds a NUL byte.");
  return topic;
}

function decode(part: string): string {
  try {
    return checkTopic(decodeURIComponent(part));
  } catch (cause) {
    throw new CoderError("bad_input", `Malformed address part '${part.slice(0, 100)}'.`, { cause });
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new CoderError("bad_input", "The body is not JSON.", { cause });
  }
}

async function readBody(request: Request, mostBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > mostBytes) throw new CoderError("too_large", `The body is larger than ${mostBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
