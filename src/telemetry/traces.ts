import type { LogLine, TraceSpan } from './api.ts';
import { searchLogs } from './logs.ts';
import { Params } from './nrql/params.ts';
import { readRecords, type Scope } from './nrql/scope.ts';
import type { Window } from './nrql/window.ts';
import type { Store } from './store.ts';

const maxSpans = 5000;
const maxLogs = 2000;

/** Every span of a trace, oldest first, and the lines logged in it. `window` reaches back as far as spans are kept. */
export async function readTrace(
  store: Store,
  scope: Scope,
  traceId: string,
  window: Window,
): Promise<{ spans: TraceSpan[]; logs: LogLine[]; truncated: boolean }> {
  const params = new Params();
  const from = readRecords(['Span'], scope, window, params);
  const { rows } = await store.select({
    sql:
      'SELECT toUnixTimestamp64Micro(timestamp) AS micros, traceId, spanId, parentId, name, service, environment, release, kind, duration, error, strings, numbers, booleans' +
      ` FROM ${from} WHERE traceId = ${params.text(traceId)} ORDER BY timestamp, seq LIMIT ${maxSpans + 1}`,
    params: params.values,
  });
  const spans = rows.slice(0, maxSpans).map(spanOf);
  const first = spans[0];
  if (!first) return { spans, logs: [], truncated: false };
  const end = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  const { lines, more } = await searchLogs(store, {
    scope,
    filter: { traceId },
    // Clocks of services differ a little.
    window: { since: first.startMs - 60_000, until: end + 60_000 },
    from: 'oldest',
    limit: maxLogs,
  });
  return { spans, logs: lines, truncated: rows.length > maxSpans || more };
}

function spanOf(row: unknown[]): TraceSpan {
  const [micros, traceId, spanId, parentId, name, service, environment, release, kind, duration, error, ...maps] =
    row as [number, ...string[]];
  const startMs = Number(micros) / 1000;
  return {
    traceId: traceId!,
    spanId: spanId!,
    parentId: parentId!,
    name: name!,
    service: service!,
    environment: environment!,
    release: release!,
    kind: kind!,
    startedAt: new Date(startMs).toISOString(),
    startMs,
    durationMs: Number(duration ?? 0) * 1000,
    error: Boolean(error),
    attributes: Object.assign({}, ...(maps as unknown as object[])) as TraceSpan['attributes'],
  };
}
