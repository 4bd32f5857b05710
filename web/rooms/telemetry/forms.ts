import type { Part } from '../../kit/bars.tsx';
import { cellText, isBillboard, isHistogram, type ShownAnswer } from './cells.ts';

/** How an answer can be shown. */
export type Form =
  | 'line'
  | 'area'
  | 'stacked'
  | 'columns'
  | 'table'
  | 'billboard'
  | 'bullet'
  | 'bars'
  | 'pie'
  | 'histogram'
  | 'heatmap'
  | 'json';

export const formNames: Record<Form, string> = {
  line: 'Line',
  area: 'Area',
  stacked: 'Stacked',
  columns: 'Columns',
  table: 'Table',
  billboard: 'Numbers',
  bullet: 'Bullets',
  bars: 'Bars',
  pie: 'Pie',
  histogram: 'Histogram',
  heatmap: 'Heat map',
  json: 'JSON',
};

/** The forms that suit an answer, the best first. */
export function formsOf(answer: ShownAnswer): Form[] {
  if (answer.shape === 'timeseries') return ['line', 'area', 'stacked', 'columns', 'json'];
  const hasHistogram = answer.rows.some((row) => row.some((cell) => isHistogram(cell)));
  if (hasHistogram) return ['histogram', ...(answer.rows.length > 1 ? (['heatmap'] as const) : []), 'table', 'json'];
  if (isBillboard(answer)) return ['billboard', 'table', 'json'];
  if (answer.facets.length > 0 && partsOf(answer).length > 0) return ['table', 'bars', 'pie', 'json'];
  return ['table', 'json'];
}

/** The first number of each group, for bars and pies; a single row's numbers where there are no groups. */
export function partsOf(answer: ShownAnswer): Part[] {
  const facets = answer.facets.length;
  const first = answer.columns[facets];
  if (answer.shape === 'timeseries') {
    return answer.series
      .filter((one) => !one.compare)
      .map((one) => {
        const value = one.points.reduce<number>((sum, point) => sum + (point ?? 0), 0);
        return { label: one.label, value, text: first ? cellText(value, first) : String(value) };
      });
  }
  if (facets === 0) {
    return answer.columns.flatMap((column, index) => {
      const value = answer.rows[0]?.[index];
      return typeof value === 'number' ? [{ label: column.label, value, text: cellText(value, column) }] : [];
    });
  }
  return answer.rows.flatMap((row) => {
    const value = row[facets];
    if (typeof value !== 'number' || !first) return [];
    return [{ label: row.slice(0, facets).map(String).join(', '), value, text: cellText(value, first) }];
  });
}
