/**
 * The wire formats of Realtime: Phoenix messages as JSON objects (protocol 1.0.0) and as JSON arrays plus binary
 * broadcasts (2.0.0). Source: the serializer of @supabase/realtime-js 2.119.
 */
import { CoderError } from "../../../shared/errors.ts";

export type ProtocolVersion = "1.0.0" | "2.0.0";

/** A message of either version as it came in; `broadcast` is set where it arrived in the binary form. */
export interface ClientFrame {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
  broadcast?: UserBroadcast;
}

/** A broadcast whose body is passed through as bytes; `json` bodies are JSON text in UTF-8. */
export interface UserBroadcast {
  event: string;
  encoding: "json" | "binary";
  body: Uint8Array;
  /** JSON text of the metadata (`{"id":…}`), absent on broadcasts of clients. */
  meta?: string;
}

/** A message to a client. */
export interface ServerFrame {
  joinRef: string | null;
  ref: string | null;
  topic: string;
  event: string;
  payload: unknown;
}

const kindPush = 3;
const kindDelivery = 4;
const longestField = 255;
const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads one frame of a client.
 * @throws CoderError `bad_input` for everything that is not a well-formed frame of that version.
 */
export function decodeFrame(data: Uint8Array, isBinary: boolean, version: ProtocolVersion): ClientFrame {
  try {
    if (isBinary) {
      if (version === "1.0.0") throw new Error("binary frames need protocol 2.0.0");
      return decodePush(data);
    }
    const parsed: unknown = JSON.parse(utf8.decode(data));
    return version === "1.0.0" ? fromObject(parsed) : fromArray(parsed);
  } catch (cause) {
    throw new CoderError(
      "bad_input",
      `Malformed frame: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

function fromArray(parsed: unknown): ClientFrame {
  if (!Array.isArray(parsed) || parsed.length !== 5) throw new Error("not an array of five");
  const [joinRef, ref, topic, event, payload] = parsed as unknown[];
  return { joinRef: readRef(joinRef), ref: readRef(ref), ...readName(topic, event), payload };
}

function fromObject(parsed: unknown): ClientFrame {
  if (typeof parsed !== "object" || parsed === null) throw new Error("not an object");
  const { join_ref, ref, topic, event, payload } = parsed as Record<string, unknown>;
  return { joinRef: readRef(join_ref), ref: readRef(ref), ...readName(topic, event), payload };
}

function readRef(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new Error("a ref is neither text nor null");
}

function readName(topic: unknown, event: unknown): { topic: string; event: string } {
  if (typeof topic !== "string" || typeof event !== "string") throw new Error("topic and event must be text");
  return { topic, event };
}

/** `03 | len joinRef | len ref | len topic | len event | len meta | encoding`, the fields, the body. */
function decodePush(data: Uint8Array): ClientFrame {
  if (data[0] !== kindPush) throw new Error(`unknown binary kind ${data[0]}`);
  const header = 7;
  const lengths = data.subarray(1, 6);
  const encoding = data[6];
  if (encoding !== 0 && encoding !== 1) throw new Error("unknown encoding");
  const bodyAt = lengths.reduce((sum, length) => sum + length, header);
  if (data.length < bodyAt) throw new Error("shorter than its header says");
  let offset = header;
  const [joinRef, ref, topic, event, meta] = Array.from(lengths, (length) =>
    utf8.decode(data.subarray(offset, (offset += length))),
  );
  const body = data.subarray(bodyAt);
  // The bytes go on unchanged, but other clients parse them: text that isn't JSON would throw in each of them.
  if (encoding === 1) JSON.parse(utf8.decode(body));
  return {
    joinRef: joinRef || null,
    ref: ref || null,
    topic: topic ?? "",
    event: "broadcast",
    payload: meta ? JSON.parse(meta) : {},
    broadcast: { event: event ?? "", encoding: encoding === 1 ? "json" : "binary", body },
  };
}

/** A message as text of the given version. */
export function encodeFrame(frame: ServerFrame, version: ProtocolVersion): string {
  const { joinRef, ref, topic, event, payload } = frame;
  return version === "1.0.0"
    ? JSON.stringify({ topic, event, payload, ref, join_ref: joinRef })
    : JSON.stringify([joinRef, ref, topic, event, payload]);
}

/** A frame without refs whose payload is already JSON text, so that large rows are rendered once. */
export function encodeRawFrame(
  name: { topic: string; event: string },
  payloadJson: string,
  version: ProtocolVersion,
): string {
  const topic = JSON.stringify(name.topic);
  const event = JSON.stringify(name.event);
  return version === "1.0.0"
    ? `{"topic":${topic},"event":${event},"payload":${payloadJson},"ref":null}`
    : `[null,null,${topic},${event},${payloadJson}]`;
}

/**
 * A broadcast to a client: for 2.0.0 the binary form `04 | len topic | len event | len meta | encoding`, the fields,
 * the body; for 1.0.0, and where a field is longer than its one-byte length can say, text.
 * Null where the version cannot carry it (a binary body in text).
 */
export function encodeBroadcast(
  topic: string,
  broadcast: UserBroadcast,
  version: ProtocolVersion,
): Buffer | string | null {
  const fields = [topic, broadcast.event, broadcast.meta ?? ""].map((field) => Buffer.from(field));
  if (version === "1.0.0" || fields.some((field) => field.length > longestField)) {
    if (broadcast.encoding === "binary") return null;
    const meta = broadcast.meta === undefined ? "" : `,"meta":${broadcast.meta}`;
    const body = Buffer.from(
      broadcast.body.buffer,
      broadcast.body.byteOffset,
      broadcast.body.byteLength,
    ).toString();
    const payload = `{"type":"broadcast","event":${JSON.stringify(broadcast.event)},"payload":${body}${meta}}`;
    return encodeRawFrame({ topic, event: "broadcast" }, payload, version);
  }
  const lengths = fields.map((field) => field.length);
  return Buffer.concat([
    Uint8Array.of(kindDelivery, ...lengths, broadcast.encoding === "json" ? 1 : 0),
    ...fields,
    broadcast.body,
  ]);
}
