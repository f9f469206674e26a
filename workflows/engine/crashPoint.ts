/** Places where crash tests kill the worker; see crash.test.ts. */
export const crashPoints = [
  "after-take",
  "before-enqueue-ack",
  "after-checkout",
  "mid-command",
  "mid-cache-save",
  "after-command-before-event",
  "mid-deploy",
  "mid-release",
  "mid-dispatch",
  "mid-merge",
  "before-finish",
] as const;

/**
 * Dies on the spot, as if the machine had lost power, when CODER_CRASH_AT names this point; otherwise does nothing.
 * The variable is never set outside tests.
 */
export function crashPoint(name: string): void {
  if (process.env.CODER_CRASH_AT === name) process.kill(process.pid, "SIGKILL");
}
