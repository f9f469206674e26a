import type { ReachedHost } from "../sandbox/sandbox.ts";
import type { StepContext } from "./step.ts";

/** Of one step; a command that knocks at more is told of in one more line. */
const maxHosts = 50;

/**
 * Records the hosts that a step's commands have asked the sandbox's proxy for, once each, as they come: allowed ones as well,
 * so that an edited policy can be tried against what runs have really reached.
 */
export function recordReached(context: StepContext): {
  see(reached: ReachedHost): void;
  /** Resolves when all that was seen is stored. */
  stored(): Promise<void>;
} {
  const seen = new Set<string>();
  let storing = Promise.resolve();
  return {
    see({ host, port }) {
      const name = `${host}:${port}`;
      if (seen.has(name)) return;
      seen.add(name);
      if (seen.size > maxHosts + 1) return;
      if (seen.size > maxHosts)
        context.log("note", `More than ${maxHosts} hosts were asked for; the others are not listed.\n`);
      else storing = storing.then(() => context.reached(name));
      // It is waited for below; until then it must not count as unhandled.
      storing.catch(() => undefined);
    },
    stored: () => storing,
  };
}
