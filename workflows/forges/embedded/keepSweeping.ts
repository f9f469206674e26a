import { type CoderError, toCoderError } from "../../../shared/errors.ts";
import type { ForgeServer } from "./forgeServer.ts";

const intervalMs = 30_000;

/** Sweeps all repositories once, then every 30 s those whose last moves could not be recorded. Returns what stops it. */
export function keepSweeping(
  forge: Pick<ForgeServer, "sweep">,
  onError: (error: CoderError) => void,
): () => Promise<void> {
  let current: Promise<void> = Promise.resolve();
  const sweep = (which: "all" | "behind") => {
    current = current
      .then(() => forge.sweep(which))
      .catch((error: unknown) => {
        // A database that is gone: what is behind stays behind until the next turn.
        onError(toCoderError(error));
      });
  };
  sweep("all");
  const timer = setInterval(() => sweep("behind"), intervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await current;
  };
}
