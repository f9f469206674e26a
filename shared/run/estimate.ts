import { z } from "zod";

/** What a dry run leaves as its artifact `estimate`: what the real run is likely to take, and the most that it can cost. */

const rangeSchema = z.object({ median: z.number(), low: z.number(), high: z.number() });
export type Range = z.infer<typeof rangeSchema>;

const creditsSchema = z.object({
  /** The most that the steps can cost together, if each command takes as long as it may, in every attempt; in credits. */
  worst: z.number(),
  /** What the times of earlier runs would cost now, in credits; null without such runs. */
  likely: rangeSchema.nullable(),
  /** `max_credits` of the file; null: no budget. */
  budget: z.number().nullable(),
});

export const estimateSchema = z.object({
  /** How many successful runs it is made from. */
  runs: z.int(),
  /** Why there is no time, when there is none. */
  message: z.string().exactOptional(),
  /** Milliseconds. */
  durationMs: rangeSchema.exactOptional(),
  steps: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        runs: z.int(),
        /** Null for a step that is new, or has only been skipped so far. */
        durationMs: rangeSchema.nullable(),
      }),
    )
    .exactOptional(),
  /** Absent where nothing costs anything. */
  credits: creditsSchema.exactOptional(),
});
export type Estimate = z.infer<typeof estimateSchema>;

/** The estimate that an artifact of this kind, name and data holds, or undefined. */
export function estimateOf(artifact: { kind: string; name: string; data: unknown }): Estimate | undefined {
  if (artifact.kind !== "metrics" || artifact.name !== "estimate") return undefined;
  return estimateSchema.safeParse(artifact.data).data;
}

const credits = (amount: number): string => amount.toLocaleString("en", { maximumFractionDigits: 3 });

/** `about 1.2 cr (1 to 1.5), at most 15 cr; the run may spend 10 cr (max_credits)`; null where nothing costs anything. */
export function creditsInWords(estimate: Estimate): string | null {
  if (estimate.credits === undefined) return null;
  const { worst, likely, budget } = estimate.credits;
  const about =
    likely === null
      ? ""
      : `about ${credits(likely.median)} cr (${credits(likely.low)} to ${credits(likely.high)}), `;
  const cap =
    budget === null
      ? ""
      : budget < worst
        ? `; what would pass max_credits (${credits(budget)} cr) is refused`
        : `; max_credits is ${credits(budget)} cr`;
  return `${about}at most ${credits(worst)} cr${cap}`;
}
