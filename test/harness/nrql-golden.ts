import type { QueryAnswer, QueryCell, QueryColumn } from '../../src/telemetry/api.ts';

type Attribute = string | number | boolean;

export interface GoldenRecord {
  type: string;
  timestamp: number;
  attributes: Record<string, Attribute>;
  buckets?: { bounds: number[]; counts: number[] } | undefined;
}

export interface GoldenCase {
  line: number;
  nrql: string;
  expected: string[];
}

export interface GoldenFile {
  now: number;
  /** Names of other files whose records belong to this one too. */
  uses: string[];
  records: GoldenRecord[];
  cases: GoldenCase[];
}

/**
 * Reads a file of golden results: `now <instant>`, `use <name>`, tables that begin with `data <type>`, and cases of `> query` lines
 * with the rows that must come out. An empty line ends each; `#` begins a remark.
 */
export function readGolden(text: string): GoldenFile {
  const file: GoldenFile = { now: 0, uses: [], records: [], cases: [] };
  const lines = text.split('\n').map((line) => line.trimEnd());
  const block = (from: number): string[] => {
    const end = lines.findIndex((line, index) => index >= from && line === '');
    return lines.slice(from, end < 0 ? undefined : end).filter((line) => !line.startsWith('#'));
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    const [word, rest = ''] = line.split(/ (.*)/);
    if (line === '' || line.startsWith('#')) continue;
    if (word === 'now') file.now = Date.parse(rest);
    else if (word === 'use') file.uses.push(rest);
    else {
      const body = block(at);
      if (word === 'data') file.records.push(...readTable(rest, body.slice(1), file.now));
      else {
        const query = body.filter((one) => one.startsWith('> '));
        if (query.length === 0) throw new Error(`line ${at + 1} is neither data nor a case: ${line}`);
        file.cases.push({
          line: at + 1,
          nrql: query.map((one) => one.slice(2)).join('\n'),
          expected: body.slice(query.length),
        });
      }
      at = lines.indexOf('', at) < 0 ? lines.length : lines.indexOf('', at);
    }
  }
  return file;
}

/** Rows of `time | value | value`, under a row of names; a time without a date is on the day of `now`. `-` is no value. */
function readTable(type: string, rows: string[], now: number): GoldenRecord[] {
  const cells = (row: string) => row.split('|').map((cell) => cell.trim());
  const names = cells(rows[0] ?? '').slice(1);
  return rows.slice(1).map((row) => {
    const [at = '', ...values] = cells(row);
    const attributes: Record<string, Attribute> = {};
    let buckets: GoldenRecord['buckets'];
    names.forEach((name, index) => {
      const value = values[index] ?? '-';
      if (value === '-') return;
      if (name === 'buckets') buckets = JSON.parse(value) as GoldenRecord['buckets'];
      else attributes[name] = readValue(value);
    });
    const day = new Date(now).toISOString().slice(0, 10);
    const timestamp = Date.parse(at.includes('T') ? at : `${day}T${at}Z`);
    if (Number.isNaN(timestamp)) throw new Error(`"${at}" is no time`);
    return { type, timestamp, attributes, buckets };
  });
}

function readValue(text: string): Attribute {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** An answer in the words of the files: a line a row, or a line a series. */
export function writeAnswer(answer: QueryAnswer): string[] {
  if (answer.shape === 'timeseries') {
    return answer.series.map(
      ({ label, compare, points }) =>
        `${compare ? 'was ' : ''}${label}: ${points.map((point) => numberOrGap(point)).join(' ')}`,
    );
  }
  const row = (cells: QueryCell[]) => cells.map((cell, index) => writeCell(cell, answer.columns[index]!)).join(' | ');
  return answer.rows.flatMap((cells, index) => {
    const before = answer.compareRows?.[index];
    return [row(cells), ...(answer.compareRows ? [`was ${before ? row(before) : 'nothing'}`] : [])];
  });
}

const numberOrGap = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(6))));

function writeCell(cell: QueryCell, column: QueryColumn): string {
  if (cell === null) return '-';
  if (typeof cell === 'number') return column.kind === 'time' ? new Date(cell).toISOString() : numberOrGap(cell);
  if (Array.isArray(cell)) return `[${cell.join(', ')}]`;
  if (typeof cell === 'object')
    return 'counts' in cell && Array.isArray(cell.counts) ? `[${cell.counts.join(' ')}]` : JSON.stringify(cell);
  return String(cell);
}

/** Whether a line is what was expected; `2.5..3` stands for a number between the two, for what is estimated. */
export function sameLine(found: string, expected: string): boolean {
  if (found === expected) return true;
  const [a, b] = [found, expected].map((line) => line.split(/( \| |: | )/));
  return (
    a!.length === b!.length &&
    a!.every((part, index) => {
      const range = /^(-?[\d.]+?)\.\.(-?[\d.]+)$/.exec(b![index]!);
      return part === b![index] || (range && Number(part) >= Number(range[1]) && Number(part) <= Number(range[2]));
    })
  );
}
