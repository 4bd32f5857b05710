import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import { api } from '../../app/api.ts';
import type { TimeWindow } from '../telemetry/ranges.ts';

export interface WidgetAnswer {
  answer: QueryAnswer | undefined;
  error: unknown;
  pending: boolean;
}

/** Asks the queries of a widget, each once, over the page's window where there is one. */
export function useWidgetAnswer(
  queries: string[],
  around: { project: string | undefined; window: TimeWindow | undefined; now: number; enabled: boolean },
): WidgetAnswer {
  const { project, window, now, enabled } = around;
  const asked = useQueries({
    queries: queries.map((nrql) => ({
      queryKey: ['telemetry', 'query', { nrql, project, window, now }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.telemetry.query({ body: { nrql, projectId: project, now, window, windowWins: true }, signal }),
      enabled,
      retry: false,
      placeholderData: (before: QueryAnswer | undefined) => before,
    })),
  });
  const answers = asked.map((one) => one.data);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the answers are what it is made of
  const answer = useMemo(() => joined(answers), answers);
  return {
    answer,
    error: asked.find((one) => one.error)?.error,
    pending: asked.some((one) => one.isPending),
  };
}

/** Several answers as one where they fit: lines over the same buckets, numbers in one row; else the first. */
export function joined(answers: (QueryAnswer | undefined)[]): QueryAnswer | undefined {
  const [first, ...others] = answers.filter((one) => one !== undefined);
  if (!first || others.length === 0) return first;
  const sameBuckets = (one: QueryAnswer) =>
    one.shape === 'timeseries' && JSON.stringify(one.buckets) === JSON.stringify(first.buckets);
  if (first.shape === 'timeseries' && others.every(sameBuckets)) {
    return { ...first, series: [first, ...others].flatMap((one) => one.series) };
  }
  const isRow = (one: QueryAnswer) => one.shape === 'table' && one.facets.length === 0 && one.rows.length === 1;
  if ([first, ...others].every(isRow)) {
    const all = [first, ...others];
    return {
      ...first,
      columns: all.flatMap((one) => one.columns),
      rows: [all.flatMap((one) => one.rows[0] ?? [])],
      compareRows: null,
    };
  }
  return first;
}
