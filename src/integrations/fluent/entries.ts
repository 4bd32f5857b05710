import { gunzipSync } from 'node:zlib';
import { Decoder, decodeMulti, ExtensionCodec } from '@msgpack/msgpack';
import { Fault } from '../../kernel/faults.ts';
import { objectOf } from '../../kernel/foreign-json.ts';
import { shapeFields } from '../../platform/lines/shape.ts';
import type { IntakeRecord } from '../../telemetry/port.ts';
import { limits } from './limits.ts';

/** A message of the forward protocol (https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1). */
export interface Forwarded {
  records: IntakeRecord[];
  /** Entries that could not be used. */
  refused: number;
  /** What an acknowledgement names; undefined when none is wanted. */
  chunk: string | undefined;
}

class EventTime {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

const extensions = new ExtensionCodec();
extensions.register({
  type: 0,
  encode: () => null,
  // Seconds and nanoseconds, big-endian.
  decode(data) {
    if (data.length !== 8) return null;
    const view = new DataView(data.buffer, data.byteOffset, 8);
    return new EventTime(view.getUint32(0) * 1000 + Math.round(view.getUint32(4) / 1000) / 1000);
  },
});

const options = {
  extensionCodec: extensions,
  maxStrLength: limits.messageBytes,
  maxBinLength: limits.messageBytes,
  maxArrayLength: limits.members,
  maxMapLength: limits.members,
  maxExtLength: 1024,
};

export const messageDecoder = (): Decoder<undefined> => new Decoder(options);

const malformed = (what: string): never => {
  throw new Fault('invalid', `No message of the forward protocol: ${what}`, { code: 'fluent.malformed' });
};

/** Reads a decoded message: one event, a list, or packed entries, plain or gzip. Throws `invalid` for anything else. */
export function readMessage(message: unknown, projectId: string, now: number): Forwarded {
  if (!Array.isArray(message) || typeof message[0] !== 'string')
    return malformed('it is no list that begins with a tag');
  const [tag, second] = message as [string, ...unknown[]];
  const packed = typeof second === 'string' || second instanceof Uint8Array;
  const isList = Array.isArray(second) && !isEntryHead(second);
  const option = objectOf(message[packed || isList ? 2 : 3]);
  const chunk = typeof option?.chunk === 'string' ? option.chunk : undefined;
  const read: Forwarded = { records: [], refused: 0, chunk };
  const entries = packed ? unpacked(second, option?.compressed) : isList ? second : [[second, message[2]]];
  for (const entry of entries) {
    const [at, fields] = Array.isArray(entry) ? (entry as unknown[]) : [];
    const time = timeOf(at);
    if (time === undefined || objectOf(fields) === undefined || read.records.length >= limits.entries)
      read.refused += 1;
    else read.records.push(recordOf(tag, time || now, fields, projectId));
  }
  return read;
}

/** A time with metadata, as Fluent Bit 2 writes it, stands where others have the time alone. */
const isEntryHead = (value: unknown[]): boolean =>
  value.length === 2 && timeOf(value[0]) !== undefined && objectOf(value[1]) !== undefined && !Array.isArray(value[0]);

function timeOf(value: unknown): number | undefined {
  if (value instanceof EventTime) return value.ms;
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  return Array.isArray(value) && !Array.isArray(value[0]) ? timeOf(value[0]) : undefined;
}

function unpacked(value: string | Uint8Array, compressed: unknown): unknown[] {
  let bytes: Uint8Array = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  try {
    if (compressed === 'gzip') bytes = gunzipSync(bytes, { maxOutputLength: limits.unpackedBytes });
    const entries: unknown[] = [];
    for (const entry of decodeMulti(bytes, options)) {
      if (entries.length >= limits.entries) break;
      entries.push(entry);
    }
    return entries;
  } catch (error) {
    return malformed(`its packed entries cannot be read (${(error as Error).message})`);
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function recordOf(tag: string, timestamp: number, fields: unknown, projectId: string): IntakeRecord {
  const { message, level, traceId, spanId, attributes } = shapeFields(fields, JSON.stringify(fields));
  const container =
    textOf(attributes['kubernetes.container_name']) ?? textOf(attributes.container_name)?.replace(/^\//, '');
  const service =
    textOf(attributes.service) ??
    textOf(attributes['service.name']) ??
    textOf(attributes['kubernetes.labels.app.kubernetes.io/name']) ??
    textOf(attributes['kubernetes.labels.app']) ??
    container ??
    tag;
  const host = textOf(attributes.host) ?? textOf(attributes.hostname) ?? textOf(attributes['kubernetes.host']);
  return {
    type: 'Log',
    timestamp,
    projectId,
    attributes: { ...attributes, tag, message: message.replace(/\n$/, ''), level, traceId, spanId, service, host },
  };
}
