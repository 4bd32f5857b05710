import type { ServiceMap } from './api.ts';
import { Params } from './nrql/params.ts';
import { readRecords, type Scope } from './nrql/scope.ts';
import type { Window } from './nrql/window.ts';
import type { Store } from './store.ts';

/** More calls than this are read as a share of their traces. */
const mostCalls = 400_000;
const mostEdges = 500;

/** The first of these attributes a span has. */
const attribute = (...names: string[]): string =>
  `coalesce(${names.map((name) => `nullIf(strings['${name}'], '')`).join(', ')}, '')`;
const database = attribute('db.system', 'db.system.name', 'product');
const queue = attribute('messaging.destination.name', 'messaging.destination', 'messaging.system');
const host = attribute(
  'server.address',
  'net.peer.name',
  'peer.service',
  'http.host',
  'net.host.name',
  'peer.hostname',
);

/**
 * Who calls whom, from the spans of a window: a call is a client's or producer's span; it leads to the service whose span has
 * it as its parent, else to the database, queue or host it names.
 */
export async function readServiceMap(store: Store, scope: Scope, window: Window): Promise<ServiceMap> {
  const counting = new Params();
  const counted = await store.select({
    sql: `SELECT countIf(kind IN ('client', 'producer')) FROM ${readRecords(['Span'], scope, window, counting)}`,
    params: counting.values,
  });
  const share = Math.max(1, Math.ceil(Number(counted.rows[0]?.[0] ?? 0) / mostCalls));
  const params = new Params();
  const spans = readRecords(['Span'], scope, window, params);
  const sampled = share === 1 ? '' : ` AND cityHash64(traceId) % ${params.bind(share, 'UInt32')} = 0`;
  const { rows } = await store.select({
    sql:
      `SELECT caller, ifNull(entries.service, '') AS callee, multiIf(callee != '', 'service', system != '', 'database', topic != '', 'queue', 'external') AS kind,` +
      ` multiIf(callee != '', callee, system != '', if(place = '', system, concat(system, ' ', place)), topic != '', topic, place) AS target,` +
      ` count(), countIf(failed), avg(took), quantileTDigest(0.95)(took) FROM` +
      ` (SELECT service AS caller, traceId, spanId, ifNull(error, false) AS failed, ifNull(duration, 0) AS took,` +
      ` ${database} AS system, ${queue} AS topic, ${host} AS place` +
      ` FROM ${spans} WHERE kind IN ('client', 'producer') AND service != ''${sampled}) AS calls` +
      ` LEFT JOIN (SELECT traceId, parentId, any(service) AS service FROM ${spans}` +
      ` WHERE parentId != '' AND kind IN ('server', 'consumer')${sampled} GROUP BY traceId, parentId) AS entries` +
      ` ON calls.traceId = entries.traceId AND calls.spanId = entries.parentId` +
      ` GROUP BY caller, callee, kind, target ORDER BY count() DESC LIMIT ${mostEdges}`,
    params: params.values,
  });
  const edges = rows
    .map(([from, , kind, to, calls, errors, average, p95]) => ({
      from: String(from),
      to: String(to),
      kind: kind as ServiceMap['edges'][number]['kind'],
      calls: Number(calls) * share,
      errors: Number(errors) * share,
      averageMs: Number(average) * 1000,
      p95Ms: Number(p95) * 1000,
    }))
    .filter(({ to, from, kind }) => to !== '' && !(kind === 'service' && from === to));
  return { services: await readServices(store, scope, window), edges, share };
}

async function readServices(store: Store, scope: Scope, window: Window): Promise<ServiceMap['services']> {
  const params = new Params();
  const from = readRecords(['Transaction'], scope, window, params);
  const { rows } = await store.select({
    sql:
      `SELECT service, count(), countIf(error), avg(duration), quantileTDigest(0.95)(duration) FROM ${from}` +
      ` WHERE service != '' GROUP BY service ORDER BY count() DESC LIMIT ${mostEdges}`,
    params: params.values,
  });
  return rows.map(([service, requests, errors, average, p95]) => ({
    service: String(service),
    requests: Number(requests),
    errors: Number(errors),
    averageMs: Number(average ?? 0) * 1000,
    p95Ms: Number(p95 ?? 0) * 1000,
  }));
}
