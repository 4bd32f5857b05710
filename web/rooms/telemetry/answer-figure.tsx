import { lazy, Suspense, useMemo } from 'react';
import { Bars, Pie } from '../../kit/bars.tsx';
import type { ChartAxis, ChartMark } from '../../kit/chart.tsx';
import { Skeleton } from '../../kit/skeleton.tsx';
import { AnswerTable, NoRows } from './answer-table.tsx';
import { Bullets } from './bullets.tsx';
import { cellText, isHistogram, type ShownAnswer } from './cells.ts';
import styles from './explore.module.css';
import { type Form, formsOf, partsOf } from './forms.ts';
import { HeatMap, type HeatRow } from './heat-map.tsx';
import { HistogramBars } from './histogram-bars.tsx';
import { severityOf, type Threshold } from './thresholds.ts';

const TimeChart = lazy(() => import('../../kit/chart.tsx').then((module) => ({ default: module.TimeChart })));

interface AnswerFigureProps {
  answer: ShownAnswer;
  /** What does not suit the answer gives way to what does. */
  form: Form;
  height?: number | undefined;
  marks?: ChartMark[] | undefined;
  onSelect?: ((since: number, until: number) => void) | undefined;
  onAsk?: ((nrql: string) => void) | undefined;
  /** What values mean a warning or worse. */
  thresholds?: Threshold[] | undefined;
  /** What bullets are held against. */
  limit?: number | undefined;
  axis?: ChartAxis | undefined;
  legend?: boolean | undefined;
  /** The order a table begins with: `-label` for falling. */
  sort?: string | undefined;
}

const chartKinds = { line: 'line', area: 'area', stacked: 'stacked', columns: 'bar' } as const;

/** An answer in one of its forms. */
export function AnswerFigure(props: AnswerFigureProps) {
  const { answer, form, height = 300, marks, onSelect, onAsk, thresholds, limit, axis, legend, sort } = props;
  if (form === 'json') return <pre className={styles.json}>{JSON.stringify(plainOf(answer), null, 2)}</pre>;
  if ((form === 'bars' || form === 'pie') && answer.shape !== 'rows') {
    const parts = partsOf(answer);
    if (parts.length === 0 || (form === 'pie' && !parts.some(({ value }) => value > 0))) return <NoRows />;
    return form === 'bars' ? <Bars parts={parts} label={answer.nrql} /> : <Pie parts={parts} label={answer.nrql} />;
  }
  if (answer.shape === 'timeseries') {
    const kind = form in chartKinds ? chartKinds[form as keyof typeof chartKinds] : 'line';
    return <Lines {...{ answer, kind, height, marks, onSelect, thresholds, axis, legend }} />;
  }
  if (form === 'bullet' && partsOf(answer).length > 0) {
    const unit = answer.columns.find((column) => column.role === 'value')?.unit;
    return <Bullets parts={partsOf(answer)} {...{ limit, unit, thresholds }} />;
  }
  if (form === 'billboard' && answer.facets.length === 0 && answer.rows.length <= 1) {
    return <Billboard answer={answer} thresholds={thresholds} />;
  }
  if (form === 'billboard' && answer.facets.length > 0)
    return <FacetBillboard answer={answer} thresholds={thresholds} />;
  if (form === 'histogram' && formsOf(answer)[0] === 'histogram')
    return <Histograms answer={answer} height={Math.max(60, height - 10)} />;
  const heat = form === 'heatmap' ? heatRows(answer) : [];
  if (heat.length > 0) return <HeatMap rows={heat} unit={unitOfHistogram(answer)} />;
  return <AnswerTable answer={answer} onAsk={onAsk} begin={sort} />;
}

function Lines({
  answer,
  kind,
  height,
  marks,
  onSelect,
  thresholds,
  axis,
  legend,
}: Pick<AnswerFigureProps, 'answer' | 'marks' | 'onSelect' | 'thresholds' | 'axis' | 'legend'> & {
  kind: (typeof chartKinds)[keyof typeof chartKinds];
  height: number;
}) {
  const times = answer.buckets?.begins ?? [];
  const series = useMemo(
    () =>
      answer.series.map((one) => ({
        label: one.compare ? `${one.label}, before` : one.label,
        values: one.points,
        faded: one.compare,
        unit: answer.columns.find((column) => column.key === one.column)?.unit ?? undefined,
      })),
    [answer.series, answer.columns],
  );
  const unit = answer.columns.find((column) => column.role === 'value')?.unit ?? undefined;
  if (series.length === 0) return <NoRows />;
  return (
    <Suspense fallback={<Skeleton height={`${height}px`} />}>
      <TimeChart
        label={answer.nrql}
        limit={thresholds?.find((one) => one.severity !== 'good' && Number.isFinite(one.value))?.value}
        {...{ times, series, unit, height, kind, marks, onSelect, axis, legend }}
      />
    </Suspense>
  );
}

function Billboard({ answer, thresholds }: Pick<AnswerFigureProps, 'answer' | 'thresholds'>) {
  return (
    <dl className={styles.billboards}>
      {answer.columns.map((column, index) => (
        <div key={column.key} className={styles.billboard}>
          <dt>{column.label}</dt>
          <dd data-severity={severityOf(answer.rows[0]?.[index], thresholds, column.label)}>
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
          <dd data-severity={severityOf(part.value, thresholds, part.label)}>{part.text}</dd>
        </div>
      ))}
    </dl>
  );
}

function heatRows(answer: ShownAnswer): HeatRow[] {
  const facets = answer.facets.length;
  return answer.rows.flatMap((row) => {
    const cell = row.find((one) => isHistogram(one));
    return cell !== undefined && isHistogram(cell) ? [{ name: row.slice(0, facets).map(String).join(', '), cell }] : [];
  });
}

const unitOfHistogram = (answer: ShownAnswer) => answer.columns.find((column) => column.kind === 'histogram')?.unit;

function Histograms({ answer, height }: { answer: ShownAnswer; height: number }) {
  const facets = answer.facets.length;
  return answer.rows.map((row) => {
    const cell = row.find((one) => isHistogram(one));
    const name = row.slice(0, facets).map(String).join(', ');
    return (
      cell !== undefined &&
      isHistogram(cell) && (
        <div key={name} className={styles.histogramRow}>
          {name}
          <HistogramBars cell={cell} large={answer.rows.length === 1} height={height} unit={unitOfHistogram(answer)} />
        </div>
      )
    );
  });
}

/** The answer with names in place of columns, as people expect JSON. */
function plainOf(answer: ShownAnswer): unknown {
  if (answer.shape === 'timeseries') {
    return answer.series.map(({ label, facet, compare, points }) => ({ label, facet, compare, points }));
  }
  return answer.rows.map((row) =>
    Object.fromEntries(answer.columns.map((column, index) => [column.label, row[index] ?? null])),
  );
}
