import type { Client } from '../client/index.ts';
import { formatDuration } from '../kernel/durations.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

export type QueryAnswer = Awaited<ReturnType<Client['telemetry']['query']>>;
type Cell = QueryAnswer['rows'][number][number];
type Column = QueryAnswer['columns'][number];

const bars = '▁▂▃▄▅▆▇█';

/** An answer for a person: lines of bars over time for TIMESERIES, a table otherwise. */
export function queryReport(answer: QueryAnswer, terminal: Pick<Terminal, 'paint' | 'columns'>): string[] {
  const warnings = answer.warnings.map((warning) =>
    terminal.paint('yellow', `${warning.message}${warning.hint ? ` (${warning.hint})` : ''}`),
  );
  const body = answer.shape === 'timeseries' ? chart(answer, terminal) : rows(answer, terminal);
  const verdict = answer.comparison ? [comparison(answer.comparison, terminal)] : [];
  const { rowsRead, elapsedMs } = answer.cost;
  const cost = terminal.paint('grey', `${rowsRead.toLocaleString('en')} records read in ${formatDuration(elapsedMs)}`);
  return [...warnings, ...body, ...verdict, cost];
}

function rows(answer: QueryAnswer, terminal: Pick<Terminal, 'paint'>): string[] {
  if (answer.rows.length === 0) return ['No data'];
  const right = answer.columns.flatMap((column, index) => (column.kind === 'number' ? [index] : []));
  const head = answer.columns.map((column) => terminal.paint('bold', column.label));
  return table(
    answer.rows.map((row) => row.map((cell, index) => cellText(cell, answer.columns[index]))),
    { head, right },
  );
}

function cellText(cell: Cell | undefined, column: Column | undefined): string {
  if (cell === null || cell === undefined) return '-';
  if (column?.kind === 'time' && typeof cell === 'number')
    return new Date(cell).toISOString().replace('T', ' ').slice(0, 19);
  if (typeof cell === 'number') return `${number(cell)}${unitOf(column)}`;
  if (Array.isArray(cell)) return cell.map((one) => String(one ?? '-')).join(', ');
  if (typeof cell === 'object' && 'counts' in cell && Array.isArray(cell.counts))
    return spark(cell.counts as number[], 60);
  if (typeof cell === 'object') return JSON.stringify(cell);
  return String(cell);
}

const unitOf = (column: Column | undefined): string =>
  !column?.unit || column.unit === 'count' || column.unit === 'apdex' ? '' : ` ${column.unit}`;

function number(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? value.toFixed(1) : value.toPrecision(3);
}

function chart(answer: QueryAnswer, terminal: Pick<Terminal, 'paint' | 'columns'>): string[] {
  if (answer.series.length === 0) return ['No data'];
  const names = answer.series.map((series) => {
    const facet = series.facet.map((part) => String(part ?? '-')).join(', ');
    const name = [facet, answer.columns.length > 1 || facet === '' ? series.label : ''].filter(Boolean).join(' ');
    return `${name}${series.compare ? ' (before)' : ''}`;
  });
  const room = Math.max(20, terminal.columns - Math.max(...names.map((name) => name.length)) - 30);
  const lines = table(
    answer.series.map((series, index) => {
      const known = series.points.filter((point): point is number => point !== null);
      const low = known.length > 0 ? number(Math.min(...known)) : '-';
      const high = known.length > 0 ? number(Math.max(...known)) : '-';
      return [names[index]!, spark(series.points, room), terminal.paint('grey', `${low} to ${high}`)];
    }),
  );
  const { since, until } = answer.window;
  return [...lines, terminal.paint('grey', `${since} to ${until}`)];
}

/** A row of bars for values from 0 up; gaps stay blank. Wider rows are thinned by taking the highest of neighbours. */
export function spark(points: (number | null)[], room: number): string {
  const size = Math.ceil(points.length / Math.max(1, room));
  const shown: (number | null)[] = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size).filter((point): point is number => point !== null);
    shown.push(part.length > 0 ? Math.max(...part) : null);
  }
  const highest = Math.max(0, ...shown.filter((point): point is number => point !== null));
  return shown
    .map((point) => {
      if (point === null) return ' ';
      const step = highest === 0 ? 0 : Math.round((Math.max(0, point) / highest) * (bars.length - 1));
      return bars[step]!;
    })
    .join('');
}

function comparison(found: NonNullable<QueryAnswer['comparison']>, terminal: Pick<Terminal, 'paint'>): string {
  const { verdict, value, operator, threshold } = found;
  const colour = verdict === 'holds' ? 'green' : verdict === 'fails' ? 'red' : 'yellow';
  const measured = value === null ? 'there was no data' : `${number(value)} ${operator} ${number(threshold)}`;
  return `${terminal.paint(colour, verdict)}: ${measured}`;
}
