import type { TelemetryRecord } from '../../platform/observe/telemetry-sink.ts';
import type { Json } from './envelope.ts';
import { intakeLimits as limits } from './limits.ts';
import { type Attributes, attributesOf, hexOf, listOf, numberOf, objectOf, textOf, timeOf } from './read.ts';

/** What is known of everything in one envelope. */
export interface Origin {
  projectId: string;
  /** Service named by the address. */
  service: string | undefined;
  /** Unix ms. */
  receivedAt: number;
}

type Reader = (item: Json, origin: Origin) => TelemetryRecord[];

/** Reads a container (`{ items: [...] }`): records, and how many items could not be read or were too many. */
export function readContainer(
  payload: unknown,
  origin: Origin,
  read: Reader,
): { records: TelemetryRecord[]; refused: number; kept: number } {
  const items = listOf(objectOf(payload)?.items);
  const records: TelemetryRecord[] = [];
  let kept = 0;
  for (const item of items.slice(0, limits.records)) {
    const made = objectOf(item) ? read(item as Json, origin) : [];
    if (made.length > 0) kept += 1;
    records.push(...made);
  }
  return { records, refused: items.length - kept, kept };
}

const seconds = (start: number, end: number): number => Math.max(0, (end - start) / 1000);

/** Moves well-known attributes to the names that every record shares. */
function shared(attributes: Attributes, origin: Origin): Attributes {
  const { 'sentry.release': release, 'sentry.environment': environment, ...rest } = attributes;
  const service = rest.service ?? rest['service.name'] ?? origin.service ?? null;
  return { ...rest, service, release: release ?? null, environment: environment ?? null };
}

/** A method alone is no name; the path is, with what looks like an id taken out. */
function nameOf(name: string, attributes: Attributes): string {
  const method = attributes['http.request.method'];
  const path = attributes['url.path'];
  if (name !== method || typeof path !== 'string') return name;
  return `${name} ${path.replace(/\/(?:\d+|[0-9a-f]{8,}|[0-9a-f-]{36})(?=\/|$)/gi, '/*')}`;
}

/** A span of the second format: always a Span, and a Transaction where it is the segment of its service. */
export const readSpan: Reader = (item, origin) => {
  const start = timeOf(item.start_timestamp);
  const end = timeOf(item.end_timestamp);
  const traceId = hexOf(item.trace_id, 32);
  const spanId = hexOf(item.span_id, 16);
  if (start === null || end === null || traceId === null || spanId === null) return [];
  const all = attributesOf(item.attributes);
  const { 'sentry.op': op, 'sentry.kind': kind, 'sentry.origin': _origin, ...rest } = all;
  const attributes: Attributes = {
    ...shared(rest, origin),
    name: nameOf(textOf(item.name) ?? 'unnamed', rest),
    traceId,
    spanId,
    parentId: hexOf(item.parent_span_id, 16),
    duration: seconds(start, end),
    error: item.status === 'error' && !refusedTheClient(op, rest['http.response.status_code']),
    op: op ?? null,
    kind: kind ?? null,
  };
  const record = (type: string): TelemetryRecord => ({
    type,
    timestamp: start,
    projectId: origin.projectId,
    attributes,
  });
  return item.is_segment === true ? [record('Transaction'), record('Span')] : [record('Span')];
};

/** Statuses of the older format that are no failure of the service. */
const fine = new Set([
  'ok',
  'cancelled',
  'unknown',
  'not_found',
  'invalid_argument',
  'unauthenticated',
  'permission_denied',
  'already_exists',
]);

const failed = (status: unknown): boolean => typeof status === 'string' && !fine.has(status);

/**
 * A server that answers 4xx told its client so, and did what it should; the SDKs mark such spans all the same. OpenTelemetry's
 * convention for HTTP servers is the same: only 5xx is an error of the server.
 */
const refusedTheClient = (op: unknown, status: unknown): boolean =>
  op === 'http.server' && Number(status) >= 400 && Number(status) < 500;

const kindOfOp = (op: string | null): string | null =>
  op === null
    ? null
    : op.endsWith('.server')
      ? 'server'
      : op.startsWith('http') || op.startsWith('db')
        ? 'client'
        : 'internal';

