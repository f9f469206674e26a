import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Ends a child that leads its own process group: a signal first, and KILL to the whole group when it ends or after the grace. */
export async function killGroup(
  child: ChildProcess,
  options: { firstSignal: NodeJS.Signals | undefined; graceMs: number },
): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const ended = child.exitCode !== null || child.signalCode !== null;
  if (!ended) {
    const exit = once(child, "exit");
    if (options.firstSignal) child.kill(options.firstSignal);
    const timer = setTimeout(() => killIfThere(-pid), options.graceMs);
    await exit;
    clearTimeout(timer);
  }
  killIfThere(-pid);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
