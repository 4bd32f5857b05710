/** How many attempts are free, and how long one waits after them. */
export interface ThrottlePolicy {
  free: number;
  longestMs: number;
  /** Attempts are forgotten after this time without any. */
  forgetMs: number;
}

export interface Attempts {
  count: number;
  /** Unix milliseconds. */
  lastAt: number;
}

/** One account: somebody who mistypes waits seconds, somebody who guesses gets four tries an hour. */
export const accountPolicy: ThrottlePolicy = { free: 5, longestMs: 15 * 60_000, forgetMs: 3_600_000 };
/** One address may serve an office: more is free, the end is the same. */
export const addressPolicy: ThrottlePolicy = { free: 30, longestMs: 15 * 60_000, forgetMs: 3_600_000 };

/**
 * Whether another attempt may be made now. It is counted before the password is looked at, so that many at once gain
 * nothing. After the free ones each waits twice as long as the one before: 1 s, 2 s, 4 s ...
 */
export function attempt(
  known: Attempts | undefined,
  now: number,
  policy: ThrottlePolicy,
): { allowed: true; next: Attempts } | { allowed: false; retryAfterMs: number } {
  if (!known || now - known.lastAt > policy.forgetMs) return { allowed: true, next: { count: 1, lastAt: now } };
  const over = known.count - policy.free;
  const pause = over < 0 ? 0 : Math.min(policy.longestMs, 1000 * 2 ** Math.min(over, 30));
  const ready = known.lastAt + pause;
  if (now < ready) return { allowed: false, retryAfterMs: ready - now };
  return { allowed: true, next: { count: known.count + 1, lastAt: now } };
}
