import { type Json, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import { type Attributes, attributesOf, timeOf } from './attributes.ts';
import { readLogs } from './ingest-apis.ts';
import { Mapped, type Origin } from './mapped.ts';

/** Reads the payload of one method; `origin` are the attributes of the agent. */
export type Reader = (payload: readonly unknown[], at: Origin, origin: Attributes) => Mapped;

/** Events come as `[run id, {reservoir_size, events_seen}, [[intrinsics, user, agent], ..]]`; some methods leave the counters out. */
const eventsOf = (payload: readonly unknown[]): unknown[][] => {
  const last = payload.at(-1);
  return Array.isArray(last) ? last.filter((event): event is unknown[] => Array.isArray(event)) : [];
};

/** Transactions of the agent: web requests and background work. */
const readTransactions: Reader = (payload, at, origin) => {
  const mapped = new Mapped();
  for (const [intrinsics, user, agent] of eventsOf(payload)) {
    const facts = objectOf(intrinsics);
    if (!facts) continue;
    const { type: _type, timestamp, name, duration, ...rest } = facts;
    const all = attributesOf(origin, rest, user, agent);
    const status = numberOf(all['http.statusCode'] ?? all.httpResponseCode ?? all['response.status']);
    const path = textOf(name);
    mapped.add({
      type: 'Transaction',
      timestamp: timeOf(timestamp, at.now),
      projectId: at.projectId,
      attributes: {
        ...all,
        name: path || 'unnamed',
        duration: numberOf(duration) ?? 0,
        error: all.error === true,
        kind: path.startsWith('OtherTransaction/') ? 'consumer' : 'server',
        transactionType: path.startsWith('OtherTransaction/') ? 'Other' : 'Web',
        ...(status === undefined ? {} : { httpResponseStatusCode: status }),
      },
    });
  }
  return mapped;
};

/** What a span is to its service, from what kind of work it was. */
const kindOf = (facts: Json): string => {
  if (typeof facts['span.kind'] === 'string') return facts['span.kind'].toLowerCase();
  if (facts['nr.entryPoint'] === true) return 'server';
  return facts.category === 'http' || facts.category === 'datastore' ? 'client' : 'internal';
};

const readSpans: Reader = (payload, at, origin) => {
  const mapped = new Mapped();
  for (const [intrinsics, user, agent] of eventsOf(payload)) {
    const facts = objectOf(intrinsics);
    if (!facts) continue;
    const { type: _type, timestamp, name, duration, guid, parentId, traceId, ...rest } = facts;
    const [spanId, trace] = [textOf(guid), textOf(traceId)];
    if (spanId === '' || trace === '') {
      mapped.refuse('a span without an id and a trace id');
      continue;
    }
    const all = attributesOf(origin, rest, user, agent);
    mapped.add({
      type: 'Span',
      timestamp: timeOf(timestamp, at.now),
      projectId: at.projectId,
      attributes: {
        ...all,
        name: textOf(name) || 'unnamed',
        duration: numberOf(duration) ?? 0,
        traceId: trace,
        spanId,
        parentId: textOf(parentId) || null,
        kind: kindOf(facts),
        error: all['error.class'] !== undefined || all['error.message'] !== undefined,
      },
    });
  }
  return mapped;
};

/** Errors as events, `TransactionError` as in NRQL upstream. Times are fractional seconds. */
const readErrorEvents: Reader = (payload, at, origin) => {
  const mapped = new Mapped();
  for (const [intrinsics, user, agent] of eventsOf(payload)) {
    const facts = objectOf(intrinsics);
    if (!facts) continue;
    const { type: _type, timestamp, ...rest } = facts;
    mapped.add({
      type: 'TransactionError',
      timestamp: timeOf(timestamp, at.now),
      projectId: at.projectId,
      attributes: { ...attributesOf(origin, rest, user, agent), error: true },
    });
  }
  return mapped;
};

/** Events of the application's own. */
const readCustomEvents: Reader = (payload, at, origin) => {
  const mapped = new Mapped();
  for (const [intrinsics, user] of eventsOf(payload)) {
    const { type, timestamp, ...rest } = objectOf(intrinsics) ?? {};
    const name = textOf(type);
    if (!/^[A-Za-z0-9:_ ]{1,255}$/.test(name)) mapped.refuse('an event without a usable type');
    else {
      mapped.add({
        type: name,
        timestamp: timeOf(timestamp, at.now),
        projectId: at.projectId,
        attributes: attributesOf(origin, rest, user),
      });
    }
  }
  return mapped;
};

/**
 * Timeslice metrics: `[run id, begin s, end s, [[{name, scope?}, [count, total, exclusive, min, max, sum of squares]], ..]]`. In NRQL
 * they are one metric, as upstream: `newrelic.timeslice.value` with `metricTimesliceName`.
 */
const readTimeslices: Reader = (payload, at, origin) => {
  const mapped = new Mapped();
  const [, begin, end, rows] = payload;
  const timestamp = timeOf(end, at.now);
  const interval = Math.max(0, (numberOf(end) ?? 0) - (numberOf(begin) ?? 0)) * 1000;
  for (const row of Array.isArray(rows) ? rows : []) {
    const [id, values] = Array.isArray(row) ? (row as unknown[]) : [];
    const name = textOf(objectOf(id)?.name);
    const numbers = Array.isArray(values) ? values.map((value) => numberOf(value) ?? 0) : [];
    if (name === '' || numbers.length < 6) {
      mapped.refuse('a metric without a name and six values');
      continue;
    }
    const [count, total, exclusive, min, max, squares] = numbers as [number, number, number, number, number, number];
    const scope = textOf(objectOf(id)?.scope);
    mapped.add({
      type: 'Metric',
      timestamp,
      projectId: at.projectId,
      attributes: {
        ...origin,
        metricName: 'newrelic.timeslice.value',
        metricType: 'timeslice',
        metricTimesliceName: name,
        ...(scope === '' ? {} : { scope }),
        'interval.ms': interval,
        count,
        total,
        totalExclusive: exclusive,
        min,
        max,
        sumOfSquares: squares,
        ...(count > 0 ? { latest: total / count } : {}),
      },
    });
  }
  return mapped;
};

/** Logs of the application, forwarded by the agent: `[{common: {attributes}, logs: [..]}]`. */
const readAgentLogs: Reader = (payload, at, origin) => {
  const parts = payload.filter((part) => objectOf(part));
  return readLogs(parts, at, origin);
};

/** What each method of the collector protocol brings. */
export const readers: Record<string, Reader> = {
  analytic_event_data: readTransactions,
  span_event_data: readSpans,
  error_event_data: readErrorEvents,
  custom_event_data: readCustomEvents,
  metric_data: readTimeslices,
  log_event_data: readAgentLogs,
};

/** Methods whose data says in another form what already came: taken, counted, not kept. */
export const passedOver: Record<string, string> = {
  transaction_sample_data: 'transaction traces are not kept; the same requests come as spans',
  sql_trace_data: 'traces of slow queries are not kept; the same queries come as spans',
  profile_data: 'profiles are not kept',
  pprof_data: 'profiles are not kept',
  update_loaded_modules: 'lists of modules are not kept',
  agent_settings: 'settings of agents are not kept',
};
