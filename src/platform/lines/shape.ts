import { type Level, levelOf, severityOfText } from './severity.ts';

export type Scalar = string | number | boolean;

/** What a line says beyond its text. */
export interface ShapedLine {
  form: 'json' | 'logfmt' | 'text';
  /** What the line says: the message within JSON or logfmt, else the line as it is. */
  message: string;
  level: Level | undefined;
  traceId: string | undefined;
  spanId: string | undefined;
  /** Other fields of JSON (nested ones joined by dots) and logfmt. */
  attributes: Record<string, Scalar>;
}

/** Longer lines are not looked into. */
const longest = 65_536;
const mostFields = 100;
const deepest = 4;

const messageNames = ['message', 'msg', 'log', 'event', 'text', '@message', 'body'];
const levelNames = ['level', 'severity', 'lvl', 'levelname', 'log.level', 'loglevel', 'level_name', 'severityText'];
const traceNames = ['trace_id', 'traceId', 'trace.id', 'traceid', 'traceID', 'otelTraceID', 'dd.trace_id'];
const spanNames = ['span_id', 'spanId', 'span.id', 'spanid', 'spanID', 'otelSpanID', 'dd.span_id'];

/** Reads a line: JSON and logfmt become attributes; level, trace and span are found in plain text too. Pure; never throws. */
export function shapeLine(line: string): ShapedLine {
  const fields = line.length > longest ? undefined : (jsonFields(line) ?? undefined);
  if (fields) return shaped('json', line, fields);
  const pairs = line.length > longest ? undefined : logfmtFields(line);
  if (pairs) return shaped('logfmt', line, pairs);
  return { form: 'text', message: line, level: severityOfText(line), ...idsInText(line), attributes: {} };
}

/** The same for fields that came apart from any line, as senders of structured logs have them. */
export function shapeFields(record: unknown, whole: string): ShapedLine {
  const fields = flattened(record);
  const from = shaped('json', whole, fields);
  if (from.message === whole) return from;
  // What a container printed is a line in a field, and may be structured in turn.
  const inner = shapeLine(from.message);
  return {
    ...inner,
    form: inner.form === 'text' ? 'json' : inner.form,
    level: from.level ?? inner.level,
    traceId: from.traceId ?? inner.traceId,
    spanId: from.spanId ?? inner.spanId,
    attributes: { ...from.attributes, ...inner.attributes },
  };
}

function jsonFields(line: string): Record<string, Scalar> | undefined {
  const text = line.trim();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return flattened(value);
}

/** The fields of an object, nested ones joined by dots. */
function flattened(record: unknown): Record<string, Scalar> {
  const fields: Record<string, Scalar> = {};
  let count = 0;
  const add = (value: unknown, path: string, depth: number): void => {
    if (value === null || value === undefined || count >= mostFields) return;
    if (Array.isArray(value) || (typeof value === 'object' && depth >= deepest)) {
      count += 1;
      fields[path] = JSON.stringify(value);
    } else if (typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) add(inner, path === '' ? name : `${path}.${name}`, depth + 1);
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      count += 1;
      fields[path] = value;
    }
  };
  add(record, '', 0);
  return fields;
}

const pair = /([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"=]*))(?:\s+|$)/y;

/** The pairs of a line that is nothing but pairs, at least two; undefined for any other. */
function logfmtFields(line: string): Record<string, Scalar> | undefined {
  const text = line.trim();
  const fields: Record<string, Scalar> = {};
  let count = 0;
  pair.lastIndex = 0;
  while (pair.lastIndex < text.length) {
    const found = pair.exec(text);
    if (!found) return undefined;
    const [, name, quoted, bare] = found;
    count += 1;
    if (count > mostFields) return undefined;
    fields[name!] =
      quoted === undefined ? scalarOf(bare!) : quoted.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  return count >= 2 ? fields : undefined;
}

function scalarOf(text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) && !/^-?0\d/.test(text) ? Number(text) : text;
}

function shaped(form: 'json' | 'logfmt', line: string, fields: Record<string, Scalar>): ShapedLine {
  const take = <Value>(names: string[], read: (value: Scalar) => Value | undefined): Value | undefined => {
    for (const name of names) {
      const value = Object.hasOwn(fields, name) ? read(fields[name]!) : undefined;
      if (value === undefined) continue;
      delete fields[name];
      return value;
    }
    return undefined;
  };
  const message = take(messageNames, (value) => (typeof value === 'string' ? value : undefined));
  const level = take(levelNames, levelOf);
  return {
    form,
    message: message ?? line,
    level: level ?? (message === undefined ? undefined : severityOfText(message)),
    traceId: take(traceNames, (value) => hex(value, 32)),
    spanId: take(spanNames, (value) => hex(value, 16)),
    attributes: fields,
  };
}

const hex = (value: Scalar, digits: number): string | undefined =>
  typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/i.test(value) && !/^0+$/.test(value)
    ? value.toLowerCase()
    : undefined;

const traceInText = /\btrace[_.-]?id["']?\s*[=:]\s*["']?([0-9a-f]{32})\b/i;
const spanInText = /\bspan[_.-]?id["']?\s*[=:]\s*["']?([0-9a-f]{16})\b/i;
/** https://www.w3.org/TR/trace-context/#traceparent-header */
const parent = /\b00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\b/;

function idsInText(text: string): { traceId: string | undefined; spanId: string | undefined } {
  const head = text.length > longest ? text.slice(0, longest) : text;
  const whole = parent.exec(head);
  return {
    traceId: (whole?.[1] ?? traceInText.exec(head)?.[1])?.toLowerCase(),
    spanId: (whole?.[2] ?? spanInText.exec(head)?.[1])?.toLowerCase(),
  };
}
