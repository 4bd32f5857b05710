import { createHash } from 'node:crypto';
import type { ReceivedEvent } from '../../errors/port.ts';
import { type Json, listOf, textOf } from '../../kernel/foreign-json.ts';
import { readStack, type ToldError } from './read-stack.ts';
import { type Attributes, addAttributes, idOf, millisOf } from './values.ts';

/** An exception that a span or a log record tells of. */
export interface ToldException {
  from: 'span' | 'log';
  /** Unix ms. */
  at: number;
  level: string;
  /** Name of the request's span; '' where it is none. */
  transaction: string;
  traceId: string;
  spanId: string;
  parentId: string;
  /** `exception.type`, `exception.message`, `exception.stacktrace`, `exception.escaped`. */
  facts: Attributes;
  /** Of the span or record, those of its resource among them. */
  attributes: Attributes;
}

const mostExceptions = 1000;
const mostExtras = 60;

const text = (attributes: Attributes, ...names: string[]): string => {
  const found = names.map((name) => attributes[name]).find((value) => value !== undefined && value !== '');
  return found === undefined ? '' : String(found);
};

/** Exceptions among the events of a span. */
export function exceptionsOfSpan(span: Json, attributes: Attributes, kind: string, start: number): ToldException[] {
  const told: ToldException[] = [];
  for (const event of listOf(span.events)) {
    if (textOf(event.name) !== 'exception') continue;
    const facts: Attributes = {};
    addAttributes(facts, event.attributes);
    told.push({
      from: 'span',
      at: millisOf(event.timeUnixNano) ?? start,
      level: 'error',
      transaction: kind === 'server' || kind === 'consumer' ? textOf(span.name) : '',
      traceId: idOf(span.traceId, 32),
      spanId: idOf(span.spanId, 16),
      parentId: idOf(span.parentSpanId, 16),
      facts,
      attributes,
    });
  }
  return told;
}

const levels: Record<string, string> = {
  warn: 'warning',
  warning: 'warning',
  error: 'error',
  fatal: 'fatal',
  '': 'error',
};

/** The exception a log record carries; undefined when there is none, or it was not even a warning. */
export function exceptionOfLog({
  timestamp,
  attributes,
}: {
  timestamp: number;
  attributes: Attributes;
}): ToldException | undefined {
  const level = levels[text(attributes, 'level')];
  if (level === undefined || text(attributes, 'exception.type', 'exception.stacktrace') === '') return undefined;
  return {
    from: 'log',
    at: timestamp,
    level,
    transaction: '',
    traceId: text(attributes, 'traceId'),
    spanId: text(attributes, 'spanId'),
    parentId: '',
    facts: attributes,
    attributes,
  };
}

const signOf = ({ facts }: ToldException): string =>
  `${text(facts, 'exception.type')} ${text(facts, 'exception.message')}`;

/**
 * What the errors room is handed: one event for each exception. One that passed through several spans on its way out was recorded by each,
 * and counts where it was recorded first. Asking again gives the same events with the same ids. Pure.
 */
export function eventsOf(told: ToldException[], projectId: string, receivedAt: number): ReceivedEvent[] {
  const passedOn = new Set(told.map((one) => `${one.traceId} ${one.parentId} ${signOf(one)}`));
  return told
    .filter((one) => one.from === 'log' || !passedOn.has(`${one.traceId} ${one.spanId} ${signOf(one)}`))
    .slice(0, mostExceptions)
    .map((one) => ({
      projectId,
      eventId: createHash('md5')
        .update(
          [one.from, one.traceId, one.spanId, one.at, signOf(one), text(one.facts, 'exception.stacktrace')].join(' '),
        )
        .digest('hex'),
      receivedAt,
      told: one.from,
      payload: Buffer.from(JSON.stringify(payloadOf(one))),
    }));
}

function payloadOf({ facts, attributes, ...one }: ToldException): Json {
  const language = text(attributes, 'telemetry.sdk.language') || null;
  const { platform, errors } = readStack(text(facts, 'exception.stacktrace'), language);
  const escaped = facts['exception.escaped'];
  const method = text(attributes, 'http.request.method', 'http.method');
  const url = text(attributes, 'url.full', 'http.url', 'url.path', 'http.target');
  const service = text(attributes, 'service');
  const user = text(attributes, 'enduser.id', 'user.id');
  const extra = Object.entries(attributes).filter(([name]) => !name.startsWith('exception.') && !named.has(name));
  return {
    platform,
    timestamp: one.at / 1000,
    level: one.level,
    release: text(attributes, 'release') || null,
    environment: text(attributes, 'environment') || null,
    server_name: text(attributes, 'host') || null,
    transaction: one.transaction || null,
    tags: service === '' ? {} : { service },
    ...(user === '' ? {} : { user: { id: user } }),
    ...(url === '' ? {} : { request: { url, ...(method === '' ? {} : { method }) } }),
    contexts: { trace: { trace_id: one.traceId, span_id: one.spanId } },
    extra: Object.fromEntries(extra.slice(0, mostExtras)),
    sdk: { name: `opentelemetry${language === null ? '' : `.${language}`}`, version: '' },
    exception: {
      values: chainOf(errors, facts).map(({ type, message, frames }, index, all) => ({
        ...typeOf(type, platform),
        value: message,
        ...(frames.length > 0 ? { stacktrace: { frames } } : {}),
        ...(index === all.length - 1
          ? { mechanism: { type: 'opentelemetry', ...(typeof escaped === 'boolean' ? { handled: !escaped } : {}) } }
          : {}),
      })),
    },
  };
}

/** Attributes that stand elsewhere in the event. */
const named = new Set(['service', 'release', 'environment', 'host', 'traceId', 'spanId', 'telemetry.sdk.language']);

/** The chain of the stack's text, the exception itself last, named as its attributes name it. */
function chainOf(errors: ToldError[], facts: Attributes): ToldError[] {
  const last = errors.at(-1);
  const told: ToldError = {
    type: text(facts, 'exception.type') || (last?.type ?? null),
    message: text(facts, 'exception.message') || (last?.message ?? null),
    frames: last?.frames ?? [],
  };
  return [...errors.slice(0, -1), told];
}

/** Python and Java put the module before the type, as error-tracking clients do not. */
function typeOf(whole: string | null, platform: string): { type: string | null; module?: string } {
  const dot = whole?.lastIndexOf('.') ?? -1;
  if (whole === null || dot <= 0 || (platform !== 'python' && platform !== 'java')) return { type: whole };
  return { type: whole.slice(dot + 1), module: whole.slice(0, dot) };
}
