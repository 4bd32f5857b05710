import { listOf, objectOf } from '../lenient.ts';

/** Where a place of a script comes from. Lines and columns from 0. */
export interface OriginalPlace {
  source: string;
  line: number;
  column: number;
  /** What stands there under another name in the script; for a call: what is called. */
  name: string | null;
}

/** A source map (ECMA-426) opened for look-ups. */
export interface SourceMap {
  placeOf(line: number, column: number): OriginalPlace | null;
  /** The text of a source by lines; null when the map does not carry it. */
  linesOf(source: string): string[] | null;
}

/** Five numbers for each segment: column, source, line, column, name (-1 for none). */
const width = 5;

/** Opens a map; null for what is none. */
export function openSourceMap(text: string): SourceMap | null {
  let parsed: unknown;
  try {
    // A line in front keeps some maps from being run as scripts.
    parsed = JSON.parse(text.startsWith(')]}') ? text.slice(text.indexOf('\n') + 1) : text);
  } catch {
    return null;
  }
  const map = objectOf(parsed);
  if (!map) return null;
  if (Array.isArray(map.sections)) return openSections(map.sections);
  if (typeof map.mappings !== 'string') return null;
  const lines = decode(map.mappings);
  if (!lines) return null;
  const root =
    typeof map.sourceRoot === 'string' && map.sourceRoot !== '' ? `${map.sourceRoot.replace(/\/$/, '')}/` : '';
  const sources = listOf(map.sources).map((source) => (typeof source === 'string' ? `${root}${source}` : null));
  const names = listOf(map.names);
  const contents = listOf(map.sourcesContent);
  const split = new Map<string, string[]>();
  return {
    placeOf(line, column) {
      const segments = lines[line];
      const at = segments ? lastAtOrBefore(segments, column) : -1;
      if (!segments || at < 0) return null;
      const source = sources[segments[at + 1] ?? -1];
      if (typeof source !== 'string') return null;
      const name = names[segments[at + 4] ?? -1];
      return {
        source,
        line: segments[at + 2] ?? 0,
        column: segments[at + 3] ?? 0,
        name: typeof name === 'string' ? name : null,
      };
    },
    linesOf(source) {
      const known = split.get(source);
      if (known) return known;
      const content = contents[sources.indexOf(source)];
      if (typeof content !== 'string') return null;
      const own = content.split(/\r\n|\n|\r/);
      split.set(source, own);
      return own;
    },
  };
}

/** A map made of maps, each for the script from some place on. */
function openSections(values: unknown[]): SourceMap | null {
  const sections = values.flatMap((value) => {
    const section = objectOf(value);
    const offset = objectOf(section?.offset);
    const map = section?.map === undefined ? null : openSourceMap(JSON.stringify(section.map));
    if (!map || typeof offset?.line !== 'number' || typeof offset.column !== 'number') return [];
    return [{ line: offset.line, column: offset.column, map }];
  });
  if (sections.length === 0) return null;
  return {
    placeOf(line, column) {
      const section = sections.findLast((one) => one.line < line || (one.line === line && one.column <= column));
      if (!section) return null;
      return section.map.placeOf(line - section.line, line === section.line ? column - section.column : column);
    },
    linesOf(source) {
      for (const { map } of sections) {
        const lines = map.linesOf(source);
        if (lines) return lines;
      }
      return null;
    },
  };
}

function lastAtOrBefore(segments: Int32Array, column: number): number {
  let [low, high] = [0, segments.length / width - 1];
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if ((segments[middle * width] ?? 0) <= column) {
      found = middle * width;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const valueOfCode = new Int8Array(128).fill(-1);
for (let index = 0; index < digits.length; index += 1) valueOfCode[digits.charCodeAt(index)] = index;

/** The segments of each line of the script, by column; null for text that is no mapping. */
function decode(mappings: string): Int32Array[] | null {
  const lines: Int32Array[] = [];
  let line: number[] = [];
  let sorted = true;
  // Source, line, column and name go on from segment to segment; the script's column begins anew in each line.
  const running = [0, 0, 0, 0, 0];
  let field = 0;
  let value = 0;
  let shift = 0;
  let column = -1;
  const endSegment = (): boolean => {
    if (field === 0) return true;
    if (field !== 1 && field !== 4 && field !== 5) return false;
    if ((running[0] ?? 0) < column) sorted = false;
    column = running[0] ?? 0;
    if (field === 1) line.push(column, -1, 0, 0, -1);
    else line.push(column, running[1] ?? 0, running[2] ?? 0, running[3] ?? 0, field === 5 ? (running[4] ?? 0) : -1);
    field = 0;
    return true;
  };
  const endLine = (): void => {
    lines.push(sorted ? Int32Array.from(line) : sortedSegments(line));
    line = [];
    sorted = true;
    column = -1;
    running[0] = 0;
  };
  for (let at = 0; at < mappings.length; at += 1) {
    const code = mappings.charCodeAt(at);
    if (code === 44 || code === 59) {
      if (shift !== 0 || !endSegment()) return null;
      if (code === 59) endLine();
      continue;
    }
    const digit = code < 128 ? (valueOfCode[code] ?? -1) : -1;
    if (digit < 0 || field >= width || shift > 30) return null;
    value += (digit & 31) * 2 ** shift;
    if (digit & 32) shift += 5;
    else {
      running[field] = (running[field] ?? 0) + (value & 1 ? -Math.floor(value / 2) : Math.floor(value / 2));
      field += 1;
      value = 0;
      shift = 0;
    }
  }
  if (shift !== 0 || !endSegment()) return null;
  endLine();
  return lines;
}

function sortedSegments(line: number[]): Int32Array {
  const order = Array.from({ length: line.length / width }, (_, index) => index);
  order.sort((a, b) => (line[a * width] ?? 0) - (line[b * width] ?? 0));
  return Int32Array.from(order.flatMap((index) => line.slice(index * width, index * width + width)));
}
