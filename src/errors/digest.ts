import { isAscii } from 'node:buffer';
import { newId } from '../kernel/ids.ts';
import { defaultRules, earlierAlgorithm, type GroupingRules } from './grouping/algorithm.ts';
import { groupReport } from './grouping/group.ts';
import { markFrames } from './grouping/stack-rules/mark-frames.ts';
import { type JsonObject, objectOf } from './lenient.ts';
import type { ReceivedEvent } from './port.ts';
import type { ErrorReport } from './report.ts';
import { applicationFiles, type Headline, headlineOf } from './title.ts';
import { userFields, userKeyOf } from './user-key.ts';

/** An event read, named and grouped, before anything is known of its issue. */
export interface Digest {
  /** Millrace's id of the event. */
  id: string;
  projectId: string;
  facts: EventFacts;
  headline: Headline;
  /** 32 hexadecimal digits each, to be looked up in order. */
  hashes: string[];
  algorithm: string;
  /** How the user shows in lists; '' for nobody. */
  userName: string;
  /** Stands for the user in counts: 64 bits as a signed decimal number; null for nobody. */
  userKey: string | null;
  files: string[];
  /** What was read for grouping: without what only readers of the event look at. */
  skimmed: ErrorReport;
  /** The whole report as JSON, ready to be kept; null when there are enough like it, so that it is made only if it must be. */
  body: Buffer | null;
  /** As it came. */
  event: ReceivedEvent;
}

/** What storing and counting need of a report. */
export type EventFacts = Pick<
  ErrorReport,
  | 'eventId'
  | 'at'
  | 'receivedAt'
  | 'platform'
  | 'level'
  | 'server'
  | 'service'
  | 'release'
  | 'environment'
  | 'transaction'
  | 'traceId'
  | 'spanId'
  | 'tags'
>;

function factsOf(report: ErrorReport): EventFacts {
  const { eventId, at, receivedAt, platform, level, server, service } = report;
  const { release, environment, transaction, traceId, spanId, tags } = report;
  return {
    eventId,
    at,
    receivedAt,
    platform,
    level,
    server,
    service,
    release,
    environment,
    transaction,
    traceId,
    spanId,
    tags,
  };
}

/** The payload of an event; null when it is not a JSON object, which is the only thing that cannot be mended. */
export function parsePayload(event: ReceivedEvent): JsonObject | null {
  try {
    // Read at once: what is held of it may give way to the next.
    return objectOf(JSON.parse(textIn(event.payload)));
  } catch {
    return null;
  }
}

/** A whole report as it is kept. */
export const bodyOf = (report: ErrorReport, rules: GroupingRules): Buffer =>
  Buffer.from(JSON.stringify(markFrames(report, rules.stack, true)));

/** Names and groups an event as it was skimmed. */
export function digest(event: ReceivedEvent, read: ErrorReport, rules: GroupingRules): Digest {
  const report = markFrames(read, rules.stack);
  const grouping = groupReport(report, rules);
  const headline = headlineOf(report);
  const { userName, userKey } = userOf(report);
  return {
    id: newId(report.receivedAt),
    projectId: event.projectId,
    facts: factsOf(report),
    headline: grouping.title === null ? headline : { ...headline, title: grouping.title },
    hashes: grouping.hashes,
    algorithm: grouping.algorithm,
    userName,
    userKey,
    files: applicationFiles(report),
    skimmed: report,
    body: null,
    event,
  };
}

/** The hashes the event would have had by the rules before: asked for only when nobody knows its own. */
export const earlierHashes = ({ skimmed }: Digest): string[] =>
  groupReport(skimmed, defaultRules, earlierAlgorithm).hashes;

/** Most payloads are plain ASCII, whose text is made without decoding. */
function textIn(payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** The best name there is: whatever the application calls a user before where the user came from. */
function userOf(report: ErrorReport): { userName: string; userKey: string | null } {
  const known = new Map(report.user);
  const field = userFields.find((name) => known.get(name));
  const value = field && known.get(field);
  if (!field || !value) return { userName: '', userKey: null };
  return { userName: known.get('email') ?? known.get('username') ?? value, userKey: userKeyOf(field, value) };
}

/** The id under which uuid columns keep a hash or a client's event id. */
export const asUuid = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
