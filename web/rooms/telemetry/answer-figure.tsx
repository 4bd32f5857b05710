import { lazy, Suspense, useMemo } from 'react';
import type { QueryAnswer } from '../../../src/telemetry/api.ts';
import { Bars, Pie } from '../../kit/bars.tsx';
import type { ChartMark } from '../../kit/chart.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { AnswerTable, NoRows } from './answer-table.tsx';
import { cellText, isHistogram } from './cells.ts';
import styles from './explore.module.css';
import { type Form, formsOf, partsOf } from './forms.ts';
import { HistogramBars } from './histogram-bars.tsx';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

export interface Threshold {
  value: number;
  severity: 'warning' | 'critical';
}

interface AnswerFigureProps {
  answer: QueryAnswer;
  /** What does not suit the answer gives way to what does. */
  form: Form;
  height?: number | undefined;
  marks?: ChartMark[] | undefined;
  onSelect?: ((since: number, until: number) => void) | undefined;
  onAsk?: ((nrql: string) => void) | undefined;
  /** Values above which a number is a warning or worse. */
  thresholds?: Threshold[] | undefined;
}

const chartKinds = { line: 'line', area: 'area', stacked: 'stacked', columns: 'bar' } as const;

/** An answer in one of its forms. */
export function AnswerFigure({ answer, form, height = 300, marks, onSelect, onAsk, thresholds }: AnswerFigureProps) {
  if (form === 'json') return <pre className={styles.json}>{JSON.stringify(plainOf(answer), null, 2)}</pre>;
  if ((form === 'bars' || form === 'pie') && answer.shape !== 'rows') {
    const parts = partsOf(answer);
    if (parts.length === 0) return <NoRows />;
    return form === 'bars' ? <Bars parts={parts} label={answer.nrql} /> : <Pie parts={parts} label={answer.nrql} />;
  }
  if (answer.shape === 'timeseries') {
    const kind = form in chartKinds ? chartKinds[form as keyof typeof chartKinds] : 'line';
    return <Lines {...{ answer, kind, height, marks, onSelect, thresholds }} />;
  }
  if (form === 'billboard' && answer.facets.length === 0 && answer.rows.length <= 1) {
    return <Billboard answer={answer} thresholds={thresholds} />;
  }
  if (form === 'billboard' && answer.facets.length > 0)
    return <FacetBillboard answer={answer} thresholds={thresholds} />;
  if (form === 'histogram' && formsOf(answer)[0] === 'histogram')
    return <Histograms answer={answer} height={Math.max(60, height - 10)} />;
  return <AnswerTable answer={answer} onAsk={onAsk} />;
}

function Lines({
  answer,
  kind,
  height,
  marks,
  onSelect,
  thresholds,
}: Pick<AnswerFigureProps, 'answer' | 'marks' | 'onSelect' | 'thresholds'> & {
  kind: (typeof chartKinds)[keyof typeof chartKinds];
  height: number;
}) {
  const times = answer.buckets?.begins ?? [];
  const series = useMemo(
    () => answer.series.map((one) => ({ label: one.label, values: one.points, faded: one.compare })),
    [answer.series],
  );
  const unit = answer.columns.find((column) => column.role === 'value')?.unit ?? undefined;
  if (series.length === 0) return <NoRows />;
  return (
    <Suspense fallback={<Skeleton height={`${height}px`} />}>
      <TimeChart
        label={answer.nrql}
        limit={thresholds?.[0]?.value}
        {...{ times, series, unit, height, kind, marks, onSelect }}
      />
    </Suspense>
  );
}

const severityOf = (value: unknown, thresholds: Threshold[] | undefined): Threshold['severity'] | undefined => {
  if (typeof value !== 'number') return undefined;
  const crossed = (thresholds ?? []).filter((one) => value >= one.value).map((one) => one.severity);
  return crossed.includes('critical') ? 'critical' : crossed[0];
};

function Billboard({ answer, thresholds }: Pick<AnswerFigureProps, 'answer' | 'thresholds'>) {
  return (
    <dl className={styles.billboards}>
      {answer.columns.map((column, index) => (
        <div key={column.key} className={styles.billboard}>
          <dt>{column.label}</dt>
          <dd data-severity={severityOf(answer.rows[0]?.[index], thresholds)}>
            {cellText(answer.rows[0]?.[index] ?? null, column)}
            {answer.compareRows?.[0] && (
              <div className={styles.before}>before: {cellText(answer.compareRows[0][index] ?? null, column)}</div>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function FacetBillboard({ answer, thresholds }: Pick<AnswerFigureProps, 'answer' | 'thresholds'>) {
  return (
    <dl className={styles.billboards}>
      {partsOf(answer).map((part) => (
        <div key={part.label} className={styles.billboard}>
          <dt>{part.label}</dt>
          <dd data-severity={severityOf(part.value, thresholds)}>{part.text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Histograms({ answer, height }: { answer: QueryAnswer; height: number }) {
  const facets = answer.facets.length;
  return answer.rows.map((row) => {
    const cell = row.find((one) => isHistogram(one));
    const name = row.slice(0, facets).map(String).join(', ');
    return (
      cell !== undefined &&
      isHistogram(cell) && (
        <div key={name} className={styles.histogramRow}>
          {name}
          <HistogramBars cell={cell} large={answer.rows.length === 1} height={height} />
        </div>
      )
    );
  });
}

/** The answer with names in place of columns, as people expect JSON. */
function plainOf(answer: QueryAnswer): unknown {
  if (answer.shape === 'timeseries') {
    return answer.series.map(({ label, facet, compare, points }) => ({ label, facet, compare, points }));
  }
  return answer.rows.map((row) =>
    Object.fromEntries(answer.columns.map((column, index) => [column.label, row[index] ?? null])),
  );
}
