import { Fault } from '../../kernel/faults.ts';

/** Nesting of messages. */
const mostDepth = 24;

/** How a field is written on the wire (https://protobuf.dev/programming-guides/encoding); `raw` gives bytes as a text of one character each. */
type Scalar =
  | 'string'
  | 'bytes'
  | 'hex'
  | 'raw'
  | 'bool'
  | 'uint'
  | 'int'
  | 'sint'
  | 'double'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64';

export interface Field {
  name: string;
  type: Scalar | MessageType;
  repeated?: boolean;
}

/** A message: its fields by number. A function, so that messages may contain themselves. */
export type MessageType = () => Readonly<Record<number, Field>>;

const malformed = (what: string): never => {
  throw new Fault('invalid', `malformed protobuf: ${what}`, { code: 'protobuf.malformed' });
};

/** A place in a buffer of protobuf. */
class Reader {
  readonly buffer: Buffer;
  at: number;
  end: number;

  constructor(buffer: Buffer) {
    this.buffer = buffer;
    this.at = 0;
    this.end = buffer.length;
  }

  /** A varint as a number; exact up to 2^53, beyond that the nearest double. Negative when all 64 bits say so. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) malformed('a number is cut off');
      const byte = this.buffer[this.at++]!;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte >= 128) continue;
      if (high >= 0) return (low >>> 0) + high * 0x1_0000_0000;
      return Number(BigInt.asIntN(64, (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)));
    }
    return malformed('a number is too long');
  }

  skip(bytes: number): number {
    const from = this.at;
    if (bytes < 0 || from + bytes > this.end) malformed('a field is cut off');
    this.at = from + bytes;
    return from;
  }
}

const wireTypes: Record<Scalar, number> = {
  string: 2,
  bytes: 2,
  hex: 2,
  raw: 2,
  bool: 0,
  uint: 0,
  int: 0,
  sint: 0,
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
};

function scalar(reader: Reader, type: Scalar): unknown {
  const { buffer } = reader;
  switch (type) {
    case 'string':
    case 'bytes':
    case 'hex':
    case 'raw': {
      const length = reader.varint();
      const from = reader.skip(length);
      if (type === 'raw') return buffer.toString('latin1', from, from + length);
      if (type === 'string') return buffer.toString('utf8', from, from + length);
      return type === 'hex'
        ? buffer.toString('hex', from, from + length)
        : buffer.toString('base64', from, from + length);
    }
    case 'bool':
      return reader.varint() !== 0;
    case 'uint':
    case 'int':
      return reader.varint();
    case 'sint': {
      const value = reader.varint();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    case 'double':
      return buffer.readDoubleLE(reader.skip(8));
    case 'fixed64':
      return buffer.readBigUInt64LE(reader.skip(8));
    case 'sfixed64':
      return Number(buffer.readBigInt64LE(reader.skip(8)));
    case 'fixed32':
      return buffer.readUInt32LE(reader.skip(4));
  }
}

function skipUnknown(reader: Reader, wireType: number): void {
  if (wireType === 0) reader.varint();
  else if (wireType === 1) reader.skip(8);
  else if (wireType === 2) reader.skip(reader.varint());
  else if (wireType === 5) reader.skip(4);
  else malformed(`wire type ${wireType}`);
}

/**
 * Decodes a message into a plain object with the names of protobuf's JSON form; absent fields are absent, unknown ones skipped.
 * Throws an `invalid` Fault on bytes that are no such message, or that nest deeper than the limit.
 */
export function decodeMessage(buffer: Buffer, type: MessageType): Record<string, unknown> {
  return message(new Reader(buffer), type, 0);
}

function message(reader: Reader, type: MessageType, depth: number): Record<string, unknown> {
  if (depth > mostDepth) malformed('nested too deeply');
  const fields = type();
  const result: Record<string, unknown> = {};
  while (reader.at < reader.end) {
    const tag = reader.varint();
    const wireType = tag % 8;
    const number = Math.floor(tag / 8);
    const field = fields[number];
    if (number === 0) malformed('field number 0');
    if (!field) {
      skipUnknown(reader, wireType);
      continue;
    }
    if (typeof field.type === 'function') {
      if (wireType !== 2) malformed(`field ${field.name}`);
      const value = within(reader, () => message(reader, field.type as MessageType, depth + 1));
      if (field.repeated) push(result, field.name, value);
      else result[field.name] = value;
      continue;
    }
    const wanted = wireTypes[field.type];
    if (wireType === wanted) {
      const value = scalar(reader, field.type);
      if (field.repeated) push(result, field.name, value);
      else result[field.name] = value;
    } else if (wireType === 2 && field.repeated) {
      const { type: packed, name } = field;
      within(reader, () => {
        while (reader.at < reader.end) push(result, name, scalar(reader, packed));
      });
    } else malformed(`field ${field.name}`);
  }
  return result;
}

function within<Result>(reader: Reader, work: () => Result): Result {
  const length = reader.varint();
  const from = reader.skip(length);
  const { end } = reader;
  reader.at = from;
  reader.end = from + length;
  const result = work();
  reader.at = reader.end;
  reader.end = end;
  return result;
}

function push(result: Record<string, unknown>, name: string, value: unknown): void {
  const list = result[name] as unknown[] | undefined;
  if (list) list.push(value);
  else result[name] = [value];
}

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** A field that holds a whole number. */
export function encodeNumber(field: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([...varintBytes(field * 8), ...varintBytes(value)]);
}

/** A field that holds a text or a message. */
export function encodeBytes(field: number, value: string | Buffer): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([Buffer.from([...varintBytes(field * 8 + 2), ...varintBytes(content.length)]), content]);
}
