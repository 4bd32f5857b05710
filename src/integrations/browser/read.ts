import { createHash } from 'node:crypto';
import type { ReceivedEvent } from '../../errors/port.ts';
import { Fault } from '../../kernel/faults.ts';
import { listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';
import { framesOf } from './stack.ts';
import type { Visitor } from './visitor.ts';

type Attributes = Record<string, string | number | boolean>;

export interface PageEvents {
  records: IntakeRecord[];
  errors: ReceivedEvent[];
  /** Events that could not be used. */
  refused: number;
}

interface At {
  projectId: string;
  now: number;
  visitor: Visitor;
}

/** Types that pages may not write: the key of a page is public, and these are believed elsewhere. */
const reserved = new Set(
  'Transaction Span Log Metric ErrorEvent Deployment PipelineRun CheckResult GatewayRequest Event TransactionError NrIntegrationError'.split(
    ' ',
  ),
);

/**
 * Reads what the browser script sends, `{ common, events: [{ type, ago, attributes }] }`; errors become records and events of the error tracker.
 * Throws `invalid` for anything else.
 */
export function readPageEvents(body: unknown, at: At): PageEvents {
  const whole = objectOf(body);
  if (!whole || !Array.isArray(whole.events))
    throw new Fault('invalid', 'These are no events of a page', { code: 'browser.malformed' });
  const events = listOf(whole.events);
  const read: PageEvents = { records: [], errors: [], refused: Math.max(0, whole.events.length - limits.events) };
  const common = scalars(whole.common);
  for (const event of events.slice(0, limits.events)) {
    const type = textOf(event.type);
    if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(type) || reserved.has(type)) {
      read.refused += 1;
      continue;
    }
    const ago = Math.max(0, numberOf(event.ago) ?? 0);
    const timestamp = at.now - (ago > limits.ageMs ? 0 : ago);
    const attributes: Attributes = { ...scalars(event.attributes), ...common, ...at.visitor };
    const { stack, ...rest } = attributes;
    read.records.push({ type, timestamp, projectId: at.projectId, attributes: rest });
    if (type === 'JavaScriptError') read.errors.push(errorOf(attributes, timestamp, at));
  }
  return read;
}

function scalars(value: unknown): Attributes {
  const attributes: Attributes = {};
  let count = 0;
  for (const [name, each] of Object.entries(objectOf(value) ?? {})) {
    if (count >= limits.attributes) break;
    if (name === '' || name.length > limits.nameCharacters) continue;
    if (typeof each === 'string') attributes[name] = each.slice(0, limits.valueCharacters);
    else if (typeof each === 'boolean' || (typeof each === 'number' && Number.isFinite(each))) attributes[name] = each;
    else continue;
    count += 1;
  }
  return attributes;
}

function errorOf(attributes: Attributes, timestamp: number, at: At): ReceivedEvent {
  const of = (name: string): string => textOf(attributes[name]);
  const frames = framesOf(of('stack'));
  const event = {
    timestamp: timestamp / 1000,
    platform: 'javascript',
    level: 'error',
    transaction: of('pagePath') || undefined,
    release: of('release') || undefined,
    environment: of('environment') || undefined,
    tags: { service: of('service'), browser: of('userAgentName'), os: of('userAgentOS'), device: of('deviceType') },
    // A session is the nearest there is to a person here.
    ...(of('sessionId') ? { user: { id: of('visitorId') || of('sessionId') } } : {}),
    exception: {
      values: [
        {
          type: of('errorClass') || 'Error',
          value: of('errorMessage'),
          ...(frames.length > 0 ? { stacktrace: { frames: frames.reverse() } } : {}),
        },
      ],
    },
    sdk: { name: 'millrace.browser', version: '1' },
  };
  const identity = JSON.stringify([at.projectId, of('pageViewId'), Math.round(timestamp / 1000), event.exception]);
  return {
    projectId: at.projectId,
    eventId: createHash('sha256').update(identity).digest('hex').slice(0, 32),
    receivedAt: at.now,
    service: of('service') || undefined,
    payload: Buffer.from(JSON.stringify(event)),
  };
}
