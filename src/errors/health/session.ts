import { createHash } from 'node:crypto';
import { listOf, numberOf, objectOf, textOf, timeOf } from '../lenient.ts';
import { eventLimits } from '../limits.ts';

/** What a session came to so far. `errored` holds for every session with any error, also those that crashed. */
export interface SessionMarks {
  errored: boolean;
  crashed: boolean;
  abnormal: boolean;
  /** An error nobody caught that did not end the program, as browsers have them. */
  unhandled: boolean;
}

/** One session, at its start or later: each message tells all that is known. */
export interface SessionUpdate {
  /** 32 hexadecimal digits. */
  id: string;
  /** Unix ms. */
  startedAt: number;
  release: string;
  environment: string;
  userKey: string | null;
  marks: SessionMarks;
}

export interface SessionCounts {
  total: number;
  errored: number;
  crashed: number;
  abnormal: number;
  unhandled: number;
}

/** Sessions counted by the client, for one minute. */
export interface SessionBucket {
  startedAt: number;
  release: string;
  environment: string;
  userKey: string | null;
  counts: SessionCounts;
}

/** Times of arrival; sessions may be told of for five days. */
export interface SessionArrival {
  receivedAt: number;
  sentAt?: number | undefined;
}

const longestWait = 5 * 86_400_000;
const mostBuckets = 100;

/** Reads a `session` item; null for one that names no release, session or time. */
export function readSession(payload: unknown, arrival: SessionArrival): SessionUpdate | null {
  const session = objectOf(payload);
  const place = placeOf(session?.attrs);
  const id = idOf(session?.sid);
  const startedAt = startOf(session?.started ?? session?.timestamp, arrival);
  if (!session || !place || id === null || startedAt === null) return null;
  const status = textOf(session.status, 32) ?? 'ok';
  const [crashed, abnormal, unhandled] = [status === 'crashed', status === 'abnormal', status === 'unhandled'];
  const errored = crashed || abnormal || unhandled || status === 'errored' || (numberOf(session.errors) ?? 0) > 0;
  return { id, startedAt, ...place, userKey: userKeyOf(session.did), marks: { errored, crashed, abnormal, unhandled } };
}

/** Reads a `sessions` item: sessions a server counted itself. Buckets that cannot be read are left out. */
export function readSessions(payload: unknown, arrival: SessionArrival): SessionBucket[] {
  const body = objectOf(payload);
  const place = placeOf(body?.attrs);
  if (!body || !place) return [];
  const buckets: SessionBucket[] = [];
  for (const item of listOf(body.aggregates).slice(0, mostBuckets)) {
    const bucket = objectOf(item);
    const startedAt = startOf(bucket?.started, arrival);
    if (!bucket || startedAt === null) continue;
    const number = (name: string): number => Math.min(1e9, Math.max(0, Math.trunc(numberOf(bucket[name]) ?? 0)));
    const [crashed, abnormal, unhandled] = [number('crashed'), number('abnormal'), number('unhandled')];
    const errored = number('errored') + crashed + abnormal + unhandled;
    const total = number('exited') + errored;
    if (total === 0) continue;
    buckets.push({
      startedAt,
      ...place,
      userKey: userKeyOf(bucket.did),
      counts: { total, errored, crashed, abnormal, unhandled },
    });
  }
  return buckets;
}

function placeOf(value: unknown): { release: string; environment: string } | null {
  const attributes = objectOf(value);
  const release = textOf(attributes?.release, eventLimits.tagValue)?.trim();
  return release ? { release, environment: textOf(attributes?.environment, 64)?.trim() ?? '' } : null;
}

function idOf(value: unknown): string | null {
  const hex = typeof value === 'string' ? value.replaceAll('-', '').toLowerCase() : '';
  return /^[0-9a-f]{32}$/.test(hex) ? hex : null;
}

/** The start, the client's clock set right; null when it is not within the days that sessions may be told of. */
function startOf(value: unknown, { receivedAt, sentAt }: SessionArrival): number | null {
  const written = timeOf(value);
  if (written === null) return null;
  const drift = sentAt === undefined ? 0 : receivedAt - sentAt;
  const at = Math.round(Math.abs(drift) > 60_000 ? written + drift : written);
  return at > receivedAt + eventLimits.future || at < receivedAt - longestWait ? null : at;
}

/** Users are counted, not known: only a hash of what stands for them is kept (64 bits as a signed decimal number). */
function userKeyOf(value: unknown): string | null {
  const text = textOf(value, 256);
  if (text === null) return null;
  return createHash('sha1').update(`did:${text}`).digest().readBigInt64BE().toString();
}

export const noMarks: SessionMarks = { errored: false, crashed: false, abnormal: false, unhandled: false };

/** Marks never go away again: messages may come in any order. */
export const joined = (one: SessionMarks, other: SessionMarks): SessionMarks => ({
  errored: one.errored || other.errored,
  crashed: one.crashed || other.crashed,
  abnormal: one.abnormal || other.abnormal,
  unhandled: one.unhandled || other.unhandled,
});

/** What a session adds to the counts, given what it added before; `before` null when nobody knew it. */
export function gained(before: SessionMarks | null, after: SessionMarks): SessionCounts {
  const news = (mark: keyof SessionMarks): number => (after[mark] && !before?.[mark] ? 1 : 0);
  return {
    total: before === null ? 1 : 0,
    errored: news('errored'),
    crashed: news('crashed'),
    abnormal: news('abnormal'),
    unhandled: news('unhandled'),
  };
}
