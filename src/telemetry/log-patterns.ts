import type { LogPattern } from './api.ts';
import { conditionsOf, type LogSearch } from './logs.ts';
import { Params } from './nrql/params.ts';
import { readRecords } from './nrql/scope.ts';
import type { Window } from './nrql/window.ts';
import type { Store } from './store.ts';

/** At most so many lines, the newest, are put into patterns. */
const mostLines = 300_000;
const mostPatterns = 200;
const buckets = 30;

/** What differs from line to line, in the order it is sought; each becomes a word in angle brackets. */
const parts: [pattern: string, name: string][] = [
  ['[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}', '<id>'],
  ['\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}:\\d{2}(?:[.,]\\d+)?(?:Z|[+-]\\d{2}:?\\d{2})?', '<time>'],
  ['[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+', '<mail>'],
  ['\\b\\d{1,3}(?:\\.\\d{1,3}){3}(?::\\d+)?\\b', '<address>'],
  ['\\b0x[0-9a-fA-F]+\\b', '<hex>'],
  [
    '\\b(?:[0-9a-fA-F]*[0-9][0-9a-fA-F]*[a-fA-F][0-9a-fA-F]*|[0-9a-fA-F]*[a-fA-F][0-9a-fA-F]*[0-9][0-9a-fA-F]*)\\b',
    '<hex>',
  ],
  ['"[^"]*"', '"<text>"'],
  ["'[^']*'", "'<text>'"],
  ['[-+]?\\d+(?:\\.\\d+)?', '<number>'],
];

/** SQL of a line's template: its text with everything that varies replaced. */
function templateOf(message: string, params: Params): string {
  return parts.reduce(
    (sql, [pattern, name]) => `replaceRegexpAll(${sql}, ${params.text(pattern)}, ${params.text(name)})`,
    `substringUTF8(${message}, 1, 1000)`,
  );
}

/** Lines grouped by their template, the commonest first, with how often each came over the window. */
export async function readPatterns(
  store: Store,
  search: Pick<LogSearch, 'scope' | 'filter'> & { window: Window },
): Promise<{ patterns: LogPattern[]; lines: number; truncated: boolean; bucketMs: number }> {
  const params = new Params();
  const { window } = search;
  const bucketMs = Math.max(1, Math.ceil((window.until - window.since) / buckets));
  const conditions = conditionsOf(search.filter, params);
  const from = readRecords(['Log'], search.scope, window, params);
  const slot = `toUInt16(intDiv(toUnixTimestamp64Milli(timestamp) - ${params.bind(Math.round(window.since), 'Int64')}, ${params.bind(bucketMs, 'Int64')}))`;
  const { rows } = await store.select({
    sql:
      `SELECT ${templateOf('message', params)} AS template, count() AS lines, any(message), topK(1)(lower(level))[1], uniqExact(service),` +
      ` any(service), toUnixTimestamp64Milli(min(timestamp)), toUnixTimestamp64Milli(max(timestamp)), sumMap(map(${slot}, toUInt64(1))), sum(lines) OVER ()` +
      ` FROM (SELECT message, level, service, timestamp FROM ${from}${conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''}` +
      ` ORDER BY timestamp DESC LIMIT ${mostLines})` +
      ` GROUP BY template ORDER BY lines DESC, template LIMIT ${mostPatterns}`,
    params: params.values,
  });
  const patterns = rows.map(([template, lines, example, level, services, service, first, last, slots]) => {
    const counts = new Array<number>(buckets).fill(0);
    for (const [at, count] of Object.entries((slots ?? {}) as Record<string, number>)) {
      if (Number(at) < buckets) counts[Number(at)] = Number(count);
    }
    return {
      template: String(template),
      lines: Number(lines),
      example: String(example),
      level: String(level ?? ''),
      services: Number(services),
      service: String(service),
      firstAt: new Date(Number(first)).toISOString(),
      lastAt: new Date(Number(last)).toISOString(),
      counts,
    };
  });
  const lines = Number(rows[0]?.[9] ?? 0);
  return { patterns, lines, truncated: lines >= mostLines, bucketMs };
}