/** A transaction of the older format: Transaction, Span, and a Span for each of its spans. */
export const readTransaction: Reader = (payload, origin) => {
  const trace = objectOf(objectOf(payload.contexts)?.trace);
  const start = timeOf(payload.start_timestamp);
  const end = timeOf(payload.timestamp);
  const traceId = hexOf(trace?.trace_id, 32);
  const spanId = hexOf(trace?.span_id, 16);
  if (start === null || end === null || traceId === null || spanId === null) return [];
  const tags = attributesOf(
    Array.isArray(payload.tags) ? Object.fromEntries(payload.tags as [string, unknown][]) : payload.tags,
  );
  const op = textOf(trace?.op);
  const request = objectOf(payload.request);
  const common: Attributes = {
    ...shared(tags, origin),
    release: textOf(payload.release),
    environment: textOf(payload.environment),
    host: textOf(payload.server_name),
    traceId,
  };
  const { 'http.status_code': status, ...rest } = { ...common, ...attributesOf(trace?.data) };
  const name = textOf(payload.transaction) ?? 'unnamed';
  const attributes: Attributes = {
    ...rest,
    'http.request.method': textOf(request?.method),
    'http.response.status_code': rest['http.response.status_code'] ?? numberOf(status),
    name,
    spanId,
    parentId: hexOf(trace?.parent_span_id, 16),
    duration: seconds(start, end),
    error: failed(trace?.status) && !refusedTheClient(op, rest['http.response.status_code'] ?? numberOf(status)),
    op,
    kind: kindOfOp(op),
  };
  const record = (type: string, timestamp: number, values: Attributes): TelemetryRecord => ({
    type,
    timestamp,
    projectId: origin.projectId,
    attributes: values,
  });
  const spans = listOf(payload.spans)
    .slice(0, limits.records)
    .flatMap((value) => {
      const span = objectOf(value);
      const from = timeOf(span?.start_timestamp);
      const until = timeOf(span?.timestamp);
      const id = hexOf(span?.span_id, 16);
      if (!span || from === null || until === null || id === null) return [];
      const spanOp = textOf(span.op);
      return [
        record('Span', from, {
          ...attributesOf(span.data),
          ...common,
          name: textOf(span.description) ?? spanOp ?? 'unnamed',
          transaction: name,
          spanId: id,
          parentId: hexOf(span.parent_span_id, 16),
          duration: seconds(from, until),
          error: failed(span.status),
          op: spanOp,
          kind: kindOfOp(spanOp),
        }),
      ];
    });
  return [record('Transaction', start, attributes), record('Span', start, attributes), ...spans];
};

/** A span of the first format, one an item. */
export const readSingleSpan: Reader = (item, origin) =>
  readSpan(
    {
      ...item,
      name: item.name ?? item.description,
      end_timestamp: item.timestamp,
      is_segment: item.is_segment,
      status: failed(item.status) ? 'error' : 'ok',
      attributes: { ...objectOf(item.data), ...(item.op === undefined ? {} : { 'sentry.op': item.op }) },
    },
    origin,
  );

/** A log line. */
export const readLog: Reader = (item, origin) => {
  const timestamp = timeOf(item.timestamp) ?? origin.receivedAt;
  const { 'server.address': host, ...rest } = attributesOf(item.attributes);
  const level = textOf(item.level) ?? 'info';
  return [
    {
      type: 'Log',
      timestamp,
      projectId: origin.projectId,
      attributes: {
        ...shared(rest, origin),
        host: host ?? null,
        level: level === 'warning' ? 'warn' : level,
        message: typeof item.body === 'string' ? item.body.slice(0, 64 * 1024) : (textOf(item.body) ?? ''),
        traceId: hexOf(item.trace_id, 32),
        spanId: hexOf(item.span_id, 16),
      },
    },
  ];
};

const metricTypes: Record<string, string> = { counter: 'count', gauge: 'gauge', distribution: 'distribution' };

/** A measurement of the application's own. */
export const readMetric: Reader = (item, origin) => {
  const value = numberOf(item.value);
  const name = textOf(item.name);
  const metricType = metricTypes[String(item.type)];
  if (value === null || name === null || metricType === undefined) return [];
  const { 'server.address': host, ...rest } = attributesOf(item.attributes);
  return [
    {
      type: 'Metric',
      timestamp: timeOf(item.timestamp) ?? origin.receivedAt,
      projectId: origin.projectId,
      attributes: {
        ...shared(rest, origin),
        host: host ?? null,
        name,
        metricName: name,
        metricType,
        unit: textOf(item.unit),
        count: 1,
        total: value,
        min: value,
        max: value,
        latest: value,
        traceId: hexOf(item.trace_id, 32),
        spanId: hexOf(item.span_id, 16),
      },
    },
  ];
};
