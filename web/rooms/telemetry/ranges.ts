/** Spans of time a page can be looked at in; `value` stands in the address as `since`. */
export const ranges: { value: string; label: string; ms: number }[] = [
  { value: '15m', label: 'Last 15 minutes', ms: 900_000 },
  { value: '1h', label: 'Last hour', ms: 3_600_000 },
  { value: '3h', label: 'Last 3 hours', ms: 10_800_000 },
  { value: '6h', label: 'Last 6 hours', ms: 21_600_000 },
  { value: '1d', label: 'Last day', ms: 86_400_000 },
  { value: '3d', label: 'Last 3 days', ms: 259_200_000 },
  { value: '7d', label: 'Last 7 days', ms: 604_800_000 },
  { value: '30d', label: 'Last 30 days', ms: 2_592_000_000 },
];

export interface RangeSearch {
  since?: string | undefined;
  /** Unix ms: a span that was drawn on a chart. */
  from?: number | undefined;
  to?: number | undefined;
}

export interface TimeWindow {
  since: number;
  until: number;
}

/** The window an address means, or undefined where each question has its own. */
export function windowOf({ since, from, to }: RangeSearch, now: number): TimeWindow | undefined {
  if (from !== undefined && to !== undefined && from < to) return { since: from, until: to };
  const range = ranges.find((one) => one.value === since);
  return range && { since: now - range.ms, until: now };
}
