import { type Json, listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import { type Attributes, attributesOf, timeOf } from './attributes.ts';
import { Mapped, type Origin } from './mapped.ts';

/** Parts of a body: one object, or a list of them. */
const partsOf = (body: unknown): Json[] => (Array.isArray(body) ? listOf(body) : listOf([body]));

/**
 * Metric API: `[{common: {timestamp, interval.ms, attributes}, metrics: [{name, type, value, timestamp, attributes}]}]`
 * (https://docs.newrelic.com/docs/data-apis/ingest-apis/metric-api/report-metrics-metric-api/).
 */
export function readMetrics(body: unknown, { projectId, now }: Origin): Mapped {
  const mapped = new Mapped();
  for (const part of partsOf(body)) {
    const common = objectOf(part.common);
    for (const metric of listOf(part.metrics)) {
      const name = textOf(metric.name);
      const facts = name === '' ? undefined : metricFacts(metric);
      if (!facts) {
        mapped.refuse('a metric without a name or a value of its type');
        continue;
      }
      const interval = numberOf(metric['interval.ms'] ?? common?.['interval.ms']);
      mapped.add({
        type: 'Metric',
        timestamp: timeOf(metric.timestamp ?? common?.timestamp, now),
        projectId,
        attributes: {
          ...attributesOf(common?.attributes, metric.attributes),
          metricName: name,
          ...(interval === undefined ? {} : { 'interval.ms': interval }),
          ...facts,
        },
      });
    }
  }
  return mapped;
}

function metricFacts(metric: Json): Attributes | undefined {
  const type = metric.type === undefined ? 'gauge' : textOf(metric.type);
  if (type === 'summary') {
    const value = objectOf(metric.value);
    const count = numberOf(value?.count);
    const total = numberOf(value?.sum);
    if (count === undefined || total === undefined) return undefined;
    const [min, max] = [numberOf(value?.min), numberOf(value?.max)];
    return {
      metricType: 'summary',
      count,
      total,
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(count > 0 ? { latest: total / count } : {}),
    };
  }
  const value = numberOf(metric.value);
  if (value === undefined || (type !== 'gauge' && type !== 'count')) return undefined;
  return { metricType: type, count: 1, total: value, min: value, max: value, latest: value };
}

/** Types whose facts Millrace itself states, or that have an API of their own. */
const reserved = new Set([
  'Deployment',
  'PipelineRun',
  'CheckResult',
  'GatewayRequest',
  'ErrorEvent',
  'Event',
  'Metric',
  'Log',
  'Span',
]);

/** Event API: one event or a list of them, flat, with `eventType`. */
export function readEvents(body: unknown, { projectId, now }: Origin): Mapped {
  const mapped = new Mapped();
  for (const event of partsOf(body)) {
    const { eventType, timestamp, ...rest } = event;
    const type = textOf(eventType);
    if (!/^[A-Za-z0-9:_ ]{1,255}$/.test(type)) mapped.refuse('an event without a usable eventType');
    else if (reserved.has(type)) mapped.refuse(`events of type ${type} come from Millrace itself or by another API`);
    else mapped.add({ type, timestamp: timeOf(timestamp, now), projectId, attributes: attributesOf(rest) });
  }
  return mapped;
}

const levelNames = ['level', 'log.level', 'severity', 'loglevel'];

/** Log API: one log, a list of them, or `[{common: {timestamp, attributes}, logs: [{timestamp, message, attributes}]}]`. */
export function readLogs(body: unknown, { projectId, now }: Origin, origin: Attributes = {}): Mapped {
  const mapped = new Mapped();
  for (const part of partsOf(body)) {
    const common = objectOf(part.common);
    const logs = Array.isArray(part.logs) ? listOf(part.logs) : [part];
    for (const log of logs) {
      const { message, log: text, MESSAGE, timestamp, attributes, common: _common, logs: _logs, ...rest } = log;
      const line = [message, text, MESSAGE].find((value) => typeof value === 'string') as string | undefined;
      const structured = line?.trimStart().startsWith('{') ? jsonOf(line) : undefined;
      const all = attributesOf(origin, common?.attributes, structured, rest, attributes);
      const level = levelNames.map((name) => all[name]).find((value) => value !== undefined);
      for (const name of levelNames) if (all[name] === level) delete all[name];
      const own = structured && typeof structured.message === 'string' ? structured.message : line;
      mapped.add({
        type: 'Log',
        timestamp: timeOf(timestamp ?? common?.timestamp, now),
        projectId,
        attributes: {
          ...all,
          message: own ?? '',
          ...(level === undefined ? {} : { level: levelOf(level) }),
        },
      });
    }
  }
  return mapped;
}

function jsonOf(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const levels: Record<string, string> = {
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
  crit: 'fatal',
  notice: 'info',
};

/** One word for each level. Numbers are Pino's and Bunyan's: 10 to 60. */
export function levelOf(level: string | number | boolean): string {
  if (typeof level === 'number')
    return ['trace', 'debug', 'info', 'warn', 'error', 'fatal'][Math.round(level / 10) - 1] ?? String(level);
  const word = String(level).toLowerCase();
  return levels[word] ?? word;
}
