/** A range of values that means something. */
export interface Threshold {
  /** The range's lower end. */
  value: number;
  /** The range's upper end; absent where everything beyond `value` is meant. */
  until?: number | undefined;
  severity: 'good' | 'warning' | 'critical';
  /** Only values of this name. */
  of?: string | undefined;
}

const ranks = ['good', 'warning', 'critical'] as const;

/**
 * How bad a value is; undefined where nothing is said of it. Where the critical value lies below that of the warning, falling is what is bad.
 */
export function severityOf(
  value: unknown,
  thresholds: readonly Threshold[] | undefined,
  name?: string,
): Threshold['severity'] | undefined {
  if (typeof value !== 'number' || !thresholds) return undefined;
  const meant = thresholds.filter((one) => one.of === undefined || one.of === name);
  const open = (severity: Threshold['severity']) =>
    meant.find((one) => one.severity === severity && one.until === undefined)?.value;
  const [warning, critical] = [open('warning'), open('critical')];
  const falling = warning !== undefined && critical !== undefined && critical < warning;
  const holds = (one: Threshold) =>
    one.until !== undefined
      ? value >= one.value && value <= one.until
      : falling
        ? value <= one.value
        : value >= one.value;
  const found = meant.filter(holds).map((one) => one.severity);
  return ranks.findLast((severity) => found.includes(severity));
}
