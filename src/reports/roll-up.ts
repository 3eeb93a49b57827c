/** Spreads one period over the fixed buckets of a roll-up, by the seconds in each. */

export const FIVE_MINUTES_SECONDS = 300;
export const HOUR_SECONDS = 3_600;

export interface BucketShare {
  readonly bucketStartSeconds: number;
  /** Seconds of the period in this bucket. */
  readonly coveredSeconds: number;
}

/** Buckets start at multiples of `bucketSeconds` since the Unix epoch. */
export function spreadOverBuckets(startMs: number, periodSeconds: number, bucketSeconds: number): BucketShare[] {
  const start = startMs / 1000;
  const end = start + periodSeconds;
  const shares: BucketShare[] = [];
  for (let bucket = Math.floor(start / bucketSeconds) * bucketSeconds; bucket < end; bucket += bucketSeconds) {
    const coveredSeconds = Math.min(end, bucket + bucketSeconds) - Math.max(start, bucket);
    if (coveredSeconds > 0) shares.push({ bucketStartSeconds: bucket, coveredSeconds });
  }
  return shares;
}
