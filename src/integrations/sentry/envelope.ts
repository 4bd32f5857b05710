import { intakeLimits as limits } from './limits.ts';

export type Json = Record<string, unknown>;

export interface EnvelopeItem {
  /** Its header as it came; `type` is text. */
  header: Json & { type: string };
  /** A view into the envelope. */
  payload: Uint8Array;
}

export type ParsedEnvelope = { ok: true; header: Json; items: EnvelopeItem[] } | { ok: false; detail: string };

const lineFeed = 10;

/**
 * Takes an envelope apart: a line of JSON, then for each item a line of JSON and a payload. A payload is as long as its header says and
 * then ends the envelope or its line; without a length it runs to the end of its line. Never throws; payloads are views.
 */
export function parseEnvelope(bytes: Uint8Array): ParsedEnvelope {
  const first = readHeader(bytes, 0);
  if (typeof first === 'string') return { ok: false, detail: `envelope header: ${first}` };
  const items: EnvelopeItem[] = [];
  let position = first.next;
  while (position < bytes.length) {
    // Some clients leave empty lines between items or at the end.
    if (bytes[position] === lineFeed) {
      position += 1;
      continue;
    }
    if (items.length >= limits.items) return { ok: false, detail: `more than ${limits.items} items` };
    const header = readHeader(bytes, position);
    if (typeof header === 'string') return { ok: false, detail: `header of item ${items.length + 1}: ${header}` };
    const { type, length } = header.value;
    if (typeof type !== 'string') return { ok: false, detail: `item ${items.length + 1} has no type` };
    let end: number;
    if (length === undefined || length === null) {
      end = bytes.indexOf(lineFeed, header.next);
      if (end < 0) end = bytes.length;
    } else if (typeof length === 'number' && Number.isInteger(length) && length >= 0) {
      end = header.next + length;
      if (end > bytes.length) return { ok: false, detail: `item ${items.length + 1} is shorter than its length` };
      if (end < bytes.length && bytes[end] !== lineFeed) {
        return { ok: false, detail: `item ${items.length + 1} is longer than its length` };
      }
    } else {
      return { ok: false, detail: `item ${items.length + 1} has a length that is none` };
    }
    items.push({ header: { ...header.value, type }, payload: bytes.subarray(header.next, end) });
    position = end + 1;
  }
  return { ok: true, header: first.value, items };
}

/** A line of JSON holding an object, and where the next line begins; or what is wrong with it. */
function readHeader(bytes: Uint8Array, from: number): { value: Json; next: number } | string {
  const found = bytes.indexOf(lineFeed, from);
  const end = found < 0 ? bytes.length : found;
  if (end - from > limits.headerLineBytes) return 'the line is too long';
  const value = parseJson(bytes.subarray(from, end));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  return { value: value as Json, next: Math.min(end + 1, bytes.length) };
}

const decoder = new TextDecoder();

/** Parses JSON of bounded depth; undefined for anything else. */
export function parseJson(bytes: Uint8Array): unknown {
  if (isTooDeep(bytes)) return undefined;
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Whether JSON nests deeper than is read here. Looks at bytes only: `{` and `[` inside of texts count as well, but those close again as
 * often or belong to something no one needs to read.
 */
export function isTooDeep(bytes: Uint8Array): boolean {
  // Cheap for nearly everything: this many brackets in a row of bytes are needed before depth can matter.
  if (bytes.length < limits.jsonDepth) return false;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (inText) {
      if (byte === 92) index += 1;
      else if (byte === 34) inText = false;
    } else if (byte === 34) inText = true;
    else if (byte === 123 || byte === 91) {
      depth += 1;
      if (depth > limits.jsonDepth) return true;
    } else if (byte === 125 || byte === 93) depth -= 1;
  }
  return false;
}
