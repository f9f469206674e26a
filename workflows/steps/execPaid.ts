import { commandCost } from "../../shared/billing/credits.ts";
import type { CommandResult, Sandbox, SandboxCommand } from "../sandbox/sandbox.ts";
import type { StepContext, StepResult } from "./step.ts";

export type PaidResult = { ran: true; result: CommandResult } | { ran: false; refused: StepResult };

/**
 * Runs the command of a step within its run's budget: the longest that it may take is reserved before, and the time that
 * it took is paid after, however it ends.
 */
export async function execPaid(
  context: StepContext,
  sandbox: Sandbox,
  command: SandboxCommand & { timeoutMs: number },
): Promise<PaidResult> {
  const { prices } = context;
  const reservation = await context.reserve({
    name: "command",
    item: "command",
    worst: commandCost(command.timeoutMs, prices),
  });
  if (!reservation.granted) return { ran: false, refused: reservation.result };
  const startedAt = performance.now();
  try {
    return { ran: true, result: await sandbox.exec(command) };
  } finally {
    await reservation.settle(commandCost(performance.now() - startedAt, prices));
  }
}
