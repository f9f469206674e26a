import { z } from "zod";
import { CoderError } from "../errors.ts";

/**
 * Credits are counted in whole millicredits, so that sums are exact. Files and people say credits; only this module
 * turns the one into the other.
 */

/** What an installation asks for, in millicredits. A run keeps those that it began with. */
export const pricesSchema = z.object({
  /** A minute of a command in the sandbox. */
  commandMinute: z.int().nonnegative(),
});
export type Prices = z.infer<typeof pricesSchema>;

export const freeOfCharge: Prices = { commandMinute: 0 };

/** The whole millicredits in an amount of credits; what is left over is not there to be spent. */
export function toMillicredits(credits: number): number {
  // 1.005 * 1000 is a little less than 1005 in binary; fifteen digits are what such a number is good for.
  return Math.min(Math.floor(Number((credits * 1000).toPrecision(15))), Number.MAX_SAFE_INTEGER);
}

/** `0.4 cr`, `1,250 cr`: to the last millicredit. */
export function formatCredits(millicredits: number): string {
  return `${(millicredits / 1000).toLocaleString("en", { maximumFractionDigits: 3 })} cr`;
}

/** What some time of a command costs, in millicredits, rounded up. */
export function commandCost(ms: number, prices: Prices): number {
  const cost = (BigInt(Math.ceil(ms)) * BigInt(prices.commandMinute) + 59_999n) / 60_000n;
  return Number(cost < BigInt(Number.MAX_SAFE_INTEGER) ? cost : BigInt(Number.MAX_SAFE_INTEGER));
}

/**
 * Reads a price in credits, such as `0.25`, as millicredits.
 * @throws CoderError `bad_input` for anything but a number from 0 to 1,000,000 with at most three decimals.
 */
export function readPrice(text: string, name: string): number {
  const [, whole, decimals = ""] = /^(\d{1,7})(?:\.(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const millicredits = Number(whole) * 1000 + Number(decimals.padEnd(3, "0"));
  if (whole === undefined || millicredits > 1_000_000_000)
    throw new CoderError(
      "bad_input",
      `${name} is "${text}"; set it to credits from 0 to 1000000 with at most three decimals, such as 0.25.`,
    );
  return millicredits;
}
