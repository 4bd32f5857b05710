/** Hours of history that a forecast wants. */
export const forecastHours = 7 * 24;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/**
 * How many events an hour of the given day may bring before an issue counts as escalating, from its counts of the past hours (oldest
 * first, `forecastHours` of them, the last ending at `endsAt`). Busy issues may grow by a factor that shrinks the more they vary, quiet
 * ones by several times their spread; the same weekday counts twice. An issue with less history may bring ten times its busiest hour.
 */
export function ceilingOf(counts: readonly number[], endsAt: number, day: number): number {
  const busiest = counts.reduce((most, count) => Math.max(most, count), 0);
  if (counts.length < forecastHours) return 10 * busiest;
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  if (mean === 0) return 0;
  const spread = Math.sqrt(counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length);
  const growth = busiest * clamp(5 * Math.exp(-0.65 * (spread / mean)), 2, 5);
  let weighted = 0;
  let weights = 0;
  counts.forEach((count, index) => {
    const hour = new Date(endsAt - (counts.length - index) * 3_600_000);
    const weight = hour.getUTCDay() === day ? 2 : 1;
    weighted += count * weight;
    weights += weight;
  });
  const baseline = weighted / weights + mean * clamp((mean + 5 * spread) / mean, 5, 8);
  return Math.max(growth, baseline);
}

/** Fewer events than this in an hour are no escalation, whatever the forecast says. */
export const fewestToEscalate = 10;

/** Whether this hour's events are more than was to be expected. */
export function escalates(current: number, counts: readonly number[], endsAt: number): boolean {
  return current >= fewestToEscalate && current > ceilingOf(counts, endsAt, new Date(endsAt).getUTCDay());
}
