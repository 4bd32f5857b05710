import type { Field, MessageType } from '../../platform/protobuf/protobuf.ts';

/**
 * The messages of OTLP 1.x with their field numbers (https://github.com/open-telemetry/opentelemetry-proto), named as in its JSON form.
 * Fields that nothing here reads are left out and skipped.
 */
const field = (name: string, type: Field['type']): Field => ({ name, type });
const many = (name: string, type: Field['type']): Field => ({ name, type, repeated: true });

const anyValue: MessageType = () => anyValueFields;
const arrayValueFields = { 1: many('values', anyValue) };
const keyValueFields = { 1: field('key', 'string'), 2: field('value', anyValue) };
const keyValue: MessageType = () => keyValueFields;
const keyValueListFields = { 1: many('values', keyValue) };
const anyValueFields = {
  1: field('stringValue', 'string'),
  2: field('boolValue', 'bool'),
  3: field('intValue', 'int'),
  4: field('doubleValue', 'double'),
  5: field('arrayValue', () => arrayValueFields),
  6: field('kvlistValue', () => keyValueListFields),
  7: field('bytesValue', 'bytes'),
};

const resourceFields = { 1: many('attributes', keyValue) };
const resource: MessageType = () => resourceFields;
const scopeFields = { 1: field('name', 'string'), 2: field('version', 'string') };
const scope: MessageType = () => scopeFields;

/** A request: a list of resources, each with a list of scopes, each with a list of items. */
function request(resourceList: string, scopeList: string, itemList: string, item: MessageType): MessageType {
  const scopeItems = { 1: field('scope', scope), 2: many(itemList, item) };
  const resourceItems = { 1: field('resource', resource), 2: many(scopeList, () => scopeItems) };
  const whole = { 1: many(resourceList, () => resourceItems) };
  return () => whole;
}

const statusFields = { 2: field('message', 'string'), 3: field('code', 'uint') };
const spanEventFields = {
  1: field('timeUnixNano', 'fixed64'),
  2: field('name', 'string'),
  3: many('attributes', keyValue),
};
const spanFields = {
  1: field('traceId', 'hex'),
  2: field('spanId', 'hex'),
  4: field('parentSpanId', 'hex'),
  5: field('name', 'string'),
  6: field('kind', 'uint'),
  7: field('startTimeUnixNano', 'fixed64'),
  8: field('endTimeUnixNano', 'fixed64'),
  9: many('attributes', keyValue),
  11: many('events', () => spanEventFields),
  15: field('status', () => statusFields),
};

const logFields = {
  1: field('timeUnixNano', 'fixed64'),
  2: field('severityNumber', 'uint'),
  3: field('severityText', 'string'),
  5: field('body', anyValue),
  6: many('attributes', keyValue),
  9: field('traceId', 'hex'),
  10: field('spanId', 'hex'),
  11: field('observedTimeUnixNano', 'fixed64'),
  12: field('eventName', 'string'),
};

const numberPointFields = {
  2: field('startTimeUnixNano', 'fixed64'),
  3: field('timeUnixNano', 'fixed64'),
  4: field('asDouble', 'double'),
  6: field('asInt', 'sfixed64'),
  7: many('attributes', keyValue),
  8: field('flags', 'uint'),
};
const histogramPointFields = {
  2: field('startTimeUnixNano', 'fixed64'),
  3: field('timeUnixNano', 'fixed64'),
  4: field('count', 'fixed64'),
  5: field('sum', 'double'),
  6: many('bucketCounts', 'fixed64'),
  7: many('explicitBounds', 'double'),
  9: many('attributes', keyValue),
  10: field('flags', 'uint'),
  11: field('min', 'double'),
  12: field('max', 'double'),
};
const exponentialBucketsFields = { 1: field('offset', 'sint'), 2: many('bucketCounts', 'uint') };
const exponentialPointFields = {
  1: many('attributes', keyValue),
  2: field('startTimeUnixNano', 'fixed64'),
  3: field('timeUnixNano', 'fixed64'),
  4: field('count', 'fixed64'),
  5: field('sum', 'double'),
  6: field('scale', 'sint'),
  7: field('zeroCount', 'fixed64'),
  8: field('positive', () => exponentialBucketsFields),
  9: field('negative', () => exponentialBucketsFields),
  10: field('flags', 'uint'),
  12: field('min', 'double'),
  13: field('max', 'double'),
};
const quantileFields = { 1: field('quantile', 'double'), 2: field('value', 'double') };
const summaryPointFields = {
  2: field('startTimeUnixNano', 'fixed64'),
  3: field('timeUnixNano', 'fixed64'),
  4: field('count', 'fixed64'),
  5: field('sum', 'double'),
  6: many('quantileValues', () => quantileFields),
  7: many('attributes', keyValue),
  8: field('flags', 'uint'),
};
const gaugeFields = { 1: many('dataPoints', () => numberPointFields) };
const sumFields = {
  1: many('dataPoints', () => numberPointFields),
  2: field('aggregationTemporality', 'uint'),
  3: field('isMonotonic', 'bool'),
};
const histogramFields = {
  1: many('dataPoints', () => histogramPointFields),
  2: field('aggregationTemporality', 'uint'),
};
const exponentialFields = {
  1: many('dataPoints', () => exponentialPointFields),
  2: field('aggregationTemporality', 'uint'),
};
const summaryFields = { 1: many('dataPoints', () => summaryPointFields) };
const metricFields = {
  1: field('name', 'string'),
  3: field('unit', 'string'),
  5: field('gauge', () => gaugeFields),
  7: field('sum', () => sumFields),
  9: field('histogram', () => histogramFields),
  10: field('exponentialHistogram', () => exponentialFields),
  11: field('summary', () => summaryFields),
};

export const requests = {
  traces: request('resourceSpans', 'scopeSpans', 'spans', () => spanFields),
  logs: request('resourceLogs', 'scopeLogs', 'logRecords', () => logFields),
  metrics: request('resourceMetrics', 'scopeMetrics', 'metrics', () => metricFields),
} satisfies Record<string, MessageType>;

export type Signal = keyof typeof requests;
