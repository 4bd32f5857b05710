import { createHash } from 'node:crypto';
import { labelText } from './labels.ts';
import { limits } from './limits.ts';
import type { IntakeRecord, PointFigures } from './port.ts';
import { bits, mostExact, places, pointColumns, relative, seriesText, seriesTextColumn } from './samples.ts';

/** A series whose points need nothing said of them but their time and values. */
export interface KnownPoints {
  projectId: string | null;
  /** The first eight bytes of a hash of its text: low and high half. */
  low: number;
  high: number;
  /** Its text, see `seriesText`, with its length before it. */
  text: Buffer;
  /** Its place in the block that is being written, if `block` is that one. */
  place: number;
  block: PointsBlock | undefined;
}

const plain = new Set<string>(seriesText);
/** Labels with a column that is not in the text of a series, and values of points. */
const apart = new Set(['traceId', 'spanId', ...Object.keys(bits)]);

/**
 * What the points of these attributes have in common; null when there is more to them than texts that can be kept whole, so that each point
 * is written as any record is. `seen` notes each label that has no column, and says whether there is room for it.
 */
export function knownPoints(
  { projectId, type, attributes }: IntakeRecord,
  seen: (name: string) => boolean,
): KnownPoints | null {
  const own: Record<string, string> = { projectId: projectId ?? '', type };
  const labels: string[] = [];
  for (const name in attributes) {
    const value = attributes[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string' || value.length > limits.valueCharacters || apart.has(name) || name in own)
      return null;
    // Half of a character would be one thing in the text and another in a column.
    if (/\p{Surrogate}/u.test(name) || /\p{Surrogate}/u.test(value)) return null;
    if (plain.has(name)) own[name] = value;
    else {
      if (labels.length >= limits.attributesPerRecord || !seen(name)) return null;
      labels.push(`"${labelText(name)}":"${labelText(value)}"`);
    }
  }
  const parts = seriesText.map((name) => `"${name}":"${labelText(own[name] ?? '')}"`);
  if (labels.length > 0) parts.push(`"labels":{${labels.join(',')}}`);
  const bytes = Buffer.from(`{${parts.join(',')}}`);
  const hash = createHash('sha256').update(bytes).digest();
  return {
    projectId,
    low: hash.readInt32LE(0),
    high: hash.readInt32LE(4),
    text: Buffer.concat([varint(bytes.length), bytes]),
    place: 0,
    block: undefined,
  };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

const text = (value: string): Buffer => Buffer.concat([varint(Buffer.byteLength(value)), Buffer.from(value)]);

const highOf = (whole: number): number => Math.floor(whole / 0x1_0000_0000);

/** Decimal places under which all these numbers are whole and come back as they were; -1 when there are none. */
function placesOf(total: number, min: number, max: number, latest: number): number {
  for (const count of places) {
    const scale = 10 ** count;
    if (
      fits(total, scale) &&
      (min === total || fits(min, scale)) &&
      (max === total || fits(max, scale)) &&
      (latest === total || fits(latest, scale))
    )
      return count;
  }
  return -1;
}

function fits(value: number, scale: number): boolean {
  return Math.abs(value) * scale < mostExact && Math.round(value * scale) / scale === value;
}

const isThere = (value: number | undefined): value is number => value !== undefined && Number.isFinite(value);

/** Sizes of the columns behind the text of the series, as they lie in a block: 32-bit words for each point. */
const wide = ['timestamp', 'series', 'countN', 'latestN', 'totalN', 'minN', 'maxN'] as const;
type Wide = (typeof wide)[number];

/**
 * Points of known series as they are kept (`samples.ts`), column by column in ClickHouse's Native format: one block. Blocks may follow one
 * another in one insert.
 */
export class PointsBlock {
  rows = 0;
  readonly #texts: Buffer[] = [];
  readonly #places: Uint32Array<ArrayBuffer>;
  readonly #wide: Record<Wide, Int32Array<ArrayBuffer>>;
  readonly #present: Uint8Array<ArrayBuffer>;
  readonly #scale: Int8Array<ArrayBuffer>;
  readonly #rawEnds: Uint32Array<ArrayBuffer>;
  readonly #raw: number[] = [];

  /** `most`: points it may hold. */
  constructor(most: number) {
    const words = (): Int32Array<ArrayBuffer> => new Int32Array(most * 2);
    this.#places = new Uint32Array(most);
    this.#present = new Uint8Array(most);
    this.#scale = new Int8Array(most);
    this.#rawEnds = new Uint32Array(most * 2);
    this.#wide = {
      timestamp: words(),
      series: words(),
      countN: words(),
      latestN: words(),
      totalN: words(),
      minN: words(),
      maxN: words(),
    };
  }

  /** Adds a point at a time (Unix microseconds, whole). */
  add(series: KnownPoints, micros: number, { count, total, min, max, latest }: PointFigures): void {
    const row = this.rows;
    this.rows += 1;
    if (series.block !== this) {
      series.block = this;
      series.place = this.#texts.length;
      this.#texts.push(series.text);
    }
    this.#places[row] = series.place;
    const columns = this.#wide;
    columns.series[row * 2] = series.low;
    columns.series[row * 2 + 1] = series.high;
    put(columns.timestamp, row, micros);

    const has = {
      count: isThere(count),
      total: isThere(total),
      min: isThere(min),
      max: isThere(max),
      latest: isThere(latest),
    };
    const [n, sum, least, most, last] = [
      has.count ? count! : 0,
      has.total ? total! : 0,
      has.min ? min! : 0,
      has.max ? max! : 0,
      has.latest ? latest! : 0,
    ];
    const same = has.total && has.latest && sum === last;
    this.#present[row] =
      (has.count ? 1 << bits.count : 0) |
      (has.total ? 1 << bits.total : 0) |
      (has.min ? 1 << bits.min : 0) |
      (has.max ? 1 << bits.max : 0) |
      (has.latest ? 1 << bits.latest : 0) |
      (same ? 1 << relative : 0);
    const whole = Math.round(n) === n && Math.abs(n) < mostExact;
    const decimals = whole ? placesOf(sum, least, most, last) : -1;
    this.#scale[row] = decimals;
    if (decimals < 0) this.#raw.push(n, sum, least, most, last);
    else {
      const scale = 10 ** decimals;
      const wholeTotal = Math.round(sum * scale);
      const wholeLatest = Math.round(last * scale);
      put(columns.countN, row, n);
      put(columns.latestN, row, wholeLatest);
      put(columns.totalN, row, same ? 0 : wholeTotal);
      if (has.min) put(columns.minN, row, Math.round(least * scale) - wholeTotal);
      if (has.max) put(columns.maxN, row, Math.round(most * scale) - wholeTotal);
    }
    this.#rawEnds[row * 2] = this.#raw.length;
  }

  /** The block's bytes. */
  take(): Buffer {
    const { rows } = this;
    const bytesOf = (column: Uint32Array | Int32Array | Uint8Array | Int8Array, each: number): Buffer =>
      Buffer.from(column.buffer as ArrayBuffer, 0, rows * each);
    const parts: Buffer[] = [varint(pointColumns.length + 1), varint(rows)];
    parts.push(...seriesTextColumn.map(text), this.#known());
    for (const [name, type] of pointColumns) {
      parts.push(text(name), text(type));
      if (name === 'present') parts.push(bytesOf(this.#present, 1));
      else if (name === 'scale') parts.push(bytesOf(this.#scale, 1));
      else if (name !== 'raw') parts.push(bytesOf(this.#wide[name], 8));
      else parts.push(bytesOf(this.#rawEnds, 8), Buffer.from(new Float64Array(this.#raw).buffer));
    }
    return Buffer.concat(parts);
  }

  /** The texts of the series, each once, and which of them a point has. */
  #known(): Buffer {
    const { rows } = this;
    const texts = Buffer.concat(this.#texts);
    const head = Buffer.alloc(24);
    head.writeUInt32LE(1, 0);
    // Numbers of 32 bits; the texts stand in the block itself.
    head.writeUInt32LE(2 | (1 << 9), 8);
    head.writeUInt32LE(this.#texts.length, 16);
    const count = Buffer.alloc(8);
    count.writeUInt32LE(rows, 0);
    return Buffer.concat([head, texts, count, Buffer.from(this.#places.buffer, 0, rows * 4)]);
  }
}

/** A whole number of at most 53 bits as 64. */
function put(column: Int32Array, row: number, whole: number): void {
  column[row * 2] = whole % 0x1_0000_0000;
  column[row * 2 + 1] = highOf(whole);
}
