import { type Json, listOf, numberOf, objectOf, textOf } from '../../kernel/foreign-json.ts';
import type { MessageType } from '../../platform/protobuf/protobuf.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';

export interface Pushed {
  records: IntakeRecord[];
  refused: number;
}

/** `logproto.PushRequest` (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs). */
export const pushRequest: MessageType = () => ({
  1: {
    name: 'streams',
    repeated: true,
    type: () => ({
      1: { name: 'labels', type: 'string' },
      2: {
        name: 'entries',
        repeated: true,
        type: () => ({
          1: {
            name: 'timestamp',
            type: () => ({ 1: { name: 'seconds', type: 'int' }, 2: { name: 'nanos', type: 'int' } }),
          },
          2: { name: 'line', type: 'string' },
          3: {
            name: 'metadata',
            repeated: true,
            type: () => ({ 1: { name: 'name', type: 'string' }, 2: { name: 'value', type: 'string' } }),
          },
        }),
      },
    }),
  },
});

/** The JSON form: `{streams: [{stream: {labels}, values: [["<ns>", "line", {metadata}]]}]}`. */
export function readJson(body: unknown, projectId: string, now: number): Pushed {
  const pushed: Pushed = { records: [], refused: 0 };
  for (const { stream, values } of listOf(objectOf(body)?.streams)) {
    const labels = textsOf(stream);
    for (const value of Array.isArray(values) ? values : []) {
      const [at, line, metadata] = Array.isArray(value) ? (value as unknown[]) : [];
      // Nanoseconds as text: more digits than a number holds.
      const time = typeof at === 'string' && /^\d{7,20}$/.test(at) ? Number(at.slice(0, -3)) / 1000 : now;
      add(pushed, projectId, time, line, { ...labels, ...textsOf(metadata) });
    }
  }
  return pushed;
}

/** The form of Promtail and other agents, decoded from protobuf. */
export function readProtobuf(request: Json, projectId: string, now: number): Pushed {
  const pushed: Pushed = { records: [], refused: 0 };
  for (const stream of listOf(request.streams)) {
    const labels = parseLabels(textOf(stream.labels));
    for (const entry of listOf(stream.entries)) {
      const seconds = numberOf(objectOf(entry.timestamp)?.seconds);
      const nanos = numberOf(objectOf(entry.timestamp)?.nanos) ?? 0;
      const time = seconds === undefined ? now : seconds * 1000 + Math.round(nanos / 1000) / 1000;
      const metadata = Object.fromEntries(listOf(entry.metadata).map((one) => [textOf(one.name), textOf(one.value)]));
      add(pushed, projectId, time, entry.line ?? '', { ...labels, ...metadata });
    }
  }
  return pushed;
}

function add(
  pushed: Pushed,
  projectId: string,
  timestamp: number,
  line: unknown,
  labels: Record<string, string>,
): void {
  if (typeof line !== 'string' || !Number.isFinite(timestamp) || pushed.records.length >= limits.lines) {
    pushed.refused += 1;
    return;
  }
  const { service_name, level, severity, detected_level, trace_id, span_id, ...rest } = labels;
  const service = service_name ?? rest.service ?? rest.app ?? rest.job ?? rest.container;
  const host = rest.host ?? rest.hostname ?? rest.instance;
  const word = (level ?? severity ?? detected_level)?.toLowerCase();
  pushed.records.push({
    type: 'Log',
    timestamp,
    projectId,
    attributes: {
      ...rest,
      message: line,
      ...(service === undefined ? {} : { service }),
      ...(host === undefined ? {} : { host }),
      ...(word === undefined ? {} : { level: word === 'warning' ? 'warn' : word }),
      ...(trace_id === undefined ? {} : { traceId: trace_id.toLowerCase() }),
      ...(span_id === undefined ? {} : { spanId: span_id.toLowerCase() }),
    },
  });
}

const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectOf(value) ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** `{job="app", level="warn"}` with Go's escapes in the texts. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([A-Za-z_][A-Za-z0-9_]*)\s*=\s*("(?:[^"\\]|\\.)*")/g)) {
    try {
      labels[name!] = JSON.parse(value!) as string;
    } catch {
      // An escape that JSON does not know stays as it is written.
      labels[name!] = value!.slice(1, -1);
    }
  }
  return labels;
}
