import type { EventEnvelope } from '../kernel/events.ts';
import type { Subscription } from '../platform/events/subscriptions.ts';
import type { TelemetryRecord, TelemetrySink } from '../platform/observe/telemetry-sink.ts';

const maxAttributes = 100;
const maxText = 2000;

/**
 * Every fact also becomes a telemetry record of type `Event`, so that NRQL can ask the log of everything that happened:
 * `SELECT count(*) FROM Event WHERE type = 'pipelines.run.finished' FACET status`.
 */
export function mirrorEvents(telemetry: TelemetrySink): Subscription {
  return {
    name: 'mirror-events',
    types: [
      'projects.',
      'pipelines.',
      'deployments.',
      'errors.',
      'monitoring.',
      'alerts.',
      'identity.',
      'secrets.',
      'telemetry.',
    ],
    handle: (event) => telemetry.write([eventRecord(event)], { once: `event ${event.id}` }),
  };
}

/** The fact as flat attributes: fields of its data under their own names, nested ones dotted. */
export function eventRecord(event: EventEnvelope): TelemetryRecord {
  const attributes: TelemetryRecord['attributes'] = {};
  flatten(event.data, '', attributes);
  return {
    type: 'Event',
    timestamp: event.at,
    projectId: event.projectId,
    attributes: {
      ...attributes,
      // What the event log calls it, and what NRQL's readers look for.
      type: event.type,
      event: event.type,
      eventId: event.id,
      position: event.position,
      subject: event.subject,
      actor: event.actor.name,
      actorKind: event.actor.kind,
      causeId: event.causes[0] ?? null,
    },
  };
}

function flatten(value: unknown, name: string, into: TelemetryRecord['attributes']): void {
  if (value === null || value === undefined || Object.keys(into).length >= maxAttributes) return;
  if (typeof value === 'string') into[name] = value.slice(0, maxText);
  else if (typeof value === 'number' || typeof value === 'boolean') into[name] = value;
  else if (Array.isArray(value)) {
    into[`${name}.count`] = value.length;
    if (value.every((item) => typeof item === 'string')) into[name] = value.join(', ').slice(0, maxText);
  } else if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) flatten(inner, name ? `${name}.${key}` : key, into);
  }
}
