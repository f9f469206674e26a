export interface RateLimit {
  /** Takes one permit of the key; false when none is left. */
  take(key: string): boolean;
}

/**
 * A token bucket per key: `burst` at once, then `perSecond`. Keys whose bucket is full again are forgotten,
 * so that a flood of made-up keys does not fill the memory.
 */
export function makeRateLimit(options: { burst: number; perSecond: number; now?: () => number }): RateLimit {
  const now = options.now ?? Date.now;
  const buckets = new Map<string, { left: number; at: number }>();
  const refill = (bucket: { left: number; at: number }, time: number) =>
    Math.min(options.burst, bucket.left + ((time - bucket.at) / 1000) * options.perSecond);
  return {
    take(key) {
      const time = now();
      if (buckets.size > 10_000) {
        for (const [other, bucket] of buckets)
          if (refill(bucket, time) >= options.burst) buckets.delete(other);
      }
      const bucket = buckets.get(key) ?? { left: options.burst, at: time };
      const left = refill(bucket, time);
      buckets.set(key, { left: left >= 1 ? left - 1 : left, at: time });
      return left >= 1;
    },
  };
}
