import { z } from "zod";
import { CoderError } from "../shared/errors.ts";
import type { Deps } from "./deps.ts";
import type { StoredArtifact } from "./sql/findArtifact.ts";

const validSec = 120;
const signedSchema = z.object({ signedURL: z.string().startsWith("/") });

/** A URL that downloads an artifact's bytes for two minutes, signed by storage with the caller's own rights. */
export async function signArtifactUrl(deps: Deps, token: string, artifact: StoredArtifact): Promise<string> {
  const path = `${artifact.orgId}/${artifact.runId}/${artifact.id}`;
  let answer: unknown;
  try {
    const response = await deps.fetch(`${deps.storageUrl}/object/sign/artifacts/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, apikey: deps.anonKey, "content-type": "application/json" },
      body: JSON.stringify({ expiresIn: validSec }),
      signal: AbortSignal.timeout(10_000),
    });
    if (response.status === 404 || response.status === 400) {
      throw new CoderError("not_found", `The bytes of ${artifact.name} are not in storage`);
    }
    if (!response.ok)
      throw new Error(`Storage answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    answer = await response.json();
  } catch (cause) {
    if (cause instanceof CoderError) throw cause;
    throw new CoderError("unavailable", "Storage cannot be reached right now; try again in a moment", {
      cause,
    });
  }
  const { signedURL } = signedSchema.parse(answer);
  return `${deps.storageUrl}${signedURL}&download=${encodeURIComponent(artifact.name)}`;
}
