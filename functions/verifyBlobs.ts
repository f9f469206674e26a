import { Buffer } from "node:buffer";
import { CoderError } from "../shared/errors.ts";
import type { Deps } from "./deps.ts";

export type Manifest = Record<string, { sha256: string; size: number; type: string }>;

/** Largest site that is published from a browser, in bytes. */
const maxSiteBytes = 100 * 1024 * 1024;
const concurrency = 8;

/**
 * Checks that storage holds every blob of a manifest, with the declared size and hash, as the caller may read it.
 * @throws CoderError `bad_input` naming the first paths that are missing or differ; `too_large`; `unavailable`.
 */
export async function verifyBlobs(
  deps: Deps,
  caller: { token: string; orgId: string },
  manifest: Manifest,
): Promise<void> {
  const paths = new Map(
    Object.entries(manifest).map(([path, blob]) => [blob.sha256, { path, size: blob.size }]),
  );
  for (const [path, blob] of Object.entries(manifest)) {
    if (paths.get(blob.sha256)?.size !== blob.size) throw refused([`${path}: two sizes for one hash`]);
  }
  const total = [...paths.values()].reduce((sum, blob) => sum + blob.size, 0);
  if (total > maxSiteBytes)
    throw new CoderError("too_large", "This site is larger than 100 MB; publish less than that");
  const queue = [...paths];
  const wrong: string[] = [];
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const [sha256, { path, size }] = next;
        const problem = await checkBlob(deps, caller, { sha256, size });
        if (problem !== undefined) wrong.push(`${path}: ${problem}`);
      }
    }),
  );
  if (wrong.length > 0) throw refused(wrong);
}

function refused(wrong: string[]): CoderError {
  const shown = wrong.sort().slice(0, 5).join("; ");
  return new CoderError("bad_input", `${wrong.length} of the site's files cannot be published: ${shown}`, {
    details: { files: wrong },
  });
}

async function checkBlob(
  deps: Deps,
  caller: { token: string; orgId: string },
  blob: { sha256: string; size: number },
): Promise<string | undefined> {
  const url = `${deps.storageUrl}/object/authenticated/sites/${caller.orgId}/${blob.sha256}`;
  let bytes: ArrayBuffer;
  try {
    const response = await deps.fetch(url, {
      headers: { authorization: `Bearer ${caller.token}`, apikey: deps.anonKey },
      signal: AbortSignal.timeout(30_000),
    });
    // Supabase Storage answers 400 with a not-found body for what is not there.
    if (response.status === 404 || response.status === 400) {
      await response.body?.cancel();
      return "was not uploaded";
    }
    if (!response.ok)
      throw new Error(`Storage answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    bytes = await response.arrayBuffer();
  } catch (cause) {
    throw new CoderError("unavailable", "Storage cannot be reached right now; try again in a moment", {
      cause,
    });
  }
  if (bytes.byteLength !== blob.size) return `has ${bytes.byteLength} bytes, not ${blob.size}`;
  const hash = Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  return hash === blob.sha256 ? undefined : "has other content than its hash says";
}
