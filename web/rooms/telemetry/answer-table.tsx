import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { QueryCell } from '../../../src/telemetry/api.ts';
import { Empty } from '../../kit/empty.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { cellText, isHistogram, type ShownAnswer } from './cells.ts';
import styles from './explore.module.css';
import { HistogramBars } from './histogram-bars.tsx';

interface Row {
  cells: QueryCell[];
  key: number;
}

/** An answer as a table; numbers of groups carry bars, and traces are links. */
export function AnswerTable({
  answer,
  onAsk,
  begin,
}: {
  answer: ShownAnswer;
  onAsk?: ((nrql: string) => void) | undefined;
  /** The order it begins with, by a column's label: `-label` for falling. */
  begin?: string | undefined;
}) {
  const [sort, setSort] = useState(() => orderOf(answer, begin));
  const rows = useMemo(() => answer.rows.map((cells, key): Row => ({ cells, key })), [answer.rows]);
  const columns = useMemo(
    () =>
      answer.columns.map((column, index): Column<Row> => {
        const numbers = column.kind === 'number';
        const most =
          numbers && column.role === 'value' ? Math.max(0, ...rows.map((row) => Number(row.cells[index]))) : 0;
        return {
          id: column.key,
          title: column.label,
          numeric: numbers,
          grow: column.role === 'attribute' && column.label === 'message',
          sort: (row) => {
            const cell = row.cells[index];
            return typeof cell === 'number' || typeof cell === 'string' ? cell : null;
          },
          cell: (row) => {
            const cell = row.cells[index] ?? null;
            if (isHistogram(cell)) return <HistogramBars cell={cell} large={rows.length === 1} unit={column.unit} />;
            if (typeof cell === 'string' && cell !== '' && column.key === 'traceId') {
              return (
                <Link to="/explore" search={{ tab: 'traces', trace: cell }}>
                  <code>{cell.slice(0, 12)}</code>
                </Link>
              );
            }
            if (answer.shape === 'names' && index === 0 && onAsk) {
              const query = `SELECT * FROM ${String(cell)} LIMIT 100`;
              return (
                <a
                  href={`?q=${encodeURIComponent(query)}`}
                  onClick={(event) => {
                    event.preventDefault();
                    onAsk(query);
                  }}
                >
                  {String(cell)}
                </a>
              );
            }
            const text = cellText(cell, column);
            if (most <= 0 || typeof cell !== 'number' || answer.rows.length < 2) return text;
            return (
              <span className={styles.cellBar}>
                <span>
                  <i style={{ width: `${Math.max(0, (cell / most) * 100)}%` }} aria-hidden />
                </span>
                <span>{text}</span>
              </span>
            );
          },
        };
      }),
    [answer, rows, onAsk],
  );
  return (
    <Table
      plain
      label="Answer"
      columns={columns}
      rows={rows}
      rowKey={(row) => String(row.key)}
      sort={sort}
      onSort={setSort}
      empty={<NoRows />}
    />
  );
}

/** The order as the table takes it, by the key of a column. */
function orderOf(answer: ShownAnswer, begin: string | undefined): string | undefined {
  const falling = begin?.startsWith('-') ?? false;
  const label = falling ? begin?.slice(1) : begin;
  const column = answer.columns.find((one) => one.label === label);
  return column && `${falling ? '-' : ''}${column.key}`;
}

/** Said where an answer holds nothing. */
export function NoRows() {
  return (
    <Empty title="Nothing matched">
      Is the time range right? <code>SHOW EVENT TYPES</code> lists what was ever seen.
    </Empty>
  );
}
