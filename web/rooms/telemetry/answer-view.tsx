import { Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import type { QueryAnswer, QueryCell } from '../../../src/telemetry/api.ts';
import { Status } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Empty } from '../../kit/empty.tsx';
import { numberText, plural } from '../../kit/figures.ts';
import { rangeText } from '../../kit/moments.ts';
import { Section } from '../../kit/page.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { type Column, Table } from '../../kit/table.tsx';
import { Choice } from '../../kit/tabs.tsx';
import { cellText, isBillboard, isHistogram, toCsv } from './cells.ts';
import styles from './explore.module.css';
import { HistogramBars } from './histogram-bars.tsx';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

type Kind = 'line' | 'area' | 'bar';

/** An answer in the form that suits it. */
export function AnswerView({ answer, onAsk }: { answer: QueryAnswer; onAsk: (nrql: string) => void }) {
  const aside = (
    <>
      {answer.comparison && (
        <Status
          status={answer.comparison.verdict}
          word={`${answer.comparison.verdict} (${answer.comparison.value === null ? 'no data' : numberText(answer.comparison.value)} ${answer.comparison.operator} ${answer.comparison.threshold})`}
          boxed
        />
      )}
      <Button size="small" look="quiet" icon={<Download aria-hidden />} onClick={() => download(toCsv(answer))}>
        CSV
      </Button>
    </>
  );
  if (answer.shape === 'timeseries') return <Chart answer={answer} aside={aside} />;
  if (isBillboard(answer)) {
    return (
      <Section aside={aside} title={windowText(answer)}>
        <dl className={styles.billboards}>
          {answer.columns.map((column, index) => (
            <div key={column.key} className={styles.billboard}>
              <dt>{column.label}</dt>
              <dd>
                {cellText(answer.rows[0]?.[index] ?? null, column)}
                {answer.compareRows?.[0] && (
                  <div className={styles.before}>before: {cellText(answer.compareRows[0][index] ?? null, column)}</div>
                )}
              </dd>
            </div>
          ))}
        </dl>
      </Section>
    );
  }
  return <Rows answer={answer} aside={aside} onAsk={onAsk} />;
}

function windowText(answer: QueryAnswer): string {
  return rangeText(Date.parse(answer.window.since), Date.parse(answer.window.until));
}

function Chart({ answer, aside }: { answer: QueryAnswer; aside: React.ReactNode }) {
  const [kind, setKind] = useState<Kind>('line');
  const times = answer.buckets?.begins ?? [];
  const series = useMemo(
    () => answer.series.map((one) => ({ label: one.label, values: one.points, faded: one.compare })),
    [answer.series],
  );
  const unit = answer.columns.find((column) => column.role === 'value')?.unit ?? undefined;
  if (series.length === 0) return <NoRows />;
  return (
    <Section
      title={plural(series.length, 'series', 'series')}
      aside={
        <>
          <Choice
            label="Form"
            value={kind}
            options={[
              { value: 'line', label: 'Line' },
              { value: 'area', label: 'Area' },
              { value: 'bar', label: 'Bar' },
            ]}
            onChange={setKind}
          />
          {aside}
        </>
      }
    >
      <Suspense fallback={<Skeleton height="320px" />}>
        <TimeChart label={answer.nrql} times={times} series={series} unit={unit} height={300} kind={kind} />
      </Suspense>
    </Section>
  );
}

interface Row {
  cells: QueryCell[];
  key: number;
}

function Rows({
  answer,
  aside,
  onAsk,
}: {
  answer: QueryAnswer;
  aside: React.ReactNode;
  onAsk: (nrql: string) => void;
}) {
  const [sort, setSort] = useState<string>();
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
            if (isHistogram(cell)) return <HistogramBars cell={cell} large={rows.length === 1} />;
            if (typeof cell === 'string' && cell !== '' && column.key === 'traceId') {
              return (
                <Link to="/explore" search={{ tab: 'traces', trace: cell }}>
                  <code>{cell.slice(0, 12)}</code>
                </Link>
              );
            }
            if (answer.shape === 'names' && index === 0) {
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
    <Section flush title={`${plural(rows.length, 'row')}, ${windowText(answer)}`} aside={aside}>
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
    </Section>
  );
}

function NoRows() {
  return (
    <Empty title="Nothing matched">
      Is the time range right? <code>SHOW EVENT TYPES</code> lists what was ever seen.
    </Empty>
  );
}

function download(text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  Object.assign(document.createElement('a'), { href: address, download: 'answer.csv' }).click();
  URL.revokeObjectURL(address);
}
