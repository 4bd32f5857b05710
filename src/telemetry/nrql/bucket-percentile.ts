import type { ExpressionOf } from './ast.ts';
import type { Context } from './context.ts';
import type { Value } from './fields.ts';
import { NrqlError } from './problems.ts';
import { aggregate, both, percentilePoints } from './subject.ts';

/**
 * `bucketPercentile(name_bucket, 50, 95)` of a histogram that came as one counter a bucket (Prometheus): the counts at or below each
 * bound `le`, and between two bounds a straight line, as Prometheus's histogram_quantile does. One column a point; above the
 * last bound it is that bound.
 */
export function bucketPercentiles(call: ExpressionOf<'call'>, context: Context): { value: Value; label: string }[] {
  const bucket = call.args[0]?.value;
  const metric = bucket?.kind === 'attribute' ? context.fields.metric(bucket.name) : undefined;
  if (bucket?.kind !== 'attribute' || !metric) {
    throw new NrqlError(
      bucket ?? call,
      'bucketPercentile() takes a metric whose points are buckets',
      'Write bucketPercentile(http_request_duration_seconds_bucket, 95) with FROM Metric.',
    );
  }
  context.used.metrics.add(metric);
  const le = context.fields.resolve('le', 'string').sql;
  const counts = aggregate(
    'sumMap',
    '',
    [`map(assumeNotNull(${le}), assumeNotNull(total))`],
    both(context.condition, metric, `isNotNull(${le})`, 'isNotNull(total)'),
  );
  const bounds = `arrayMap(le -> if(lower(le) IN ('+inf', 'inf'), inf, toFloat64OrZero(le)), mapKeys(${counts}))`;
  const pairs = `arraySort(arrayZip(${bounds}, mapValues(${counts})))`;
  return percentilePoints(call).map((point) => {
    const rank = `tupleElement(pairs[-1], 2) * ${context.params.number(point / 100)}`;
    const index = `arrayMap(pairs -> arrayFirstIndex(pair -> tupleElement(pair, 2) >= ${rank}, pairs), [${pairs}])`;
    // Before the first bound an array gives zeros, which is where its bucket begins.
    const [high, low] = ['pairs[at]', 'pairs[at - 1]'];
    const along = `(${rank} - tupleElement(${low}, 2)) / nullIf(tupleElement(${high}, 2) - tupleElement(${low}, 2), 0)`;
    const between = `tupleElement(${low}, 1) + (tupleElement(${high}, 1) - tupleElement(${low}, 1)) * ${along}`;
    const inside = `if(isInfinite(tupleElement(${high}, 1)), tupleElement(${low}, 1), ${between})`;
    const found = `if(at = 0 OR tupleElement(pairs[-1], 2) <= 0, NULL, ${inside})`;
    return {
      value: { sql: `arrayMap((pairs, at) -> ${found}, [${pairs}], ${index})[1]`, type: 'number' as const },
      label: `bucketPercentile(${bucket.name}) ${point}%`,
    };
  });
}
