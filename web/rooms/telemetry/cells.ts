import type { HistogramCell, QueryAnswer, QueryCell, QueryColumn } from '../../../src/telemetry/api.ts';
import { amountText, numberText } from '../../kit/figures.ts';
import { absoluteTime } from '../../kit/moments.ts';

/** A column as it is shown; its unit may be one that only a dashboard names. */
export type ShownColumn = Omit<QueryColumn, 'unit'> & { unit: string | null };
export type ShownAnswer = Omit<QueryAnswer, 'columns'> & { columns: ShownColumn[] };

export function isHistogram(cell: QueryCell): cell is HistogramCell {
  return typeof cell === 'object' && cell !== null && 'counts' in cell && Array.isArray(cell.counts);
}

/** A cell as people read it, with its unit. */
export function cellText(cell: QueryCell, column: Pick<ShownColumn, 'kind' | 'unit'>): string {
  if (cell === null) return '–';
  if (Array.isArray(cell)) return cell.map((one) => cellText(one, column)).join(', ');
  if (isHistogram(cell)) return `${numberText(cell.counts.reduce((sum, count) => sum + count, 0))} values`;
  if (typeof cell === 'object') return JSON.stringify(cell);
  if (typeof cell === 'number') {
    if (column.kind === 'time') return absoluteTime(cell);
    return amountText(cell, column.unit);
  }
  return String(cell);
}

/** Whether the answer is a handful of single numbers, best read large. */
export function isBillboard(answer: ShownAnswer): boolean {
  return (
    answer.shape === 'table' &&
    answer.facets.length === 0 &&
    answer.rows.length === 1 &&
    answer.columns.length <= 6 &&
    answer.columns.every((column) => column.kind === 'number')
  );
}

const quote = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const line = (cells: string[]): string => `${cells.map(quote).join(',')}\r\n`;
const plain = (cell: unknown): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);

/** Rows under their names as comma-separated values (RFC 4180). */
export function rowsToCsv(names: string[], rows: unknown[][]): string {
  return line(names) + rows.map((row) => line(row.map(plain))).join('');
}

/** The answer as comma-separated values (RFC 4180). */
export function toCsv(answer: QueryAnswer): string {
  if (answer.shape === 'timeseries' && answer.buckets) {
    const head = line(['time', ...answer.series.map((one) => one.label)]);
    const rows = answer.buckets.begins.map((begin, index) =>
      line([new Date(begin).toISOString(), ...answer.series.map((one) => String(one.points[index] ?? ''))]),
    );
    return head + rows.join('');
  }
  return rowsToCsv(
    answer.columns.map((column) => column.label),
    answer.rows,
  );
}
