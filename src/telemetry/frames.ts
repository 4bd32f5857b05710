import { limits } from './limits.ts';
import { type KnownPoints, knownPoints, PointsBlock } from './points.ts';
import type { IntakeRecord, PointFigures } from './port.ts';
import {
  type AttributeType,
  bucketColumns,
  frameColumns,
  type TableName,
  tableNames,
  tableOf,
  tables,
} from './tables.ts';

/**
 * One frame of the spool: for each table that has rows in it, a byte of table number, four bytes of row count, four of length
 * (little-endian), then the rows in ClickHouse's RowBinary, or points of known series as a block of its Native format (`points.ts`); before them, in the same form, sections that hold no rows. Records are encoded once, before they are acknowledged; what drains the
 * spool only joins bytes.
 */
const frameHeaderBytes = 9;

/** Rows of one table within a batch. */
export interface TableRows {
  table: TableName | 'points';
  rows: number;
  parts: Buffer[];
}

/** Joins the frames of a batch by table. Throws on a frame that was not written by {@link FrameEncoder}. */
export function splitFrames(frames: readonly Buffer[]): TableRows[] {
  const byTable = new Map<TableRows['table'], TableRows>();
  for (const frame of frames) {
    let at = 0;
    while (at < frame.length) {
      if (frame[at]! >= keySection) {
        at += frameHeaderBytes + frame.readUInt32LE(at + 5);
        continue;
      }
      const table = frame[at] === pointsSection ? 'points' : tableNames[frame[at]!];
      const rows = frame.readUInt32LE(at + 1);
      const length = frame.readUInt32LE(at + 5);
      const end = at + frameHeaderBytes + length;
      if (!table || end > frame.length) throw new Error('a telemetry frame in the spool is damaged');
      const known = byTable.get(table) ?? { table, rows: 0, parts: [] };
      known.rows += rows;
      known.parts.push(frame.subarray(at + frameHeaderBytes, end));
      byTable.set(table, known);
      at = end;
    }
  }
  return [...byTable.values()];
}

/** Columns of a record in the order rows are written; the columns of its table, but for `telemetry_samples`. */
export function columnsOf(table: TableName): string[] {
  return [
    ...frameColumns.map(([name]) => name),
    ...tables[table].promoted.map(({ name }) => name),
    ...(table === 'telemetry_samples' ? bucketColumns.map(([name]) => name) : []),
    'strings',
    'numbers',
    'booleans',
  ];
}

