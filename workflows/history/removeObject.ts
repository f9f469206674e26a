import { CoderError } from "../../shared/errors.ts";

/** Removes an object of Supabase storage over its own API, as the service, so that its bytes go with its row. */
export function makeRemoveObject(settings: {
  url: string;
  serviceKey: string;
}): (bucket: string, name: string) => Promise<void> {
  return async (bucket, name) => {
    let response: Response;
    try {
      response = await fetch(`${settings.url}/storage/v1/object/${bucket}/${name}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${settings.serviceKey}`, apikey: settings.serviceKey },
        signal: AbortSignal.timeout(30_000),
      });
    } catch (cause) {
      throw new CoderError("unavailable", `Storage cannot be reached at ${new URL(settings.url).origin}`, {
        cause,
      });
    }
    const body = (await response.text()).slice(0, 300);
    // Supabase's storage answers 400 for a missing object, and says so in the body.
    if (response.ok || response.status === 404 || (response.status === 400 && /not.?found/i.test(body)))
      return;
    throw new CoderError(
      "unavailable",
      `Storage did not remove ${bucket}/${name}: ${response.status} ${body}`,
    );
  };
}
