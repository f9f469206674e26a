import { CoderError } from "../../shared/errors.ts";
import type { Session } from "../session.tsx";

/** The organisation's whole audit log as it streams in. @throws CoderError when it is refused or does not come */
export async function exportAudit(session: Session, orgId: string): Promise<Response> {
  const { supabaseUrl, anonKey } = session.config;
  const token = await session.accessToken();
  let response: Response;
  try {
    response = await fetch(`${supabaseUrl}/functions/v1/api/audit/export?org=${orgId}`, {
      headers: { apikey: anonKey, authorization: `Bearer ${token ?? ""}` },
    });
  } catch (cause) {
    throw new CoderError("unavailable", "The server does not answer; try again in a moment.", { cause });
  }
  if (!response.ok)
    throw new CoderError("unavailable", `The server answered the export with ${response.status}.`);
  return response;
}

/** The lines of a body, as they come. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (done) break;
  }
  if (rest !== "") yield rest;
}