/** A growing buffer that values are appended to in RowBinary. */
class RowWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #at = 0;

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }

  byte(value: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  varint(value: number): void {
    this.#room(5);
    let rest = value;
    while (rest > 127) {
      this.#buffer[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#buffer[this.#at++] = rest;
  }

  /** A whole number below 2^53 as 64 bits. */
  whole(value: number): void {
    this.#room(8);
    this.#buffer.writeUInt32LE(value % 0x1_0000_0000, this.#at);
    this.#buffer.writeUInt32LE(Math.floor(value / 0x1_0000_0000), this.#at + 4);
    this.#at += 8;
  }

  float(value: number): void {
    this.#room(8);
    this.#buffer.writeDoubleLE(value, this.#at);
    this.#at += 8;
  }

  /** A number that may be absent; one that is not finite is. */
  optional(value: number | undefined): void {
    const absent = value === undefined || !Number.isFinite(value);
    this.byte(absent ? 1 : 0);
    if (!absent) this.float(value);
  }

  text(value: string): void {
    const most = value.length * 3;
    this.#room(most + 5);
    if (most < 128) {
      // Short texts, nearly all: the length fits one byte, so the text can be written before its length is known.
      const written = this.#buffer.write(value, this.#at + 1, 'utf8');
      this.#buffer[this.#at] = written;
      this.#at += 1 + written;
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.varint(bytes);
    this.#room(bytes);
    this.#buffer.write(value, this.#at, 'utf8');
    this.#at += bytes;
  }

  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#at));
  }
}

/** What came in, for the catalogue of attributes and for completion. */
export interface Seen {
  /** Notes an event type; false when the project has too many. */
  eventType(projectId: string, eventType: string): boolean;
  /** Notes an attribute; false when the event type has too many. */
  attribute(projectId: string, eventType: string, name: string, type: AttributeType): boolean;
  metric(projectId: string, name: string): void;
  /** What was noted for the first time since this was asked last. It travels in the frame, so that a crash cannot part the two. */
  takeNews(): News[];
}

export interface News {
  projectId: string;
  eventType: string;
  /** Empty for the event type itself. */
  name: string;
  type: AttributeType | 'metric' | 'event';
}

/** Marks the section of a frame that holds {@link News} as JSON. */
const newsSection = 255;
/** Marks the section that holds the key under which the frame is written once. Sections of rows have lower numbers. */
const keySection = 254;

/** Marks a section of points of known series, which go into the table of points under a statement of their own. */
const pointsSection = 200;

/** Text of a section that holds no rows; those stand at the front of a frame. */
function textOf(frame: Buffer, kind: number): string | undefined {
  for (let at = 0; at < frame.length && frame[at]! >= keySection; ) {
    const from = at + frameHeaderBytes;
    const end = from + frame.readUInt32LE(at + 5);
    if (frame[at] === kind) return frame.toString('utf8', from, end);
    at = end;
  }
  return undefined;
}

/** The key under which a frame is written once; undefined for one that has none. */
export const keyOf = (frame: Buffer): string | undefined => textOf(frame, keySection);

/** The news of a batch. */
export function newsOf(frames: readonly Buffer[]): News[] {
  return frames.flatMap((frame) => {
    const text = textOf(frame, newsSection);
    return text === undefined ? [] : (JSON.parse(text) as News[]);
  });
}

function section(kind: number, rows: number, content: Buffer): Buffer[] {
  const header = Buffer.allocUnsafe(frameHeaderBytes);
  header[0] = kind;
  header.writeUInt32LE(rows, 1);
  header.writeUInt32LE(content.length, 5);
  return [header, content];
}

/** A promoted column's slot by attribute name, for one table. */
const slots = Object.fromEntries(
  tableNames.map((table) => [
    table,
    new Map(tables[table].promoted.map(({ name, type }, index) => [name, { index, type }])),
  ]),
) as Record<TableName, Map<string, { index: number; type: AttributeType }>>;

/** The least order of arrival of what comes in at a time (Unix ms). */
export const sequenceAt = (ms: number): number => Math.max(0, Math.floor(ms)) * 4096;

/** When what has this order of arrival came in, Unix ms. */
export const arrivalOf = (sequence: number): number => Math.floor(sequence / 4096);

/** Encodes records into frames and numbers them by arrival. */
export class FrameEncoder {
  readonly #seen: Seen;
  #seq = 0;
  /** By the attributes that stand for a series. */
  readonly #series = new WeakMap<object, KnownPoints | null>();

  constructor(seen: Seen) {
    this.#seen = seen;
  }

  /** A number that grows with time and with every record, across restarts too (4,096 a millisecond, then it runs ahead). */
  nextSeq(nowMs: number): number {
    this.#seq = Math.max(this.#seq + 1, sequenceAt(nowMs));
    return this.#seq;
  }

  /**
   * One frame with all records. Attributes beyond the limits of `limits.ts` are cut or left out; `refused` learns of each.
   * `numbered` learns the sequence number each record got; `once` is the key under which the frame is written once.
   */
  encode(
    records: readonly IntakeRecord[],
    nowMs: number,
    refused: (record: IntakeRecord, reason: string) => void,
    numbered?: (record: IntakeRecord, seq: number) => void,
    once?: string,
  ): { buffer: Buffer; news: News[] } {
    const writers = new Map<TableName, { writer: RowWriter; rows: number }>();
    let points: PointsBlock | undefined;
    for (const record of records) {
      if (!this.#seen.eventType(record.projectId ?? '', record.type)) {
        refused(record, 'too many different event types');
        continue;
      }
      const table = tableOf(record.type);
      const known = record.point && !record.buckets && table === 'telemetry_samples' ? this.#seriesOf(record) : null;
      if (known) {
        points ??= new PointsBlock(records.length);
        points.add(known, micros(record.timestamp), record.point!);
        numbered?.(record, this.nextSeq(nowMs));
        continue;
      }
      let open = writers.get(table);
      if (!open) {
        open = { writer: new RowWriter(), rows: 0 };
        writers.set(table, open);
      }
      const seq = this.nextSeq(nowMs);
      this.#row(table, open.writer, record, seq, refused);
      numbered?.(record, seq);
      open.rows += 1;
    }
    const parts: Buffer[] = [];
    if (once !== undefined) parts.push(...section(keySection, 0, Buffer.from(once)));
    const news = this.#seen.takeNews();
    if (news.length > 0) parts.push(...section(newsSection, news.length, Buffer.from(JSON.stringify(news))));
    for (const [table, { writer, rows }] of writers) {
      parts.push(...section(tableNames.indexOf(table), rows, writer.take()));
    }
    if (points) parts.push(...section(pointsSection, points.rows, points.take()));
    return { buffer: Buffer.concat(parts), news };
  }

  /** What a point's series has in common, found out once; null for one whose points are written as other records are. */
  #seriesOf(record: IntakeRecord): KnownPoints | null {
    const { attributes, type, projectId } = record;
    const before = this.#series.get(attributes);
    if (before === null || (before && before.projectId === projectId)) return before;
    const series = knownPoints(record, (name) => this.#seen.attribute(projectId ?? '', type, name, 'string'));
    if (series && typeof attributes.metricName === 'string') this.#seen.metric(projectId ?? '', attributes.metricName);
    this.#series.set(attributes, series);
    return series;
  }

  #row(
    table: TableName,
    writer: RowWriter,
    record: IntakeRecord,
    seq: number,
    refused: (record: IntakeRecord, reason: string) => void,
  ): void {
    const projectId = record.projectId ?? '';
    const own = slots[table];
    const promoted: (string | number | boolean | undefined)[] = new Array(own.size).fill(undefined);
    const strings: string[] = [];
    const numbers: (string | number)[] = [];
    const booleans: (string | boolean)[] = [];
    let count = 0;
    for (const name in record.attributes) {
      let value = record.attributes[name];
      if (value === undefined || value === null) continue;
      const kind = typeof value;
      if (kind === 'number' && !Number.isFinite(value)) continue;
      if (kind === 'string') {
        const most = name === 'message' ? limits.messageCharacters : limits.valueCharacters;
        if ((value as string).length > most) value = (value as string).slice(0, most);
      }
      const slot = own.get(name);
      if (slot && slot.type === kind) {
        promoted[slot.index] = value;
        continue;
      }
      count += 1;
      if (count > limits.attributesPerRecord) {
        refused(record, 'too many attributes on one record');
        break;
      }
      if (!this.#seen.attribute(projectId, record.type, name, kind as AttributeType)) {
        refused(record, 'too many different attribute names');
        continue;
      }
      if (kind === 'string') strings.push(name, value as string);
      else if (kind === 'number') numbers.push(name, value as number);
      else if (kind === 'boolean') booleans.push(name, value as boolean);
    }
    writer.text(projectId);
    writer.text(record.type);
    writer.whole(micros(record.timestamp));
    writer.whole(seq);
    for (const [name, { index, type }] of own) {
      const value = promoted[index];
      if (type === 'string') writer.text((value as string | undefined) ?? '');
      else if (type === 'number') writer.optional((record.point?.[name as keyof PointFigures] ?? value) as number);
      else if (value === undefined) writer.byte(1);
      else {
        writer.byte(0);
        writer.byte(value ? 1 : 0);
      }
    }
    if (table === 'telemetry_samples') {
      const metric = promoted[own.get('metricName')!.index];
      if (typeof metric === 'string') this.#seen.metric(projectId, metric);
      for (const list of [record.buckets?.bounds ?? [], record.buckets?.counts ?? []]) {
        writer.varint(list.length);
        for (const value of list) writer.float(value);
      }
    }
    writer.varint(strings.length / 2);
    for (const text of strings) writer.text(text);
    writer.varint(numbers.length / 2);
    for (let at = 0; at < numbers.length; at += 2) {
      writer.text(numbers[at] as string);
      writer.float(numbers[at + 1] as number);
    }
    writer.varint(booleans.length / 2);
    for (let at = 0; at < booleans.length; at += 2) {
      writer.text(booleans[at] as string);
      writer.byte(booleans[at + 1] ? 1 : 0);
    }
  }
}

/** Unix milliseconds to microseconds within what DateTime64(6) holds; times before 1970 and absurd ones are brought to its ends. */
function micros(ms: number): number {
  const value = Math.round(ms * 1000);
  return Number.isFinite(value) ? Math.min(Math.max(value, 0), 9_000_000_000_000_000) : 0;
}
