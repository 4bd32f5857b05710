import { scrubText } from '../../kernel/scrub.ts';
import { objectOf, textOf, timeOf } from '../lenient.ts';
import type { ReceivedItem } from '../port.ts';

/** What somebody who used the application has to say. */
export interface Feedback {
  /** The error it is about: 32 hexadecimal digits; null when it is about none. */
  eventId: string | null;
  replayId: string | null;
  name: string | null;
  email: string | null;
  message: string;
  url: string | null;
  release: string | null;
  environment: string | null;
  /** Unix ms. */
  at: number;
}

const longestMessage = 4096;

/** Reads a `feedback` item (an event with a feedback context) or a `user_report`; null when it says nothing. */
export function readFeedback(
  payload: unknown,
  item: Pick<ReceivedItem, 'kind' | 'eventId' | 'receivedAt'>,
): Feedback | null {
  const body = objectOf(payload);
  if (!body) return null;
  if (item.kind === 'user_report')
    return feedbackOf(body, body.comments, idOf(body.event_id) ?? item.eventId, item, body);
  const context = objectOf(objectOf(body.contexts)?.feedback);
  return context && feedbackOf(context, context.message, idOf(context.associated_event_id), item, body);
}

function feedbackOf(
  said: Record<string, unknown>,
  message: unknown,
  eventId: string | null,
  item: Pick<ReceivedItem, 'receivedAt'>,
  event: Record<string, unknown>,
): Feedback | null {
  const text = textOf(message, longestMessage)?.trim();
  if (!text) return null;
  const at = timeOf(event.timestamp) ?? item.receivedAt;
  return {
    eventId,
    replayId: idOf(said.replay_id),
    name: textOf(said.name, 128),
    email: textOf(said.contact_email ?? said.email, 200),
    message: scrubText(text),
    url: textOf(said.url, 1024),
    release: textOf(event.release, 200),
    environment: textOf(event.environment, 64),
    at: Math.min(at, item.receivedAt),
  };
}

function idOf(value: unknown): string | null {
  const hex = typeof value === 'string' ? value.replaceAll('-', '').toLowerCase() : '';
  return /^[0-9a-f]{32}$/.test(hex) && !/^0+$/.test(hex) ? hex : null;
}
