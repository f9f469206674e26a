import { CoderError } from "../shared/errors.ts";

/** Read at most, without being kept: a client that is cut off while it sends never sees the answer. */
const maxReadBytes = 48 * 1024 * 1024;

/** The request with its body read. @throws CoderError `too_large` past `limit` bytes, of which no more are kept. */
export async function withBoundedBody(request: Request, limit: number): Promise<Request> {
  if (request.body === null) return request;
  const tooLarge = new CoderError(
    "too_large",
    `This request is larger than ${Math.floor(limit / 1024 / 1024)} MB`,
  );
  let parts: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > maxReadBytes) {
      await reader.cancel();
      throw tooLarge;
    }
    if (size > limit) parts = [];
    else parts.push(value);
  }
  if (size > limit) throw tooLarge;
  const body = await new Blob(parts as BlobPart[]).arrayBuffer();
  return new Request(request.url, { method: request.method, headers: request.headers, body });
}
