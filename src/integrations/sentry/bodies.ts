import { inflateSync } from 'node:zlib';
import { Fault } from '../../kernel/faults.ts';
import { type EnvelopeItem, type Json, parseEnvelope, parseJson } from './envelope.ts';
import { intakeLimits as limits } from './limits.ts';
import { type Part, parseMultipart } from './multipart.ts';
import { hexOf, objectOf, textOf } from './read.ts';
import { eventOfReport } from './security.ts';

/** What a body comes to: the same as an envelope, whichever way it came. */
export interface ReadBody {
  header: Json;
  items: EnvelopeItem[];
}

/** What of a request, besides its body, says what the body is. */
export interface BodyPlace {
  contentType: string | undefined;
  userAgent: string | undefined;
  query: Record<string, unknown>;
  /** Named by the path, where it does. */
  eventId: string | undefined;
  monitor: string | undefined;
}

/** Reads the body of one kind of endpoint; throws a Fault for what is none. */
export type BodyReader = (body: Buffer, place: BodyPlace) => ReadBody;

export const readEnvelope: BodyReader = (body) => {
  const parsed = parseEnvelope(body);
  if (!parsed.ok) throw new Fault('invalid', parsed.detail, { code: 'sentry.envelope' });
  return parsed;
};

/** One event as JSON; very old clients send base64 of zlib instead, without saying so. */
export const readStore: BodyReader = (body) => {
  const start = body.find((byte) => byte > 32);
  let payload = body;
  if (start !== 123) {
    try {
      payload = inflateSync(Buffer.from(body.toString('latin1'), 'base64'), { maxOutputLength: limits.eventBytes });
    } catch (cause) {
      throw new Fault('invalid', 'the body is no JSON object', { code: 'sentry.store', cause });
    }
  }
  return { header: {}, items: [{ header: { type: 'event' }, payload }] };
};

const eventItem = (event: Json): EnvelopeItem => ({
  header: { type: 'event' },
  payload: Buffer.from(JSON.stringify(event)),
});

/** A browser's report on a content security policy or a certificate, as an event. */
export const readSecurityReport: BodyReader = (body, { query, userAgent }) => {
  const event = eventOfReport(parseJson(body), {
    release: textOf(query.sentry_release) ?? undefined,
    environment: textOf(query.sentry_environment) ?? undefined,
    userAgent,
  });
  if (!event) throw new Fault('invalid', 'the body is no security report', { code: 'sentry.security' });
  return { header: {}, items: [eventItem(event)] };
};

const fileItem = (part: Part, kind: string): EnvelopeItem => ({
  header: {
    type: 'attachment',
    attachment_type: kind,
    filename: part.filename ?? part.name,
    content_type: part.contentType ?? undefined,
  },
  payload: part.body,
});

const partsOf = (body: Buffer, contentType: string | undefined): Part[] => {
  const parts = parseMultipart(body, contentType);
  if (!parts) throw new Fault('invalid', 'the body is no multipart/form-data', { code: 'sentry.multipart' });
  return parts;
};

/**
 * A crash of a native program: the memory dump is kept as a file with the event that its form fields describe. The dump is not looked
 * into: its stack is not read.
 */
export const readMinidump: BodyReader = (body, { contentType }) => {
  const parts = body.subarray(0, 4).toString('latin1') === 'MDMP' ? [] : partsOf(body, contentType);
  const dump = parts.find((part) => part.name === 'upload_file_minidump');
  const bytes = dump?.body ?? body;
  if (bytes.subarray(0, 4).toString('latin1') !== 'MDMP' && !dump) {
    throw new Fault('invalid', 'the minidump is missing', { code: 'sentry.minidump' });
  }
  const said = parts.find((part) => part.name === 'sentry')?.body;
  const event = objectOf(said && parseJson(said)) ?? {};
  const eventId = hexOf(event.event_id, 32);
  const files = parts.filter((part) => part !== dump && part.filename !== null);
  return {
    header: eventId === null ? {} : { event_id: eventId },
    items: [
      eventItem({
        platform: 'native',
        level: 'fatal',
        exception: {
          values: [{ type: 'Minidump', value: 'Fatal error', mechanism: { type: 'minidump', handled: false } }],
        },
        ...event,
      }),
      fileItem(dump ?? { name: 'minidump', filename: 'minidump.dmp', contentType: null, body }, 'event.minidump'),
      ...files.map((part) => fileItem(part, 'event.attachment')),
    ],
  };
};

/** Files that come after their event. */
export const readAttachments: BodyReader = (body, { contentType, eventId }) => {
  const id = hexOf(eventId, 32);
  if (id === null) throw new Fault('invalid', 'the path names no event', { code: 'sentry.event-id' });
  const files = partsOf(body, contentType).filter((part) => part.filename !== null);
  return { header: { event_id: id }, items: files.map((part) => fileItem(part, 'event.attachment')) };
};

/** The form that `showReportDialog` opens, as a user report. */
export const readReportForm: BodyReader = (body, { query }) => {
  const form = new URLSearchParams(body.toString('utf8'));
  const report = {
    event_id: textOf(query.eventId),
    name: form.get('name'),
    email: form.get('email'),
    comments: form.get('comments'),
  };
  const header = { ...(textOf(query.dsn) === null ? {} : { dsn: textOf(query.dsn) }) };
  return { header, items: [{ header: { type: 'user_report' }, payload: Buffer.from(JSON.stringify(report)) }] };
};

/** A check-in by plain HTTP, as a line of a crontab sends it with curl: all of it may stand in the address. */
export const readCheckInRequest: BodyReader = (body, { query, monitor }) => {
  const said = body.length === 0 ? {} : (objectOf(parseJson(body)) ?? {});
  const fields = ['status', 'check_in_id', 'environment', 'duration', 'release'] as const;
  const given = Object.fromEntries(
    fields.flatMap((name) => (textOf(query[name]) === null ? [] : [[name, query[name]]])),
  );
  const checkIn = { ...said, ...given, monitor_slug: monitor };
  return { header: {}, items: [{ header: { type: 'check_in' }, payload: Buffer.from(JSON.stringify(checkIn)) }] };
};
