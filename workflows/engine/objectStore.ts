import { CoderError } from "../../shared/errors.ts";
import type { ObjectStore } from "../steps/step.ts";

/**
 * Supabase storage over its own HTTP API, as the service.
 * @param settings `url` is the origin of the stack, `serviceKey` the service_role JWT.
 */
export function makeObjectStore(settings: { url: string; serviceKey: string }): ObjectStore {
  const at = (bucket: string, name: string): string => `${settings.url}/storage/v1/object/${bucket}/${name}`;
  const authorization = { authorization: `Bearer ${settings.serviceKey}`, apikey: settings.serviceKey };
  return {
    async put({ bucket, name, bytes, contentType }) {
      const response = await send(at(bucket, name), {
        method: "POST",
        headers: { ...authorization, "content-type": contentType, "x-upsert": "true" },
        body: new Uint8Array(bytes),
      });
      if (!response.ok) throw await refusal(response, `${bucket}/${name}`);
      await response.body?.cancel();
    },
    async get(bucket, name) {
      const response = await send(at(bucket, name), { method: "GET", headers: authorization });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      // Supabase's storage answers 400 for a missing object.
      if (response.status !== 404 && response.status !== 400)
        throw await refusal(response, `${bucket}/${name}`);
      await response.body?.cancel();
      throw new CoderError("not_found", `Storage has no ${bucket}/${name}`);
    },
    async exists(bucket, name) {
      const response = await send(at(bucket, name), { method: "HEAD", headers: authorization });
      if (response.ok) return true;
      // Supabase's storage answers 400 for a missing object.
      if (response.status === 404 || response.status === 400) return false;
      throw await refusal(response, `${bucket}/${name}`);
    },
  };
}

const attempts = 5;
/** An artifact may be large and the line slow, but a server that says nothing is no server. */
const attemptMs = 120_000;

/** The stack may be restarting, or busy: an upload is worth a few tries. */
async function send(url: string, request: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(attemptMs) });
      if (attempt === attempts || ![429, 502, 503, 504].includes(response.status)) return response;
      await response.body?.cancel();
    } catch (cause) {
      if (attempt === attempts)
        throw new CoderError("unavailable", `Storage cannot be reached at ${new URL(url).origin}`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
  }
}

async function refusal(response: Response, object: string): Promise<CoderError> {
  const body = (await response.text()).slice(0, 300);
  return new CoderError("unavailable", `Storage refused ${object}: ${response.status} ${body}`);
}
