import type { Deps } from "../deps.ts";
import { findHook, type Hook, type HookAddress } from "../sql/findHook.ts";

/** A webhook with the secrets that exist of those that sign it. */
export interface Signers extends Hook {
  secrets: { secretRef: string; secret: string }[];
}

/** A secret that was changed or taken away counts this long at most. */
const keptMs = 2000;

/** Looks a webhook up. What was found is kept for two seconds, so that a burst asks the database once. */
export function makeFindSigners(
  deps: Deps,
): (path: string, address: HookAddress) => Promise<Signers | undefined> {
  const kept = new Map<string, { until: number; found: Promise<Signers | undefined> }>();
  return (path, address) => {
    const known = kept.get(path);
    if (known !== undefined && known.until > deps.now()) return known.found;
    const found = find(deps, address);
    kept.delete(path);
    kept.set(path, { until: deps.now() + keptMs, found });
    const [oldest] = kept.keys();
    if (kept.size > 200 && oldest !== undefined) kept.delete(oldest);
    const forget = () => kept.delete(path);
    // What is not there may come at any moment.
    found.then((signers) => (signers === undefined || signers.secrets.length === 0) && forget(), forget);
    return found;
  };
}

async function find(deps: Deps, address: HookAddress): Promise<Signers | undefined> {
  const hook = await findHook(deps, address);
  if (hook === undefined) return undefined;
  const secrets: Signers["secrets"] = [];
  for (const secretRef of hook.secretRefs) {
    const secret = await deps.secretOf(hook.projectId, secretRef);
    if (secret !== undefined) secrets.push({ secretRef, secret });
  }
  return { ...hook, secrets };
}
