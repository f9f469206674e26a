import { toMillicredits } from "../../shared/billing/credits.ts";
import { CoderError } from "../../shared/errors.ts";
import type { CreditWish, Reservation } from "../steps/step.ts";
import { whenConnected } from "./database.ts";
import { decideAndRecord, type DecideDeps } from "./decideAndRecord.ts";
import { idempotencyId } from "./idempotencyId.ts";
import { reserveCredits } from "./sql/reserveCredits.ts";
import { settleCredits } from "./sql/settleCredits.ts";

export interface ReserveDeps extends DecideDeps {
  workerId: string;
  attempt: number;
  /** This worker leaves, and another one does the attempt again. */
  isHandingOver(): boolean;
}

/**
 * Holds the most that something can cost before it is done. The database decides, for only there no two steps are given
 * the same credits; policy is told what it saw, and says which clause that is. An attempt pays once for a name however often
 * it is executed: a hold that was settled stays settled, and that of a dead worker was released when the step began again.
 */
export async function reserveAndRecord(deps: ReserveDeps, wish: CreditWish): Promise<Reservation> {
  const { sql, run, stepId, workerId, policies } = deps;
  const { item, worst } = wish;
  if (!Number.isSafeInteger(worst) || worst < 0)
    throw new CoderError("internal", `${worst} is no number of millicredits that could be held`);
  if (worst === 0) return { granted: true, settle: () => Promise.resolve() };
  const key = `${stepId}:${deps.attempt}:${wish.name}`;
  const { max_credits: credits } = policies.budget;
  const max = credits === undefined ? null : toMillicredits(credits);
  const wanted = { runId: run.id, stepId, key, item, amount: worst, max, workerId };
  const { granted, spent, held } = await whenConnected(() => reserveCredits(sql, wanted));
  const settle = (millicredits: number): Promise<void> =>
    whenConnected(() => settleCredits(sql, { runId: run.id, key, spent: millicredits, workerId }));
  const permission = await decideAndRecord(deps, {
    request: { action: "credits.reserve", credits: { item, wanted: worst, spent, held } },
    contentHash: idempotencyId(run.id, key),
    reason: `Hold credits for a ${item}`,
    subject: {},
  });
  if (!permission.allowed) {
    if (granted) await settle(0);
    return { granted: false, result: permission.result };
  }
  if (!granted) throw new CoderError("internal", `The budget refuses ${key}, and policy does not`);
  return {
    granted: true,
    // What a leaving worker cut short is done again, and paid for then.
    settle: async (millicredits) => (deps.isHandingOver() ? undefined : settle(Math.ceil(millicredits))),
  };
}
