import { listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import { attributesOf, timeOf } from './attributes.ts';
import { Mapped, type Origin } from './mapped.ts';

const noId = 'a span without an id and a trace id';

/** Trace API in New Relic's format: `[{common: {attributes}, spans: [{id, trace.id, timestamp, attributes}]}]`. */
export function readTraces(body: unknown, { projectId, now }: Origin): Mapped {
  const mapped = new Mapped();
  for (const part of listOf(body)) {
    const common = objectOf(objectOf(part.common)?.attributes);
    for (const span of listOf(part.spans)) {
      const { id, 'trace.id': traceId, timestamp, attributes, ...rest } = span;
      const {
        'duration.ms': ms,
        'parent.id': parentId,
        'span.kind': kind,
        ...own
      } = attributesOf(common, rest, attributes);
      const spanId = textOf(id);
      const trace = textOf(traceId) || textOf(common?.['trace.id']);
      if (spanId === '' || trace === '') {
        mapped.refuse(noId);
        continue;
      }
      mapped.add({
        type: 'Span',
        timestamp: timeOf(timestamp, now),
        projectId,
        attributes: {
          ...own,
          name: textOf(own.name) || 'unnamed',
          traceId: trace.toLowerCase(),
          spanId: spanId.toLowerCase(),
          parentId: parentId === undefined ? null : String(parentId).toLowerCase(),
          kind: kind === undefined ? 'internal' : String(kind).toLowerCase(),
          duration: (numberOf(ms) ?? 0) / 1000,
          error: own.error === true || own['error.message'] !== undefined || own['error.class'] !== undefined,
        },
      });
    }
  }
  return mapped;
}

/** The same in Zipkin's format, version 2: a list of spans with times in microseconds. */
export function readZipkin(body: unknown, { projectId, now }: Origin): Mapped {
  const mapped = new Mapped();
  for (const span of listOf(body)) {
    const spanId = textOf(span.id).toLowerCase();
    const traceId = textOf(span.traceId).toLowerCase();
    if (spanId === '' || traceId === '') {
      mapped.refuse(noId);
      continue;
    }
    const tags = attributesOf(span.tags);
    const service = textOf(objectOf(span.localEndpoint)?.serviceName);
    mapped.add({
      type: 'Span',
      timestamp: timeOf(span.timestamp, now),
      projectId,
      attributes: {
        ...tags,
        ...(service === '' ? {} : { service }),
        name: textOf(span.name) || 'unnamed',
        traceId,
        spanId,
        parentId: textOf(span.parentId).toLowerCase() || null,
        kind: textOf(span.kind).toLowerCase() || 'internal',
        duration: (numberOf(span.duration) ?? 0) / 1_000_000,
        error: tags.error !== undefined && tags.error !== false && tags.error !== 'false',
      },
    });
  }
  return mapped;
}
