import { scrubText } from '../kernel/scrub.ts';
import { type JsonObject, listOf, objectOf, textOf, timeOf } from './lenient.ts';
import { eventLimits as limits } from './limits.ts';
import { readExceptions, readFrames, readThreadFrames } from './normalise-stack.ts';
import {
  levelOf,
  readBreadcrumbs,
  readContexts,
  readExtra,
  readPairs,
  readRequest,
  readTags,
  readUser,
} from './normalise-surroundings.ts';
import type { ErrorReport } from './report.ts';
import type { StackMemory } from './stack-memory.ts';

/** What is known of an event besides its payload. */
export interface Arrival {
  eventId: string;
  /** Unix ms. */
  receivedAt: number;
  /** By the client's clock, Unix ms. */
  sentAt?: number | undefined;
  remoteAddress?: string | undefined;
  /** Service named by the address it was sent to. */
  service?: string | undefined;
}

/**
 * Reads an event as any client writes it. Never throws: what cannot be read is left out and noted, the rest is kept.
 * Shapes: error-tracking clients' event payload (top-level fields, `exception`, `logentry`, `breadcrumbs`, `contexts`...).
 */
export function normalise(payload: JsonObject, arrival: Arrival): ErrorReport {
  return readPayload(payload, arrival);
}

/**
 * The same without what only readers of the event look at: variables and lines around the calls, breadcrumbs, contexts, additions and
 * modules. It is filtered, grouped and counted alike; stacks met before are the same objects.
 */
export function skim(payload: JsonObject, arrival: Arrival, memory: StackMemory): ErrorReport {
  return readPayload(payload, arrival, memory);
}

function readPayload(payload: JsonObject, arrival: Arrival, memory?: StackMemory): ErrorReport {
  const whole = memory === undefined;
  const notes: string[] = [];
  const note = (text: string): void => {
    if (notes.length < limits.notes) notes.push(text);
  };
  const platform = textOf(payload.platform, 64)?.toLowerCase() ?? 'other';
  const exceptions = readExceptions(payload.exception, platform, note, memory);
  const contexts = objectOf(payload.contexts);
  const trace = objectOf(contexts?.trace);
  const tags = readTags(payload.tags);
  const sdk = objectOf(payload.sdk);
  return {
    eventId: arrival.eventId,
    at: happenedAt(payload.timestamp, arrival, note),
    receivedAt: arrival.receivedAt,
    platform,
    level: levelOf(payload.level, exceptions.length > 0 ? 'error' : 'info'),
    logger: textOf(payload.logger, limits.name),
    transaction: textOf(payload.transaction, limits.tagValue),
    server: textOf(payload.server_name, limits.tagValue),
    service: tags.find(([key]) => key === 'service')?.[1] ?? textOf(arrival.service, limits.tagValue),
    release: textOf(payload.release, limits.tagValue)?.trim() || null,
    dist: textOf(payload.dist, 64),
    environment: textOf(payload.environment, 64)?.trim() || null,
    message: readMessage(payload),
    exceptions,
    frames:
      exceptions.length > 0
        ? null
        : (readFrames(payload.stacktrace, platform, note, memory) ??
          readThreadFrames(payload.threads, platform, note, memory)),
    breadcrumbs: whole ? readBreadcrumbs(payload.breadcrumbs, note) : [],
    tags,
    user: readUser(payload.user, arrival.remoteAddress),
    request: readRequest(payload.request),
    contexts: whole ? readContexts(contexts) : [],
    extra: whole ? readExtra(payload.extra, note) : [],
    modules: whole ? readPairs(payload.modules, limits.modules, 128) : [],
    sdk: sdk && { name: textOf(sdk.name, 128) ?? 'unknown', version: textOf(sdk.version, 64) ?? '' },
    fingerprint: readFingerprint(payload.fingerprint),
    ...securityOf(payload.security),
    ...(payload.checksum ? { checksum: textOf(payload.checksum, 128) ?? undefined } : {}),
    images: readImages(payload.debug_meta),
    traceId: hexadecimal(trace?.trace_id, 32),
    spanId: hexadecimal(trace?.span_id, 16),
    notes,
  };
}

/** What the intake made of a browser's security report. */
function securityOf(value: unknown): Pick<ErrorReport, 'security'> {
  const said = objectOf(value);
  const salt = textOf(said?.salt, limits.name);
  if (!said || salt === null) return {};
  return { security: { salt, violation: textOf(said.violation, 64), source: textOf(said.source, limits.name) } };
}

/** `logentry` (or its old name) and the bare top-level text; the finished text counts, the template groups. */
function readMessage(payload: JsonObject): ErrorReport['message'] {
  const entry =
    objectOf(payload.logentry) ?? objectOf(payload['sentry.interfaces.Message']) ?? objectOf(payload.message);
  const template = textOf(entry?.message, limits.message);
  const formatted = textOf(entry?.formatted, limits.message);
  const bare = textOf(payload.message, limits.message);
  const text = formatted ?? (template === null ? bare : fillIn(template, entry?.params));
  if (text === null) return null;
  return { text: scrubText(text), template: template !== null && template !== text ? template : null };
}

/** Puts parameters into a template written the printf way (`%s`, `%d`, `%(name)s`) or with `{}`. */
function fillIn(template: string, params: unknown): string {
  const named = objectOf(params);
  const values = listOf(params);
  let next = 0;
  const filled = template.replace(/%\((\w+)\)[sdrif]|%[sdrif]|\{\}/g, (whole, name?: string) => {
    const value = name === undefined ? values[next++] : named?.[name];
    return value === undefined ? whole : String(value);
  });
  return textOf(filled, limits.message) ?? template;
}

function readFingerprint(value: unknown): string[] | null {
  const parts = listOf(value)
    .slice(0, limits.fingerprint)
    .map((part) => textOf(part, limits.fingerprintPart))
    .filter((part) => part !== null);
  return parts.length > 0 ? parts : null;
}

function readImages(value: unknown): ErrorReport['images'] {
  const images: ErrorReport['images'] = [];
  for (const item of listOf(objectOf(value)?.images).slice(0, limits.frames)) {
    const image = objectOf(item);
    const file = textOf(image?.code_file, limits.path);
    const debugId = textOf(image?.debug_id, 64);
    if (file !== null && debugId !== null) images.push({ file, debugId });
  }
  return images;
}

function hexadecimal(value: unknown, digits: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replaceAll('-', '').toLowerCase();
  return text.length === digits && /^[0-9a-f]+$/.test(text) && !/^0+$/.test(text) ? text : null;
}

/** The event's own time, with the client's clock set right by when it says it sent the event; bounded both ways. */
function happenedAt(value: unknown, arrival: Arrival, note: (text: string) => void): number {
  const written = timeOf(value);
  if (written === null) return arrival.receivedAt;
  const drift = arrival.sentAt === undefined ? 0 : arrival.receivedAt - arrival.sentAt;
  let at = written;
  // Less than a minute is the way through the network as likely as a wrong clock.
  if (Math.abs(drift) > 60_000) {
    at += drift;
    note(`timestamp: the client's clock was off by ${Math.round(drift / 1000)} s and was corrected`);
  }
  if (at > arrival.receivedAt + limits.future || at < arrival.receivedAt - limits.past) {
    note('timestamp: too far from the time of arrival, which is used instead');
    return arrival.receivedAt;
  }
  return Math.round(at);
}
