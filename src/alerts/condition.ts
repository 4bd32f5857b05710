import { formatDuration } from '../kernel/durations.ts';
import type { ConditionSettings } from './api.ts';

/** Where one facet of a condition stands. */
export interface FacetState {
  /** Null when the query has no FACET. */
  facet: string | null;
  value: number | null;
  crossed: boolean;
  /** Unix milliseconds since when it is crossed without a break; null while it is not. */
  since: number | null;
  /** Whether an incident is open for it. */
  open: boolean;
}

export interface Verdict {
  facets: FacetState[];
  opened: { facet: string | null; value: number | null; reason: string }[];
  closed: { facet: string | null; reason: string }[];
}

/** Facets that are remembered; beyond it, those that cross nothing are forgotten first. */
export const mostFacets = 1000;

const comparisons: Record<
  ConditionSettings['operator'],
  { holds: (value: number, threshold: number) => boolean; words: string }
> = {
  above: { holds: (value, threshold) => value > threshold, words: 'above' },
  above_or_equal: { holds: (value, threshold) => value >= threshold, words: 'at or above' },
  below: { holds: (value, threshold) => value < threshold, words: 'below' },
  below_or_equal: { holds: (value, threshold) => value <= threshold, words: 'at or below' },
  equal: { holds: (value, threshold) => value === threshold, words: 'equal to' },
  not_equal: { holds: (value, threshold) => value !== threshold, words: 'not' },
};

const shown = (value: number): string => String(Math.round(value * 1000) / 1000);

/**
 * What an evaluation means. A facet that is missing from the answer counts as one without data. An incident opens once the
 * threshold was crossed for `forSeconds` without a break, and closes with the first value that does not cross it.
 */
export function judge(
  settings: Pick<ConditionSettings, 'operator' | 'threshold' | 'forSeconds' | 'noData'>,
  before: readonly FacetState[],
  rows: readonly { facet: string | null; value: number | null }[],
  now: number,
): Verdict {
  const { holds, words } = comparisons[settings.operator];
  const known = new Map(before.map((state) => [state.facet, state]));
  const values = new Map<string | null, number | null>(before.map((state) => [state.facet, null]));
  for (const row of rows) values.set(row.facet, row.value);
  const verdict: Verdict = { facets: [], opened: [], closed: [] };
  for (const [facet, value] of values) {
    const past = known.get(facet) ?? { facet, value: null, crossed: false, since: null, open: false };
    const crossed =
      value !== null
        ? holds(value, settings.threshold)
        : settings.noData === 'keep'
          ? past.crossed
          : settings.noData === 'problem';
    const since = crossed ? (past.since ?? now) : null;
    const lasts = since === null ? 0 : now - since;
    let open = past.open;
    if (crossed && !open && lasts >= settings.forSeconds * 1000) {
      open = true;
      const what = value === null ? 'No data' : `${shown(value)} is ${words} ${shown(settings.threshold)}`;
      verdict.opened.push({ facet, value, reason: lasts > 0 ? `${what} for ${formatDuration(lasts)}` : what });
    } else if (!crossed && open) {
      open = false;
      const what =
        value === null
          ? 'There is no data any more'
          : `${shown(value)} is no longer ${words} ${shown(settings.threshold)}`;
      verdict.closed.push({ facet, reason: what });
    }
    // A facet that is gone and crosses nothing is forgotten.
    const gone = facet !== null && !rows.some((row) => row.facet === facet);
    if (crossed || open || !gone) verdict.facets.push({ facet, value, crossed, since, open });
  }
  verdict.facets.sort(
    (left, right) => Number(right.open) - Number(left.open) || Number(right.crossed) - Number(left.crossed),
  );
  verdict.facets = verdict.facets.slice(0, mostFacets);
  return verdict;
}
