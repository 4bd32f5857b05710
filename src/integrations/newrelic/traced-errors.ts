import { createHash } from 'node:crypto';
import type { ReceivedEvent } from '../../errors/port.ts';
import { numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import { type Attributes, attributesOf, timeOf } from './attributes.ts';
import { limits } from './limits.ts';
import type { Origin } from './mapped.ts';

interface Frame {
  function: string;
  filename: string;
  abs_path: string;
  lineno?: number | undefined;
  colno?: number | undefined;
  in_app: boolean;
}

/**
 * Traced errors, `[run id, [[time, transaction, message, class, {userAttributes, agentAttributes, intrinsics, stack_trace}, guid], ..]]`, as
 * events of the error tracker: they are grouped, get an owner and a cause like those of any other client. The same error sent
 * twice has the same event id.
 */
export function readTracedErrors(payload: readonly unknown[], at: Origin, origin: Attributes): ReceivedEvent[] {
  const rows = payload.at(-1);
  const events: ReceivedEvent[] = [];
  for (const row of Array.isArray(rows) ? rows.slice(0, limits.records) : []) {
    const event = Array.isArray(row) ? eventOf(row as unknown[], at, origin) : undefined;
    if (event) events.push(event);
  }
  return events;
}

function eventOf(row: unknown[], at: Origin, origin: Attributes): ReceivedEvent | undefined {
  const [when, transaction, message, kind, details, guid] = row;
  const facts = objectOf(details);
  const type = textOf(kind) || 'Error';
  const timestamp = timeOf(when, at.now);
  const { service, host, release, environment, ...tags } = {
    ...origin,
    ...attributesOf(facts?.intrinsics, facts?.agentAttributes, facts?.userAttributes),
    ...origin,
  };
  const method = textOf(tags['request.method']);
  const uri = textOf(tags['request.uri']);
  const traceId = textOf(tags.traceId);
  const spanId = textOf(tags.spanId) || textOf(tags.guid) || textOf(guid);
  const traced = /^[0-9a-f]{32}$/.test(traceId) && /^[0-9a-f]{16}$/.test(spanId);
  const event = {
    timestamp: timestamp / 1000,
    platform: 'node',
    level: 'error',
    transaction: textOf(transaction) || undefined,
    release,
    environment,
    server_name: host,
    tags: { service: String(service ?? ''), ...shortTexts(tags) },
    exception: {
      values: [{ type, value: textOf(message), stacktrace: { frames: framesOf(facts?.stack_trace).reverse() } }],
    },
    ...(uri === '' ? {} : { request: { method: method || undefined, url: uri } }),
    ...(traced ? { contexts: { trace: { trace_id: traceId, span_id: spanId } } } : {}),
    sdk: { name: 'newrelic', version: '0' },
  };
  const text = Buffer.from(JSON.stringify(event));
  if (text.length > limits.eventBytes) return undefined;
  const identity = JSON.stringify([at.projectId, service, host, when, transaction, type, message, guid]);
  const eventId = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return {
    projectId: at.projectId,
    eventId,
    receivedAt: at.now,
    service: textOf(service) || undefined,
    payload: Buffer.from(JSON.stringify({ event_id: eventId, ...event })),
  };
}

/** Tags are short; long ones and numbers of the agent's own book-keeping stay out. */
function shortTexts(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name, value]) => String(value).length <= 200 && name.length <= 32 && !name.startsWith('nr.'))
      .slice(0, 50)
      .map(([name, value]) => [name, String(value)]),
  );
}

/** `at name (file:line:column)` and `at file:line:column`, as V8 writes them; innermost first. */
function framesOf(trace: unknown): Frame[] {
  const frames: Frame[] = [];
  for (const line of Array.isArray(trace) ? trace : []) {
    if (frames.length >= limits.frames) break;
    const text = textOf(line).slice(0, limits.lineLength).trim();
    const match = /^at (?:(?:async )?(.*?) \()?(.*?)(?::(\d+))?(?::(\d+))?\)?$/.exec(text);
    if (!match?.[2]) continue;
    const file = match[2].replace(/^file:\/\//, '');
    frames.push({
      function: match[1] || '?',
      filename: file,
      abs_path: file,
      lineno: numberOf(match[3]),
      colno: numberOf(match[4]),
      in_app: !/^node:|^internal\/|node_modules|^<anonymous>|^native$/.test(file),
    });
  }
  return frames;
}
