import { type Json, listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { CumulativeChanges } from '../../platform/observe/cumulative.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { exceptionOfLog, exceptionsOfSpan, type ToldException } from './exceptions.ts';
import type { Signal } from './messages.ts';
import { metricRecords } from './metrics.ts';
import { type Attributes, addAttributes, idOf, millisOf, plainOf, resourceAttributes } from './values.ts';

export interface Mapped {
  records: IntakeRecord[];
  /** What spans and log records tell of exceptions. */
  exceptions: ToldException[];
  /** Items (spans, log records, data points) that could not be used, and why. */
  rejected: number;
  reason: string;
}

const lists: Record<Signal, [resources: string, scopes: string, items: string]> = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
};

/** Turns a decoded export request into records of a project. Pure but for `changes`, which remember cumulative series. */
export function mapRequest(
  signal: Signal,
  request: Json,
  at: { projectId: string; now: number; maxRecords: number; changes: CumulativeChanges },
): Mapped {
  const [resources, scopes, items] = lists[signal];
  const mapped: Mapped = { records: [], exceptions: [], rejected: 0, reason: '' };
  const reject = (count: number, reason: string) => {
    mapped.rejected += count;
    mapped.reason ||= reason;
  };
  for (const resource of listOf(request[resources])) {
    const shared = resourceAttributes(resource.resource);
    for (const scope of listOf(resource[scopes])) {
      const library = textOf(objectOf(scope.scope)?.name);
      const attributes = library === '' ? shared : { ...shared, 'otel.library.name': library };
      for (const item of listOf(scope[items])) {
        if (mapped.records.length >= at.maxRecords) {
          reject(1, `one request holds at most ${at.maxRecords} records`);
          continue;
        }
        if (signal === 'metrics') metricRecords(item, attributes, at, mapped.records, reject);
        else if (signal === 'logs') {
          const record = logRecord(item, attributes, at);
          mapped.records.push(record);
          const told = exceptionOfLog(record);
          if (told) mapped.exceptions.push(told);
        } else spanRecords(item, attributes, at, mapped, reject);
      }
    }
  }
  return mapped;
}

const kinds = ['internal', 'internal', 'server', 'client', 'producer', 'consumer'];
const kindNames: Record<string, string> = {
  SPAN_KIND_SERVER: 'server',
  SPAN_KIND_CLIENT: 'client',
  SPAN_KIND_PRODUCER: 'producer',
  SPAN_KIND_CONSUMER: 'consumer',
};

function spanRecords(
  span: Json,
  shared: Attributes,
  { projectId, now }: { projectId: string; now: number },
  { records, exceptions }: Mapped,
  reject: (count: number, reason: string) => void,
): void {
  const traceId = idOf(span.traceId, 32);
  const spanId = idOf(span.spanId, 16);
  if (traceId === '' || spanId === '') {
    reject(1, 'a span without a valid trace and span id');
    return;
  }
  const start = millisOf(span.startTimeUnixNano) ?? now;
  const end = millisOf(span.endTimeUnixNano) ?? start;
  const status = objectOf(span.status);
  const failed = numberOf(status?.code) === 2 || status?.code === 'STATUS_CODE_ERROR';
  const kind = kindNames[textOf(span.kind)] ?? kinds[numberOf(span.kind) ?? 0] ?? 'internal';
  const attributes: Attributes = { ...shared };
  addAttributes(attributes, span.attributes);
  for (const event of listOf(span.events)) {
    if (textOf(event.name) !== 'exception') continue;
    const facts: Attributes = {};
    addAttributes(facts, event.attributes);
    if (facts['exception.type'] !== undefined) attributes['error.class'] = facts['exception.type'];
    if (facts['exception.message'] !== undefined) attributes['error.message'] = facts['exception.message'];
  }
  exceptions.push(...exceptionsOfSpan(span, { ...attributes }, kind, start));
  const statusMessage = textOf(status?.message);
  if (statusMessage !== '') attributes['otel.status_description'] = statusMessage;
  const common = {
    ...attributes,
    name: textOf(span.name),
    // Microseconds are what clocks give; more digits would only be noise of the subtraction.
    duration: Math.max(0, Math.round((end - start) * 1000)) / 1_000_000,
    traceId,
    spanId,
    parentId: idOf(span.parentSpanId, 16),
    kind,
  };
  records.push({ type: 'Span', timestamp: start, projectId, attributes: { ...common, error: failed } });
  if (kind !== 'server' && kind !== 'consumer') return;
  const code = numberOf(attributes['http.response.status_code'] ?? attributes['http.status_code']);
  const method = attributes['http.request.method'] ?? attributes['http.method'];
  const uri = attributes['url.path'] ?? attributes['http.target'] ?? attributes['http.route'];
  records.push({
    type: 'Transaction',
    timestamp: start,
    projectId,
    attributes: {
      ...common,
      error: failed || (code !== undefined && code >= 500),
      ...(code === undefined ? {} : { httpResponseStatusCode: code }),
      ...(method === undefined ? {} : { 'request.method': method }),
      ...(uri === undefined ? {} : { 'request.uri': uri }),
    },
  });
}

/** The six ranges of severity numbers. */
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

function logRecord(
  log: Json,
  shared: Attributes,
  { projectId, now }: { projectId: string; now: number },
): IntakeRecord & { attributes: Attributes } {
  const attributes: Attributes = { ...shared };
  addAttributes(attributes, log.attributes);
  const body = plainOf(log.body);
  const message = typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
  const severity = numberOf(log.severityNumber) ?? severityByName(log.severityNumber);
  const level =
    severity >= 1 && severity <= 24 ? levels[Math.floor((severity - 1) / 4)]! : textOf(log.severityText).toLowerCase();
  const eventName = textOf(log.eventName);
  return {
    type: 'Log',
    timestamp: millisOf(log.timeUnixNano) ?? millisOf(log.observedTimeUnixNano) ?? now,
    projectId,
    attributes: {
      ...attributes,
      message,
      level,
      traceId: idOf(log.traceId, 32),
      spanId: idOf(log.spanId, 16),
      ...(eventName === '' ? {} : { name: eventName }),
    },
  };
}

/** `SEVERITY_NUMBER_WARN2` is 14. */
function severityByName(name: unknown): number {
  const match = /^SEVERITY_NUMBER_([A-Z]+)([234]?)$/.exec(textOf(name));
  const range = match ? levels.indexOf(match[1]!.toLowerCase()) : -1;
  return range < 0 ? 0 : range * 4 + Number(match![2] || 1);
}
